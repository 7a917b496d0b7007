/* The options, as one table: parser, environment twins and help read it. */
#ifndef CMD_LAB_OPTIONS_H
#define CMD_LAB_OPTIONS_H

#include "aws/common/error.h"
#include "aws/common/json.h"

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct option_row;

struct options {
    /* for every command */
    const char *plan, *profile, *region, *endpoint_url, *state, *junit, *color_text, *ca, *learner;
    struct json *vars; /* --var and LAB_VAR_name: {"name": "value"} */
    bool json, plain, yes, quiet, verbose, help, version;
    int64_t timeout_s, jobs;
    enum color_mode color;
    /* for some */
    struct json *context; /* --context: {"aws:SourceIp": "…"} */
    const char *until, *secret, *as, *out, *world, *listen, *db_listen, *data, *record, *dump, *ready_file;
    bool last, prove, purge, with_needs, adopt, allow_prod, detailed_exitcode;
    int64_t hint, repeat, cache_s, seed, latency_ms, propagation_ms, stack_ms, trail_delay_ms, interface_ms;
    int64_t speed;
    double throttle, errors, resets, lose_replies;
    const struct option_row **given; /* on the command line, NULL-terminated */
    size_t given_count;
    /* what is left: the command and its words; "--" and what follows */
    const char **words;
    size_t word_count;
    const char *const *rest; /* behind "--", NULL when there was none */
};

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_RATE, OPTION_VAR };

struct option_row {
    const char *name; /* long form without dashes */
    char letter;      /* 0: none */
    enum option_type type;
    size_t offset;     /* in struct options */
    const char *value; /* what help calls it, NULL for a flag */
    const char *help;
    const char *commands; /* "" for all, else names separated by spaces */
    int64_t min, max;     /* numbers */
};

extern const struct option_row option_rows[]; /* ends with a NULL name */

/** Reads argv and the environment twins (LAB_PLAN, …; LAB_VAR_name). Flags
 * win over the environment. Options stand before or after the command.
 * ERR_USAGE names the word, with a suggestion. */
MUST_USE bool options_parse(int argc, char **argv, char **env, struct options *out, struct error *err);
void options_release(struct options *o);

/** Whether the option stands on the command line, not in the environment alone. */
bool option_given(const struct options *o, const char *name);
/** Whether the option belongs to the command. */
bool option_applies(const struct option_row *row, const char *command);

#endif
