#include "cmd/lab/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SANDBOX "http://127.0.0.1:4566"

static void what_is_real(void **state)
{
    static const struct {
        const char *why, *url;
        bool real;
    } rows[] = {
        {"AWS itself", "https://iam.amazonaws.com", true},
        {"loopback", "http://127.0.0.1:4566", false},
        {"all of 127.0.0.0/8", "http://127.200.3.4:80", false},
        {"by name", "http://localhost:4566", false},
        {"IPv6", "http://[::1]:4566", false},
        {"a name that begins like it", "https://localhost.evil.example", true},
        {"a name made of digits", "https://127.0.0.1.evil.example", true},
        {"the next network", "https://128.0.0.1", true},
        {"a private address is somebody else's", "https://10.0.0.1", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_url url;
        struct error err;

        assert_true(http_url_parse(str_of(rows[i].url), &url, &err));
        if (guard_is_real(&url) != rows[i].real)
            fail_msg("%s", rows[i].why);
        /* Its keys go where nothing is real; outside of a sandbox anywhere. */
        if (guard_sandbox_keys(SANDBOX, &url, "iam", &err) == rows[i].real)
            fail_msg("keys: %s", rows[i].why);
        assert_true(guard_sandbox_keys(NULL, &url, "iam", &err));
        assert_true(guard_sandbox_keys("", &url, "iam", &err));
    }
}

static void refused_keys_are_a_matter_of_configuration(void **state)
{
    struct http_url url;
    struct error err;

    (void)state;
    assert_true(http_url_parse(STR("https://sts.eu-west-1.amazonaws.com"), &url, &err));
    assert_false(guard_sandbox_keys(SANDBOX, &url, "sts", &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.message, "sts.eu-west-1.amazonaws.com"));
    assert_non_null(strstr(err.message, "LAB_SANDBOX"));
}

static void decisions(void **state)
{
    static const struct {
        const char *why, *alias;
        bool allow_prod, yes, terminal;
        enum guard_answer answer;
        enum error_code code;
    } rows[] = {
        {"somebody is asked", "", false, false, true, GUARD_ASK, ERR_NONE},
        {"--yes is the answer", "", false, true, true, GUARD_GO, ERR_NONE},
        {"--yes needs no terminal", "", false, true, false, GUARD_GO, ERR_NONE},
        {"nobody there", "", false, false, false, GUARD_REFUSED, ERR_USAGE},
        {"prod, whatever is said", "acme-prod", false, true, true, GUARD_REFUSED, ERR_FAILED},
        {"prod inside a word", "ProductionEU", false, true, true, GUARD_REFUSED, ERR_FAILED},
        {"prod as it was meant", "acme-prod", true, true, true, GUARD_GO, ERR_NONE},
        {"--allow-prod alone still asks", "acme-prod", true, false, true, GUARD_ASK, ERR_NONE},
        {"--allow-prod alone answers for nobody", "acme-prod", true, false, false, GUARD_REFUSED, ERR_USAGE},
        {"no word of it", "acme-pro-d", false, true, true, GUARD_GO, ERR_NONE},
        {"an alias nobody may read", NULL, false, true, true, GUARD_GO, ERR_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct guard_question q = {.command = "up",
                                         .word = "lab",
                                         .account = "123456789012",
                                         .region = "eu-west-1",
                                         .arn = "arn:aws:iam::123456789012:user/u",
                                         .alias = rows[i].alias,
                                         .allow_prod = rows[i].allow_prod,
                                         .yes = rows[i].yes,
                                         .terminal = rows[i].terminal};
        struct error err = {0};

        if (guard_decide(&q, &err) != rows[i].answer || err.code != rows[i].code)
            fail_msg("%s", rows[i].why);
    }
}

static void only_accounts_of_the_plan(void **state)
{
    CLEANUP(json_freep) struct json *accounts = json_array();
    struct guard_question q = {.command = "up",
                               .word = "lab",
                               .account = "123456789012",
                               .allowed_accounts = accounts,
                               .allow_prod = true,
                               .yes = true};
    struct error err;

    (void)state;
    json_push(accounts, json_text_new("111111111111"));
    assert_int_equal(guard_decide(&q, &err), GUARD_REFUSED);
    assert_int_equal(err.code, ERR_FAILED);
    assert_non_null(strstr(err.message, "123456789012"));
    json_push(accounts, json_text_new("123456789012"));
    assert_int_equal(guard_decide(&q, &err), GUARD_GO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_real),
        cmocka_unit_test(refused_keys_are_a_matter_of_configuration),
        cmocka_unit_test(decisions),
        cmocka_unit_test(only_accounts_of_the_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
