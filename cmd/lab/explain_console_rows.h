/* The pages of AWS's console, one for each call that it has a page for. */
#ifndef CMD_LAB_EXPLAIN_CONSOLE_ROWS_H
#define CMD_LAB_EXPLAIN_CONSOLE_ROWS_H

#include "aws/common/json.h"

enum { CONSOLE_LINES = 8 };

/* In a line {Member} is a member of the call's input, in words; a line whose member the
 * call does not have is left out. Every member has to be in a line or unsaid. */
struct console_page {
    const char *service, *operation, *page;
    const char *lines[CONSOLE_LINES];
    const char *unsaid; /* a member that the console needs not be told; NULL none */
};

/** NULL: the console has no page for it. */
const struct console_page *console_find_page(const struct json *item);

#endif
