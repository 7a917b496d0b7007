#include "cmd/lab/exit_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The table of DESIGN section 2, written out by hand. */
static void test_statuses(void **state)
{
    static const struct {
        enum error_code code;
        const char *remote_code;
        bool throttle;
        int status;
    } rows[] = {
        {ERR_FAILED, "", false, 1},
        {ERR_NOT_OURS, "", false, 1},
        {ERR_USAGE, "", false, 64},
        {ERR_PLAN, "", false, 65},
        {ERR_NO_INPUT, "", false, 66},
        {ERR_UNREACHABLE, "", false, 69},
        {ERR_BUG, "", false, 70},
        {ERR_STORE, "", false, 74},
        {ERR_TRY_AGAIN, "", false, 75},
        {ERR_DENIED, "28000", false, 77},
        {ERR_CONFIG, "", false, 78},
        {ERR_INTERRUPTED, "", false, 130},
        /* How services spell a denial: facts 3.1. */
        {ERR_AWS, "AccessDenied", false, 77},
        {ERR_AWS, "AccessDeniedException", false, 77},
        {ERR_AWS, "UnauthorizedOperation", false, 77},
        {ERR_SQL, "28000", false, 77},
        /* Refused keys are a matter of configuration: facts 6.2. */
        {ERR_AWS, "InvalidClientTokenId", false, 78},
        {ERR_AWS, "UnrecognizedClientException", false, 78},
        {ERR_AWS, "ExpiredTokenException", false, 78},
        /* Throttled to the end. */
        {ERR_AWS, "ThrottlingException", true, 75},
        {ERR_AWS, "NoSuchEntity", false, 1},
        {ERR_SQL, "42000", false, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error err = {.code = rows[i].code, .throttle = rows[i].throttle};
        snprintf(err.remote_code, sizeof err.remote_code, "%s", rows[i].remote_code);
        if (exit_status_of(&err) != rows[i].status)
            fail_msg("row %zu (%s): %d, wanted %d", i, rows[i].remote_code, exit_status_of(&err),
                     rows[i].status);
    }
}

static void test_every_status_is_explained(void **state)
{
    static const int statuses[] = {0, 1, 2, 64, 65, 66, 69, 70, 74, 75, 77, 78, 130, 143};

    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        assert_non_null(exit_rows[i].meaning);
        assert_int_equal(exit_rows[i].status, statuses[i]);
    }
    assert_null(exit_rows[sizeof statuses / sizeof statuses[0]].meaning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_every_status_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
