#include "tests/support/sandbox_fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static const char default_world[] =
    "{\"admin\":\"instructor\","
    "\"users\":{\"instructor\":{\"policies\":[\"AdministratorAccess\"]},\"student\":{}},"
    "\"roles\":{"
    "\"ide\":{\"trust\":\"ec2.amazonaws.com\",\"instance_profile\":\"ide-profile\",\"inline\":{\"secrets\":"
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:*\","
    "\"Resource\":\"*\"}}}},"
    "\"function-role\":{\"trust\":\"lambda.amazonaws.com\"}},"
    "\"network\":{\"subnets\":{\"subnet-one\":{\"zone\":\"a\",\"cidr\":\"172.30.1.0/24\"},"
    "\"subnet-two\":{\"zone\":\"b\",\"cidr\":\"172.30.2.0/24\"}},"
    "\"security_groups\":{\"database-sg\":{\"description\":\"Database\",\"ingress\":[{\"port\":3306,\"from\":"
    "\"self\"}]}}},"
    "\"instances\":{\"workstation\":{\"subnet\":\"subnet-one\",\"security_groups\":[\"database-sg\"],"
    "\"instance_profile\":\"ide-profile\",\"imds\":true}},"
    "\"subnet_groups\":{\"subnet-group\":{\"subnets\":[\"subnet-one\",\"subnet-two\"]}},"
    "\"clusters\":{\"cluster\":{\"subnet_group\":\"subnet-group\",\"security_groups\":[\"database-sg\"],"
    "\"members\":{\"node-1\":\"writer\",\"node-2\":\"reader\"},\"admin_secret\":\"secretClusterAdminUser\"}}"
    "}";

/* A fixture that does not load is a failure, not a skipped test. */
static void fail(const char *what, const struct error *err)
{
    (void)fprintf(stderr, "fixture: %s: %s\n", what, err->message);
    abort();
}

static int64_t fixture_clock(void *self)
{
    return ((struct sandbox_fixture *)self)->now_ms;
}

void fixture_start_world(struct sandbox_fixture *f, const char *world)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    struct sandbox_options *o = &f->options;
    struct error err;

    if (!json_parse(str_of(world), NULL, &parsed, &err))
        fail("world", &err);
    f->now_ms = 1767225600000;
    o->world = parsed;
    o->region = o->region ? o->region : "eu-west-1";
    o->seed = o->seed ? o->seed : 1;
    o->database_address = o->database_address ? o->database_address : "127.3.4.5";
    o->database_port = o->database_port ? o->database_port : 3306;
    o->admin_user = o->admin_user ? o->admin_user : "masteruser";
    o->admin_password = o->admin_password.len ? o->admin_password : STR("fixture-admin-password");
    if (!o->clock.wall_ms)
        o->clock = (struct clock){fixture_clock, fixture_clock, f};
    if (!sandbox_new(o, &f->sandbox, &err))
        fail("start", &err);
    (void)snprintf(f->admin_key, sizeof f->admin_key, "%s", f->sandbox->admin_key);
}

void fixture_start(struct sandbox_fixture *f)
{
    fixture_start_world(f, default_world);
}

void fixture_stop(struct sandbox_fixture *f)
{
    sandbox_free(f->sandbox);
    *f = (struct sandbox_fixture){0};
}

static void work_ended(struct work *w)
{
    *(bool *)w->arg = true;
}

bool fixture_call_as(struct sandbox_fixture *f, const char *access_key_id, const char *service,
                     const char *operation, const char *in, struct json **out, struct error *err)
{
    struct json *parameters = NULL;
    bool ended = false, ok;
    struct work *w;

    if (out)
        *out = NULL;
    if (!json_parse(str_of(in && *in ? in : "{}"), NULL, &parameters, err))
        fail(operation, err);
    w = work_new(f->sandbox, NULL, work_ended, &ended);
    (void)snprintf(w->call.user_agent, sizeof w->call.user_agent, "fixture");
    (void)snprintf(f->request_id, sizeof f->request_id, "%s", w->call.request_id);
    dispatch_inside(w, access_key_id, service, operation, parameters);
    if (!ended)
        fixture_settle(f);
    if (!ended) {
        error_set(err, ERR_BUG, "%s was deferred and never answered", operation);
        fail(operation, err);
    }
    ok = w->ok;
    if (!ok)
        *err = w->err;
    if (ok && out) {
        *out = w->call.out;
        w->call.out = NULL;
    }
    work_free(w);
    return ok;
}

bool fixture_call(struct sandbox_fixture *f, const char *service, const char *operation, const char *in,
                  struct json **out, struct error *err)
{
    return fixture_call_as(f, f->admin_key, service, operation, in, out, err);
}

void fixture_user_key(struct sandbox_fixture *f, const char *user, char out[129])
{
    (void)snprintf(out, 129, "AKIAFIXTURE%.80s", user);
    world_put(
        f->sandbox->world, "iam.access_key", out,
        json_of("AccessKeyId", out, "UserName", user, "Status", "Active", "secret", "fixture-secret", NULL));
}

void fixture_role_key(struct sandbox_fixture *f, const char *role, const char *session_name, char out[129])
{
    struct json *session = session_make(f->sandbox, role, session_name, "sts", 3600);
    struct error err;

    if (!session) {
        error_set(&err, ERR_BUG, "there is no role %s", role);
        fail("session", &err);
    }
    (void)snprintf(out, 129, "%s", json_get_text(session, "AccessKeyId"));
}

void fixture_settle(struct sandbox_fixture *f)
{
    struct pollfd wake = {.fd = jobs_fd(f->sandbox->jobs), .events = POLLIN};

    do {
        int64_t next;

        jobs_collect(f->sandbox->jobs);
        do
            next = timers_run(f->sandbox);
        while (next >= 0 && next <= f->now_ms);
        if (jobs_busy(f->sandbox->jobs) && poll(&wake, 1, 30000) == 0)
            abort(); /* a job hangs */
    } while (jobs_busy(f->sandbox->jobs));
    jobs_collect(f->sandbox->jobs);
}

void fixture_advance(struct sandbox_fixture *f, int64_t ms)
{
    int64_t end = f->now_ms + ms;

    while (true) {
        int64_t next;

        fixture_settle(f);
        next = timers_run(f->sandbox);
        if (next < 0 || next > end)
            break;
        f->now_ms = next > f->now_ms ? next : f->now_ms;
    }
    f->now_ms = end;
    fixture_settle(f);
}

const struct json *fixture_find(struct sandbox_fixture *f, const char *kind, const char *member,
                                const char *text)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(f->sandbox->world, kind, i, NULL)); i++)
        if (strcmp(json_get_text(e, member), text) == 0)
            return e;
    return NULL;
}
