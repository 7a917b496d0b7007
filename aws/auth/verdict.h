/* Writing a verdict. Inside aws/auth only. */
#ifndef AWS_AUTH_VERDICT_H
#define AWS_AUTH_VERDICT_H

#include "aws/auth/sigv4.h"

/** Returns false. Bytes outside printable ASCII become '?': the text repeats
 * parts of a request nobody has vouched for. */
bool verdict_refuse(struct sigv4_verdict *verdict, enum sigv4_fault fault, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
