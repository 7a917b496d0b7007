#include "tests/support/sandbox_fixture.h"

#include "aws/sandbox/authorize.h"
#include "aws/sandbox/trail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void attach(struct sandbox_fixture *f, const char *kind, const char *name, const char *policy,
                   const char *text)
{
    struct json *versions = json_object(), *entity = world_edit(f->sandbox->world, kind, name), *attachment;

    json_put(versions, "v1", json_of("VersionId", "v1", "Document", text, NULL));
    world_put(f->sandbox->world, "iam.policy", policy,
              json_of("Arn", policy, "PolicyName", "test", "DefaultVersionId", "v1", NULL));
    json_put(world_edit(f->sandbox->world, "iam.policy", policy), "versions", versions);
    attachment = json_of("PolicyArn", policy, NULL);
    json_put_int(attachment, "from_ms", f->now_ms);
    json_push(json_edit(entity, "attachments"), attachment);
}

static const char allow_lookup[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
    "\"cloudtrail:LookupEvents\",\"Resource\":\"*\"}]}";
static const char deny_lookup[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":"
    "\"cloudtrail:*\",\"Resource\":\"*\"}]}";

static void test_denies_by_default_in_awss_words(void **state)
{
    struct sandbox_fixture f = {0};
    char key[129], want[512];
    struct error err;

    (void)state;
    fixture_start(&f);
    fixture_user_key(&f, "student", key);
    assert_false(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    assert_string_equal(err.remote_code, "AccessDeniedException");
    assert_int_equal(err.http_status, 400);
    (void)snprintf(want, sizeof want,
                   "AccessDeniedException: User: arn:aws:iam::%s:user/student is not authorized to perform: "
                   "cloudtrail:LookupEvents on resource: * because no identity-based policy allows the "
                   "cloudtrail:LookupEvents action",
                   sandbox_account(f.sandbox));
    assert_string_equal(err.message, want);
    /* Nothing takes this one away. */
    assert_true(fixture_call_as(&f, key, "sts", "GetCallerIdentity", "{}", NULL, &err));
    fixture_stop(&f);
}

static void test_names_an_explicit_deny(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    attach(&f, "iam.user", "instructor", "arn:aws:iam::1:policy/deny", deny_lookup);
    assert_false(fixture_call(&f, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    assert_non_null(strstr(err.message, " with an explicit deny in an identity-based policy"));
    fixture_stop(&f);
}

static void test_attachments_lag_both_ways(void **state)
{
    struct sandbox_fixture f = {.options.propagation_ms = 5000};
    struct json *attachments;
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    fixture_user_key(&f, "student", key);
    attach(&f, "iam.user", "student", "arn:aws:iam::1:policy/allow", allow_lookup);
    assert_false(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    fixture_advance(&f, 4999);
    assert_false(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    fixture_advance(&f, 1);
    assert_true(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    attachments = json_edit(world_edit(f.sandbox->world, "iam.user", "student"), "attachments");
    json_put_int(json_edit_at(attachments, 0), "to_ms", f.now_ms);
    fixture_advance(&f, 4999);
    attachments_prune(f.sandbox, attachments);
    assert_int_equal(json_count(attachments), 1);
    assert_true(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    fixture_advance(&f, 1);
    assert_false(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    attachments_prune(f.sandbox, attachments);
    assert_int_equal(json_count(attachments), 0);
    fixture_stop(&f);
}

static void test_groups_and_boundaries_count(void **state)
{
    struct sandbox_fixture f = {0};
    struct json *group, *user;
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    fixture_user_key(&f, "student", key);
    group = world_put(f.sandbox->world, "iam.group", "class", json_of("GroupName", "class", NULL));
    json_put(group, "Inline", json_of("look", allow_lookup, NULL));
    user = world_edit(f.sandbox->world, "iam.user", "student");
    json_push(json_edit(user, "Groups"), json_text_new("class"));
    assert_true(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    /* A boundary that is gone still bounds: to nothing. */
    json_put_text(user, "PermissionsBoundary", "arn:aws:iam::1:policy/gone");
    assert_false(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    fixture_stop(&f);
}

static void test_session_of_a_remade_role_has_nothing(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;
    char key[129];

    (void)state;
    fixture_start(&f);
    attach(&f, "iam.role", "ide", "arn:aws:iam::1:policy/allow", allow_lookup);
    fixture_role_key(&f, "ide", "i-0123", key);
    assert_true(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    json_put_text(world_edit(f.sandbox->world, "iam.role", "ide"), "RoleId", "AROAOTHER");
    assert_false(fixture_call_as(&f, key, "cloudtrail", "LookupEvents", "{}", NULL, &err));
    /* And an expired one is no longer known. */
    fixture_advance(&f, 3600000);
    assert_false(fixture_call_as(&f, key, "sts", "GetCallerIdentity", "{}", NULL, &err));
    assert_string_equal(err.remote_code, "ExpiredTokenException");
    fixture_stop(&f);
}

static void test_refuses_what_it_does_not_know(void **state)
{
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    fixture_start(&f);
    assert_false(fixture_call(&f, "kms", "Decrypt", "{}", NULL, &err));
    assert_string_equal(err.remote_code, "UnknownOperationException");
    assert_false(fixture_call(&f, "cloudtrail", "NoSuchOperation", "{}", NULL, &err));
    assert_string_equal(err.remote_code, "UnknownOperationException");
    assert_false(fixture_call(&f, "sts", "AssumeRole", "{\"RoleArn\":\"x\"}", NULL, &err));
    assert_int_equal(err.code, ERR_AWS);
    assert_false(fixture_call_as(&f, "AKIANOBODY", "sts", "GetCallerIdentity", "{}", NULL, &err));
    assert_int_equal(trail_count(f.sandbox->trail), 2); /* not those without operation or caller */
    fixture_stop(&f);
}

/* --- jobs and timers --- */

struct job_probe {
    struct sandbox_fixture *fixture;
    bool called_ok, ended;
    char arn[256];
};

static void probe_work(struct sandbox *s, void *arg)
{
    struct job_probe *p = arg;
    struct json *out = NULL;
    struct error err;

    p->called_ok =
        sandbox_internal_call(s, p->fixture->admin_key, "job", "sts", "GetCallerIdentity", NULL, &out, &err);
    (void)snprintf(p->arn, sizeof p->arn, "%s", json_get_text(out, "Arn"));
    json_free(out);
}

static void probe_done(struct sandbox *s, void *arg)
{
    assert_true(sandbox_in_loop(s));
    ((struct job_probe *)arg)->ended = true;
}

static void test_job_threads_call_through_the_loop(void **state)
{
    struct sandbox_fixture f = {0};
    struct job_probe probes[20] = {{0}};

    (void)state;
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        probes[i].fixture = &f;
        sandbox_job(f.sandbox, probe_work, probe_done, &probes[i]);
    }
    fixture_settle(&f);
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        assert_true(probes[i].called_ok && probes[i].ended);
        assert_non_null(strstr(probes[i].arn, ":user/instructor"));
    }
    fixture_stop(&f);
}

static void test_the_end_answers_waiting_jobs(void **state)
{
    struct sandbox_fixture f = {0};
    struct job_probe probe = {.fixture = &f};

    (void)state;
    fixture_start(&f);
    sandbox_job(f.sandbox, probe_work, probe_done, &probe);
    sandbox_free(f.sandbox); /* without collecting: the job's call is refused or never made */
    assert_true(probe.ended);
    assert_false(probe.called_ok);
}

struct timer_log {
    char text[32];
};

static void fire_a(struct sandbox *s, void *arg)
{
    (void)s;
    (void)strncat(((struct timer_log *)arg)->text, "a", 2);
}

static void fire_b(struct sandbox *s, void *arg)
{
    (void)s;
    (void)strncat(((struct timer_log *)arg)->text, "b", 2);
}

static void dropped(void *arg)
{
    (void)strncat(((struct timer_log *)arg)->text, "!", 2);
}

static void test_timers_fire_in_order_or_are_dropped(void **state)
{
    struct sandbox_fixture f = {0};
    struct timer_log log = {""};

    (void)state;
    fixture_start(&f);
    sandbox_at(f.sandbox, f.now_ms + 20, fire_b, &log, NULL);
    sandbox_at(f.sandbox, f.now_ms + 10, fire_a, &log, NULL);
    sandbox_at(f.sandbox, f.now_ms + 20, fire_a, &log, NULL);
    sandbox_at(f.sandbox, f.now_ms + 1000, fire_b, &log, dropped);
    fixture_advance(&f, 9);
    assert_string_equal(log.text, "");
    fixture_advance(&f, 90);
    assert_string_equal(log.text, "aba");
    fixture_stop(&f);
    assert_string_equal(log.text, "aba!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_denies_by_default_in_awss_words),
        cmocka_unit_test(test_names_an_explicit_deny),
        cmocka_unit_test(test_attachments_lag_both_ways),
        cmocka_unit_test(test_groups_and_boundaries_count),
        cmocka_unit_test(test_session_of_a_remade_role_has_nothing),
        cmocka_unit_test(test_refuses_what_it_does_not_know),
        cmocka_unit_test(test_job_threads_call_through_the_loop),
        cmocka_unit_test(test_the_end_answers_waiting_jobs),
        cmocka_unit_test(test_timers_fire_in_order_or_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
