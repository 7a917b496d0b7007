/* The commands, as one table: dispatch, usage and help read it. */
#ifndef CMD_LAB_COMMANDS_H
#define CMD_LAB_COMMANDS_H

#include "cmd/lab/options.h"

struct command {
    const char *name;
    const char *usage;           /* words behind the name */
    const char *does;            /* one line */
    const char *touches;         /* "yes", "reads", "no", … */
    const char *statuses;        /* exit statuses */
    size_t min_words, max_words; /* behind the name; SIZE_MAX: any number */
    bool takes_rest;             /* "-- CMD…" is meant for it */
    /* Returns false with err set; *status when it ends well. */
    bool (*run)(const struct options *o, const char *const *words, size_t count, int *status,
                struct error *err);
};

extern const struct command commands[]; /* ends with a NULL name */

const struct command *command_find(const char *name);

#define COMMAND(name)                                                                                        \
    bool command_##name(const struct options *o, const char *const *words, size_t count, int *status,        \
                        struct error *err)
COMMAND(up);
COMMAND(down);
COMMAND(run);
COMMAND(undo);
COMMAND(plan);
COMMAND(check);
COMMAND(status);
COMMAND(validate);
COMMAND(explain);
COMMAND(graph);
COMMAND(report);
COMMAND(audit);
COMMAND(access_test);
COMMAND(rotate);
COMMAND(sweep);
COMMAND(doctor);
COMMAND(policy);
COMMAND(why);
COMMAND(sandbox);
COMMAND(init);
COMMAND(completion);
COMMAND(version);
COMMAND(help);

#endif
