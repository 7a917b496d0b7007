/* `build/probe`: lets data that others wrote reach the inside of the code
 * without a network. One row per word; no logic of its own. A file
 * tests/support/probe_*.c holds the words of one subject and joins the table
 * in probe.c. */
#ifndef TESTS_SUPPORT_PROBE_H
#define TESTS_SUPPORT_PROBE_H

#include "aws/common/buf.h"
#include "aws/common/json.h"

#define PROBE_USAGE 64 /* unknown word, bad arguments, malformed line */
#define PROBE_LINE_LIMIT (16u << 20)

struct probe_word {
    const char *name;
    const char *args;                  /* "SERVICE OPERATION", "" when none */
    int (*run)(int argc, char **argv); /* argv[0] is the word; gives the exit status */
};

/* One line of input, already parsed. Adds one JSON object (no newline) to out,
 * or nothing. False when the line does not have the shape the word reads. */
typedef bool probe_line_fn(void *self, const struct json *line, struct buf *out);

/** Hands each line of stdin to `line` and prints what it adds, in order, each
 * line flushed. Empty lines are skipped. A line that is not JSON or that `line`
 * refuses ends it with PROBE_USAGE and a message on stderr; else 0. */
int probe_each_line(probe_line_fn *line, void *self);

/** All of stdin; false (with a message on stderr) when it cannot be read or is
 * over PROBE_LINE_LIMIT. */
bool probe_read_all(struct buf *out);

int probe_json(int argc, char **argv);
int probe_iam(int argc, char **argv);
int probe_sign(int argc, char **argv);
int probe_verify(int argc, char **argv);
int probe_endpoint(int argc, char **argv);
int probe_config(int argc, char **argv);
int probe_encode(int argc, char **argv);
int probe_decode(int argc, char **argv);
int probe_serve_encode(int argc, char **argv);
int probe_serve_decode(int argc, char **argv);
int probe_quote(int argc, char **argv);
int probe_credentials(int argc, char **argv);

#endif
