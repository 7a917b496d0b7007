#include "aws/client/retry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct aws_operation reading = {.name = "GetRole", .reads = true, .resend_safe = true};
static const struct aws_operation creating = {.name = "CreateRole", .mutates = true};
static const struct aws_operation with_token = {
    .name = "CreateSecret", .mutates = true, .token = "ClientRequestToken"};
static const struct aws_operation repeatable = {.name = "DeleteRole", .mutates = true, .resend_safe = true};

static void repeats_only_what_is_safe(void **state)
{
    static const struct {
        const char *why;
        struct error err;
        bool reading, creating, with_token, repeatable;
    } table[] = {
        {"nothing was sent",
         {.code = ERR_UNREACHABLE, .retryable = true, .os_errno = ECONNREFUSED},
         1,
         1,
         1,
         1},
        {"the reply was lost", {.code = ERR_UNREACHABLE}, 1, 0, 1, 1},
        {"no reply in time", {.code = ERR_UNREACHABLE, .os_errno = ETIMEDOUT}, 1, 0, 1, 1},
        {"a certificate does not get better", {.code = ERR_UNREACHABLE, .os_errno = EPROTO}, 0, 0, 0, 0},
        {"a throttle is a refusal",
         {.code = ERR_AWS, .http_status = 400, .throttle = true, .retryable = true},
         1,
         1,
         1,
         1},
        {"EC2's comes as a 503",
         {.code = ERR_AWS, .http_status = 503, .throttle = true, .retryable = true},
         1,
         1,
         1,
         1},
        {"behind a 500 there may be a role",
         {.code = ERR_AWS, .http_status = 500, .retryable = true},
         1,
         0,
         1,
         1},
        {"a retryable refusal", {.code = ERR_AWS, .http_status = 400, .retryable = true}, 1, 1, 1, 1},
        {"a refusal", {.code = ERR_AWS, .http_status = 400}, 0, 0, 0, 0},
        {"a reply that does not parse", {.code = ERR_SYNTAX}, 0, 0, 0, 0},
        {"no credentials", {.code = ERR_CONFIG}, 0, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (retry_is_worthwhile(&reading, &table[i].err) != table[i].reading ||
            retry_is_worthwhile(&creating, &table[i].err) != table[i].creating ||
            retry_is_worthwhile(&with_token, &table[i].err) != table[i].with_token ||
            retry_is_worthwhile(&repeatable, &table[i].err) != table[i].repeatable)
            fail_msg("%s", table[i].why);
    }
}

static void waits_longer_each_time(void **state)
{
    static const int64_t want_ms[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(want_ms); i++)
        assert_int_equal(retry_wait_max_ms((int)i + 1), want_ms[i]);
    assert_int_equal(retry_wait_max_ms(1000000), 20000);
    assert_int_equal(retry_cost(&(struct error){.code = ERR_AWS}), 5);
    assert_int_equal(retry_cost(&(struct error){.code = ERR_UNREACHABLE, .os_errno = ETIMEDOUT}), 10);
}

static void keeps_to_the_legacy_list(void **state)
{
    static const struct {
        const char *why;
        struct error err;
        bool reading, creating;
    } table[] = {
        {"a throttle as most services spell it",
         {.code = ERR_AWS, .http_status = 400, .throttle = true, .remote_code = "Throttling"},
         1,
         1},
        {"a code that is not on the list",
         {.code = ERR_AWS, .http_status = 400, .throttle = true, .remote_code = "SlowDown"},
         0,
         0},
        {"the status alone", {.code = ERR_AWS, .http_status = 509, .remote_code = "509"}, 1, 0},
        {"429 is a throttle", {.code = ERR_AWS, .http_status = 429, .throttle = true}, 1, 1},
        {"a refusal", {.code = ERR_AWS, .http_status = 403, .remote_code = "AccessDenied"}, 0, 0},
        {"a lost reply", {.code = ERR_UNREACHABLE}, 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (retry_is_worthwhile_in_legacy(&reading, &table[i].err) != table[i].reading ||
            retry_is_worthwhile_in_legacy(&creating, &table[i].err) != table[i].creating)
            fail_msg("%s", table[i].why);
}

static void waits_as_asked(void **state)
{
    static const struct {
        const char *why, *header;
        int64_t computed_ms, want_ms;
    } table[] = {
        {"nothing asked", NULL, 700, 700},
        {"longer", "1500", 700, 1500},
        {"never shorter", "100", 700, 700},
        {"at most five seconds more", "60000", 700, 5700},
        {"a date is another header's", "Sun, 30 Aug 2015 12:36:00 GMT", 700, 700},
        {"nor below zero", "-5", 0, 0},
        {"nor beyond numbers", "99999999999999999999", 700, 700},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (retry_wait_asked_ms(table[i].computed_ms, table[i].header) != table[i].want_ms)
            fail_msg("%s", table[i].why);
}

static void suspects_the_clock(void **state)
{
    struct error err = {.code = ERR_AWS, .http_status = 403, .remote_code = "SignatureDoesNotMatch"};

    (void)state;
    assert_true(retry_suggests_skew(&err));
    assert_false(retry_suggests_renewal(&err));
    snprintf(err.remote_code, sizeof err.remote_code, "ExpiredToken");
    assert_false(retry_suggests_skew(&err));
    assert_true(retry_suggests_renewal(&err));
    snprintf(err.remote_code, sizeof err.remote_code, "Odd");
    snprintf(err.message, sizeof err.message, "Odd: Signature expired: a is now earlier than b");
    assert_true(retry_suggests_skew(&err));
    err.http_status = 400;
    assert_false(retry_suggests_skew(&err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_only_what_is_safe), cmocka_unit_test(waits_longer_each_time),
        cmocka_unit_test(keeps_to_the_legacy_list),  cmocka_unit_test(waits_as_asked),
        cmocka_unit_test(suspects_the_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
