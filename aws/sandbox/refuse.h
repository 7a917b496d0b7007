/* AWS's refusals with values in their text: error_aws with a format. */
#ifndef AWS_SANDBOX_REFUSE_H
#define AWS_SANDBOX_REFUSE_H

#include "aws/common/error.h"

/** Sets an AWS error reply; returns false. A text that does not fit is cut. */
bool refuse(struct error *err, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
