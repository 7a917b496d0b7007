#include "aws/sandbox/refuse.h"

#include <stdarg.h>
#include <stdio.h>

bool refuse(struct error *err, const char *code, const char *format, ...)
{
    char text[sizeof(err->message)];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return error_aws(err, code, text);
}
