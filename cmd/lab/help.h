/* What help says, for those who say it elsewhere: the manual, completion. */
#ifndef CMD_LAB_HELP_H
#define CMD_LAB_HELP_H

#include <stdio.h>

struct help_topic {
    const char *name;
    void (*print)(FILE *out);
};

extern const struct help_topic help_topics[]; /* ends with a NULL name */

/** The options of one command; NULL: those of every command. A line each. */
void help_options(FILE *out, const char *command);

/** The manual page, as roff for man(7). */
void manual_print(FILE *out);

#endif
