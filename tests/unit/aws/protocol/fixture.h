/* What the tests of this folder share: rows and documents that have to exist. */
#ifndef TESTS_UNIT_AWS_PROTOCOL_FIXTURE_H
#define TESTS_UNIT_AWS_PROTOCOL_FIXTURE_H

#include "aws/common/json.h"
#include "aws/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static inline const struct aws_operation *op(const char *service, const char *name)
{
    const struct aws_operation *found = model_operation(model_service(service), name);

    if (!found)
        fail_msg("no row for %s %s", service, name);
    return found;
}

static inline struct json *parsed(const char *text)
{
    struct json *j = NULL;
    struct error err;

    if (!json_parse(str_of(text), NULL, &j, &err))
        fail_msg("fixture: %s: %s", text, err.message);
    return j;
}

#endif
