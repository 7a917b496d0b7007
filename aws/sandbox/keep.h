/* The world on disk: one file, first the whole world, then what has changed,
 * request by request. A record is a line of length and checksum and a line of
 * JSON; it counts when it is there in full, so that a request is kept whole or
 * not at all. The file is written anew, by atomic replacement, at every start
 * and when it has grown far beyond the world. */
#ifndef AWS_SANDBOX_KEEP_H
#define AWS_SANDBOX_KEEP_H

#include "aws/common/error.h"
#include "aws/sandbox/world.h"

struct keep;

/** Reads the file into the world. *meta is what keep_write was given last,
 * owned; NULL when there is no file yet. A last record that was cut off is no
 * part of it. ERR_STORE: damaged before its end, or not a file of this kind. */
MUST_USE bool keep_read(const char *path, struct world *world, struct json **meta, struct error *err);

/** Replaces the file by the world as it is and goes on behind it. meta is
 * copied. ERR_IO. */
MUST_USE bool keep_write(const char *path, struct world *world, const struct json *meta, struct keep **out,
                         struct error *err);
/** Adds what has changed and returns when it is on disk. Nothing to do is
 * fine. After a failure the file is no longer written: every further call
 * fails alike. */
MUST_USE bool keep_commit(struct keep *k, struct world *world, struct error *err);
void keep_free(struct keep *k);

#endif
