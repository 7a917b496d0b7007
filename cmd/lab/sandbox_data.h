/* --data DIR: what a sandbox needs beside its world to be the same one again.
 * The directory holds world (aws/sandbox/keep.h), data (the database's), the
 * certificates, box.json and lock. */
#ifndef CMD_LAB_SANDBOX_DATA_H
#define CMD_LAB_SANDBOX_DATA_H

#include "aws/common/error.h"
#include "aws/common/json.h"

struct sandbox_data {
    char *directory;  /* absolute */
    char *world_file; /* for sandbox_options.data_file */
    struct json *box; /* what box.json says; {} when it is new */
    int lock_fd;
};

/** Makes the directory when it is not there (0700) and locks it for as long as
 * the process lives. ERR_TRY_AGAIN: another sandbox has it. */
MUST_USE bool sandbox_data_open(const char *directory, struct sandbox_data *out, struct error *err);
/** Writes box.json, atomically, 0600: it holds the admin password. */
MUST_USE bool sandbox_data_save(const struct sandbox_data *d, struct error *err);
void sandbox_data_release(struct sandbox_data *d);

#endif
