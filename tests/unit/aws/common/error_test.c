#include "aws/common/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_starts_afresh(void **state)
{
    struct error err;

    (void)state;
    memset(&err, 0x5a, sizeof(err));
    assert_false(error_set(&err, ERR_PLAN, "step %s: %d", "a", 3));
    assert_int_equal(err.code, ERR_PLAN);
    assert_string_equal(err.message, "step a: 3");
    assert_string_equal(err.remote_code, "");
    assert_int_equal(err.os_errno, 0);
    assert_false(err.retryable);
}

static void os_keeps_errno(void **state)
{
    struct error err;

    (void)state;
    errno = ENOENT;
    assert_false(error_os(&err, "open %s", "x"));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.os_errno, ENOENT);
    assert_string_equal(err.message, "open x: No such file or directory");
}

static void wrap_keeps_the_rest(void **state)
{
    struct error err;

    (void)state;
    assert_false(error_aws(&err, "MalformedPolicyDocument", "bad"));
    assert_false(error_wrap(&err, "CreateRole"));
    assert_false(error_wrap(&err, "role %s", "Workshop"));
    assert_string_equal(err.message, "role Workshop: CreateRole: MalformedPolicyDocument: bad");
    assert_string_equal(err.remote_code, "MalformedPolicyDocument");
    assert_true(error_is(&err, "MalformedPolicyDocument"));
    assert_false(error_is(&err, "Malformed"));
    /* The code of another kind of failure is not an AWS code. */
    err.code = ERR_IO;
    assert_false(error_is(&err, "MalformedPolicyDocument"));
}

static void arguments_may_be_its_own(void **state)
{
    struct error err;

    (void)state;
    error_aws(&err, "NoSuchEntity", NULL);
    assert_string_equal(err.message, "NoSuchEntity");
    error_set(&err, ERR_FAILED, "again: %s (%s)", err.message, err.remote_code);
    assert_string_equal(err.message, "again: NoSuchEntity (NoSuchEntity)");
}

static void cut_at_a_character(void **state)
{
    struct error err;
    char text[1100];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[1023] = '\0';
    error_set(&err, ERR_FAILED, "%s", text);
    assert_int_equal(strlen(err.message), 1023); /* just fits */
    text[1023] = 'x';
    text[1024] = '\0';
    error_set(&err, ERR_FAILED, "%s", text);
    assert_int_equal(strlen(err.message), 1023);
    assert_string_equal(err.message + 1019, "x...");
    /* Byte 1020 is the second of a two-byte character that starts at 1019. */
    text[1019] = '\xc3';
    text[1020] = '\xa9';
    error_set(&err, ERR_FAILED, "%s", text);
    assert_int_equal(strlen(err.message), 1022);
    assert_string_equal(err.message + 1018, "x...");
}

static void one_line_without_controls(void **state)
{
    struct error err;

    (void)state;
    error_set(&err, ERR_FAILED, "a\nb\x1b[31mc\n\n");
    assert_string_equal(err.message, "a b [31mc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_starts_afresh),   cmocka_unit_test(os_keeps_errno),
        cmocka_unit_test(wrap_keeps_the_rest), cmocka_unit_test(arguments_may_be_its_own),
        cmocka_unit_test(cut_at_a_character),  cmocka_unit_test(one_line_without_controls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
