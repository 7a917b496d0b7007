#include "steps/kinds/look.h"

#include "aws/common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- the engine, in its place: what it answers next --- */

static struct {
    const char *answer; /* error code of the call, NULL: it works */
    bool made, store_fails;
} next;

bool effect_call(struct step_context *c, const char *target, const char *service, const char *operation,
                 const struct json *in, struct json **out, struct error *err)
{
    (void)c, (void)target, (void)service, (void)operation, (void)in, (void)out;
    return !next.answer || error_aws(err, next.answer, "of the test");
}

bool step_made(struct step_context *c, const char *operation, const char *target, bool *made,
               struct error *err)
{
    (void)c;
    assert_string_equal(operation, "iam:CreateRole");
    assert_string_equal(target, "role");
    *made = next.made;
    return !next.store_fails || error_set(err, ERR_STORE, "no store");
}

/* Not asked for here; the engine's own would come with its effects. */
const char *step_account(const struct step_context *c)
{
    (void)c;
    return "123456789012";
}

const char *step_partition(const struct step_context *c)
{
    (void)c;
    return "aws";
}

const char *step_lab(const struct step_context *c)
{
    (void)c;
    return "lab";
}

const char *step_learner(const struct step_context *c)
{
    (void)c;
    return "me";
}

struct json *step_scratch(struct step_context *c)
{
    (void)c;
    return NULL;
}

bool step_call(struct step_context *c, enum step_identity who, const char *service, const char *operation,
               const struct json *in, struct json **out, struct error *err)
{
    (void)c, (void)who, (void)service, (void)in, (void)out;
    return error_set(err, ERR_BUG, "nothing to read: %s", operation);
}

bool step_call_all(struct step_context *c, enum step_identity who, const char *service, const char *operation,
                   const struct json *in, struct json **out, struct error *err)
{
    return step_call(c, who, service, operation, in, out, err);
}

static bool same(const char *a, const char *b)
{
    CLEANUP(json_freep) struct json *wanted = NULL;
    struct error err;

    assert_true(json_parse(str_of(b), NULL, &wanted, &err));
    return same_document(str_of(a), wanted);
}

static void test_same_document(void **state)
{
    static const struct {
        const char *why, *a, *b;
        bool same;
    } rows[] = {
        {"key order says nothing", "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"one value and a list of one are the same", "{\"Action\":\"x\"}", "{\"Action\":[\"x\"]}", true},
        {"and the other way round", "{\"Action\":[\"x\"]}", "{\"Action\":\"x\"}", true},
        {"the order of a list says nothing", "[\"a\",\"b\"]", "[\"b\",\"a\"]", true},
        {"a list that is longer is another one", "[\"a\",\"b\"]", "[\"a\"]", false},
        {"twice the same is not two", "[\"a\",\"a\"]", "[\"a\",\"b\"]", false},
        {"a key more is another document", "{\"a\":1,\"b\":2}", "{\"a\":1}", false},
        {"text is compared exactly", "{\"Resource\":\"arn:A\"}", "{\"Resource\":\"arn:a\"}", false},
        {"what does not parse is another one", "{", "{}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (same(rows[i].a, rows[i].b) != rows[i].same)
            fail_msg("%s", rows[i].why);
    }
}

static void test_arn_name(void **state)
{
    (void)state;
    assert_string_equal(arn_name("arn:aws:iam::123456789012:instance-profile/path/name"), "name");
    assert_string_equal(arn_name("name"), "name");
}

static void test_make(void **state)
{
    static const struct {
        const char *why, *answer;
        bool made, store_fails, ok;
        const char *code; /* of the error */
        enum error_code kind;
    } rows[] = {
        {"it works", NULL, false, false, true, NULL, ERR_NONE},
        {"taken by an earlier request of ours", "EntityAlreadyExists", true, false, true, NULL, ERR_NONE},
        {"taken by a stranger", "EntityAlreadyExists", false, false, false, "EntityAlreadyExists", ERR_AWS},
        {"another refusal, asked for before", "LimitExceeded", true, false, false, "LimitExceeded", ERR_AWS},
        {"a store that cannot say", "EntityAlreadyExists", true, true, false, "", ERR_STORE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error err = {0};

        next.answer = rows[i].answer;
        next.made = rows[i].made;
        next.store_fails = rows[i].store_fails;
        if (make(NULL, "role", "iam", "CreateRole", json_object(), "EntityAlreadyExists", &err) != rows[i].ok)
            fail_msg("%s", rows[i].why);
        if (!rows[i].ok) {
            assert_string_equal(err.remote_code, rows[i].code);
            assert_int_equal(err.code, rows[i].kind);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_document),
        cmocka_unit_test(test_arn_name),
        cmocka_unit_test(test_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
