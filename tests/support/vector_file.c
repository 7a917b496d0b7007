#include "tests/support/vector_file.h"

#include "aws/common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct json *vector_file(const char *path)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct json *suite = NULL;
    struct error err = {0};

    if (!file_read(path, 8u << 20, &text, &err)) {
        if (err.code == ERR_NO_INPUT)
            skip();
        fail_msg("%s", err.message);
    }
    if (!json_parse(buf_str(&text), NULL, &suite, &err))
        fail_msg("%s", err.message);
    return suite;
}
