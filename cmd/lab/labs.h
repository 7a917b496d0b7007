/* The labs that are compiled in (labs/NAME), so that lab works from any
 * directory. */
#ifndef CMD_LAB_LABS_H
#define CMD_LAB_LABS_H

#include "aws/common/str.h"

struct builtin_lab {
    const char *name;
    struct str plan;   /* plan.yaml */
    struct str world;  /* world.yaml */
    struct str access; /* access.sh, for the workstation's shell */
};

/** NULL when there is none of that name. */
const struct builtin_lab *builtin_lab_find(struct str name);
#define BUILTIN_LAB "secrets-manager" /* when no plan is named */

#endif
