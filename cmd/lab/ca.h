/* The CA bundle that verifies the database. */
#ifndef CMD_LAB_CA_H
#define CMD_LAB_CA_H

#include "cmd/lab/options.h"

/** --ca, else the first of the customary files in the customary places (`lab help
 * files` names both); NULL when there is none. Freed with mem_free. */
char *ca_find(const struct options *o, const char *region);

#endif
