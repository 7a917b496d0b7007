#include "steps/kinds/workstation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_words(void **state)
{
    static const struct {
        const char *why, *words;
        enum error_code code;
        const char *remote, *message;
    } rows[] = {
        {"the AWS CLI begins with an empty line",
         "\nAn error occurred (AccessDeniedException) when calling the GetSecretValue operation: User: x is "
         "not authorized\nfailed to run commands: exit status 254",
         ERR_AWS, "AccessDeniedException",
         "AccessDeniedException: GetSecretValue operation: User: x is not authorized"},
        {"what else the CLI prints before it is no part",
         "urllib3 warning\nAn error occurred (ExpiredTokenException) when calling the GetCallerIdentity "
         "operation: old",
         ERR_AWS, "ExpiredTokenException", "ExpiredTokenException: GetCallerIdentity operation: old"},
        {"a password that no longer holds has its SQLSTATE",
         "ERROR 1045 (28000): Access denied for user 'demouser'@'h' (using password: YES)\n", ERR_DENIED,
         "28000", "ERROR 1045 (28000): Access denied for user 'demouser'@'h' (using password: YES)"},
        {"a statement that is refused", "ERROR 1142 (42000) at line 4: DROP command denied\nfailed", ERR_SQL,
         "42000", "ERROR 1142 (42000) at line 4: DROP command denied"},
        {"the client's own errors are of the connection",
         "ERROR 2026 (HY000): TLS/SSL error: self-signed certificate", ERR_UNREACHABLE, "",
         "ERROR 2026 (HY000): TLS/SSL error: self-signed certificate"},
        {"the script's own words", "the workstation has no AWS CLI\nfailed to run commands: exit status 1",
         ERR_FAILED, "", "the script on the workstation: the workstation has no AWS CLI"},
        {"an open bracket alone is no code", "An error occurred (Half", ERR_FAILED, "",
         "the script on the workstation: An error occurred (Half"},
        {"nor is one longer than any",
         "An error occurred (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) when "
         "calling the X operation: y",
         ERR_FAILED, "",
         "the script on the workstation: An error occurred "
         "(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) when calling the X "
         "operation: y"},
        {"a number without a state", "ERROR 12: x", ERR_FAILED, "",
         "the script on the workstation: ERROR 12: x"},
        {"silence", "", ERR_FAILED, "", "the script on the workstation:"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};

        assert_false(way_script_error(rows[i].words, &err));
        if (err.code != rows[i].code || strcmp(err.remote_code, rows[i].remote) != 0 ||
            strcmp(err.message, rows[i].message) != 0)
            fail_msg("%s: %d \"%s\" \"%s\"", rows[i].why, err.code, err.remote_code, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
