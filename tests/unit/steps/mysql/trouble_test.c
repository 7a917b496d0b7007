#include "steps/mysql/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *why;
    enum error_code code;
    int number;
    bool passes;
} cases[] = {
    {"too many connections", ERR_SQL, 1040, true},
    {"a server that is shutting down", ERR_SQL, 1053, true},
    {"somebody holds a lock", ERR_SQL, 1205, true},
    {"a deadlock", ERR_SQL, 1213, true},
    {"nothing listens while it starts", ERR_UNREACHABLE, 2002, true},
    {"the connection was closed", ERR_UNREACHABLE, 2006, true},
    {"the connection broke in the middle", ERR_UNREACHABLE, 2013, true},
    {"a statement that landed late made the account", ERR_SQL, 1396, true},
    {"a wrong password stays wrong", ERR_DENIED, 1045, false},
    {"a certificate does not get better", ERR_UNREACHABLE, 2026, false},
    {"a missing privilege", ERR_SQL, 1044, false},
    {"a host name that nobody knows", ERR_UNREACHABLE, 2005, false},
    {"no error of a database, whatever its number", ERR_IO, 1205, false},
    {"an answer of AWS", ERR_AWS, 1205, false},
};

static void test_which_errors_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};

        error_set(&err, cases[i].code, "%s", cases[i].why);
        err.os_errno = cases[i].number;
        if ((mysql_trouble(&err) != NULL) != cases[i].passes)
            fail_msg("%s", cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_which_errors_pass)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
