/* The two searches behind redact(): a known value in any escaping, and the
 * value of a field that is secret by its name. */
#ifndef AWS_COMMON_REDACT_MATCH_H
#define AWS_COMMON_REDACT_MATCH_H

#include "aws/common/str.h"

/* Bytes from start up to end; start at the text's end means none. */
struct span {
    size_t start, end;
};

/* What an escaped form of a byte can begin with. */
#define REDACT_ESCAPE_STARTS "%\\&+"

/** Length of the run at the start of text that spells secret, raw or escaped
 * for a URL, JSON or XML, also several times over; 0 when it does not. */
size_t redact_match(struct str secret, struct str text);

/* Where the search for fields stands. Zeroed at the start of a text. */
struct redact_fields {
    size_t at;
    bool in_string; /* inside "..." on this line */
};

/** The next value to blank. */
struct span redact_next_field(struct str text, struct redact_fields *state);

#endif
