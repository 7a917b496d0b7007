/* Rotation as a state machine in the loop: each step of the function is a job,
 * and between steps the world decides whether it still goes on (facts 8.3).
 *
 * The secret's member `rotation` is {token, run, attempt, step, running, test}.
 * It stays after the last failed attempt: that rotation is stuck until somebody
 * asks again or takes AWSPENDING away. `run` counts all attempts of the secret:
 * one that is taken up again keeps its token, and a step that was under way
 * when it was cancelled must not count for the new attempt. */
#include "aws/sandbox/rotation.h"
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/secretsmanager.h"

#include "aws/common/mem.h"

#include <stdio.h>

#define SERVICE "secretsmanager.amazonaws.com"
#define ATTEMPTS 5
#define RETRY_MS 60000 /* service time before the second attempt; doubles */
#define DAY_MS (24LL * 3600 * 1000)
#define STEP_TEST 2
#define STEP_COUNT 4

static const char *const steps[STEP_COUNT] = {"createSecret", "setSecret", "testSecret", "finishSecret"};

/* One step on its way, or a timer's errand. */
struct errand {
    struct sandbox *sandbox;
    char *arn, *token;
    int64_t run_number;
    int64_t number; /* timer: attempt, or the time it is for */
    struct lambda_run *run;
    struct buf event, answer;
    bool ok;
    struct error err;
};

static struct errand *errand_new(struct sandbox *s, const struct json *secret, int64_t number)
{
    struct errand *e = mem_alloc(sizeof(*e));

    e->sandbox = s;
    e->arn = mem_dup(json_get_text(secret, "ARN"));
    e->token = mem_dup(json_get_text(json_get(secret, "rotation"), "token"));
    e->run_number = json_int(json_get(json_get(secret, "rotation"), "run"), 0);
    e->number = number;
    return e;
}

static void errand_free(void *arg)
{
    struct errand *e = arg;

    mem_free(e->arn);
    mem_free(e->token);
    buf_release(&e->event);
    buf_release(&e->answer);
    mem_free(e);
}

static void service_event(struct sandbox *s, const struct json *secret, const char *name, const char *reason)
{
    trail_service_event(s, SERVICE, name,
                        json_of("SecretId", json_get_text(secret, "ARN"), "failureReason", reason, NULL));
}

static void start_step(struct sandbox *s, struct json *secret);

static void start_attempt(struct sandbox *s, struct json *secret)
{
    struct json *rotation = json_edit(secret, "rotation");
    bool test = json_bool(json_get(rotation, "test"), false);
    int64_t run = json_int(json_get(secret, "rotation_runs"), 0) + 1;

    json_put_int(secret, "rotation_runs", run);
    json_put_int(rotation, "run", run);
    json_put_int(rotation, "attempt", json_int(json_get(rotation, "attempt"), 0) + 1);
    json_put_int(rotation, "step", test ? STEP_TEST : 0);
    json_put_bool(rotation, "running", true);
    service_event(s, secret, test ? "TestRotationStarted" : "RotationStarted", NULL);
    start_step(s, secret);
}

/* The secret an errand is for, if its rotation is still the one it knows. */
static struct json *errand_secret(const struct errand *e)
{
    struct json *secret = secret_edit_arn(sandbox_world(e->sandbox), e->arn);
    const struct json *rotation = json_get(secret, "rotation");

    if (!secret || json_get(secret, "DeletedDate") ||
        strcmp(json_get_text(rotation, "token"), e->token) != 0 ||
        json_int(json_get(rotation, "run"), 0) != e->run_number)
        return NULL;
    return secret;
}

static void retry(struct sandbox *s, void *arg)
{
    struct errand *e = arg;
    struct json *secret = errand_secret(e);
    const struct json *rotation = json_get(secret, "rotation");

    if (secret && !json_bool(json_get(rotation, "running"), false) &&
        json_int(json_get(rotation, "attempt"), 0) == e->number)
        start_attempt(s, secret);
    errand_free(e);
}

static void rotation_due(struct sandbox *s, void *arg);

/* Sets the timer alone: NextRotationDate of a failed rotation stays in the past. */
static void set_timer(struct sandbox *s, struct json *secret, int64_t at_ms)
{
    json_put_int(secret, "rotate_at_ms", at_ms);
    sandbox_at(s, at_ms, rotation_due, errand_new(s, secret, at_ms), errand_free);
}

static void end_test(struct json *secret)
{
    CLEANUP(mem_freep) char *token = mem_dup(json_get_text(json_get(secret, "rotation"), "token"));

    secret_version_remove(secret, token);
    json_remove(secret, "rotation");
}

static void attempt_failed(struct sandbox *s, struct json *secret, const char *reason)
{
    struct json *rotation = json_edit(secret, "rotation");
    int64_t attempt = json_int(json_get(rotation, "attempt"), 0), now_ms = sandbox_now_ms(s), next_ms;

    json_put_bool(rotation, "running", false);
    if (json_bool(json_get(rotation, "test"), false)) {
        service_event(s, secret, "TestRotationFailed", reason);
        end_test(secret);
        return;
    }
    service_event(s, secret, "RotationFailed", reason);
    if (attempt < ATTEMPTS) {
        next_ms = now_ms + ((int64_t)RETRY_MS << (attempt - 1));
        json_put_int(rotation, "retry_at_ms", next_ms);
        sandbox_at(s, next_ms, retry, errand_new(s, secret, attempt), errand_free);
        return;
    }
    next_ms = schedule_next_ms(json_get(secret, "RotationRules"), now_ms);
    if (next_ms && json_bool(json_get(secret, "RotationEnabled"), false))
        set_timer(s, secret, next_ms);
}

static void attempt_done(struct sandbox *s, struct json *secret)
{
    int64_t now_ms = sandbox_now_ms(s);
    CLEANUP(mem_freep) char *token = mem_dup(json_get_text(json_get(secret, "rotation"), "token"));

    if (json_bool(json_get(json_get(secret, "rotation"), "test"), false)) {
        service_event(s, secret, "TestRotationSucceeded", NULL);
        end_test(secret);
        return;
    }
    if (!version_has_stage(secret_version(secret, token), STAGE_CURRENT)) {
        attempt_failed(s, secret, "The rotation function did not label the new version AWSCURRENT.");
        return;
    }
    json_remove(secret, "rotation");
    secret_put_date(secret, "LastRotatedDate", now_ms);
    secret_put_date(secret, "LastChangedDate", now_ms);
    service_event(s, secret, "RotationSucceeded", NULL);
    rotation_reschedule(s, secret, now_ms);
}

static void step_work(struct sandbox *s, void *arg)
{
    struct errand *e = arg;

    (void)s;
    e->ok = lambda_run_invoke(e->run, buf_str(&e->event), &e->answer, &e->err);
}

static void step_done(struct sandbox *s, void *arg)
{
    struct errand *e = arg;
    /* An ending sandbox fails the steps it cut off: that is no failed rotation,
     * and no next step may begin. */
    struct json *secret = sandbox_stopping(s) ? NULL : errand_secret(e);

    lambda_run_finish(e->run);
    if (secret && !e->ok) {
        attempt_failed(s, secret, e->err.message);
    } else if (secret) {
        struct json *rotation = json_edit(secret, "rotation");
        int64_t step = json_int(json_get(rotation, "step"), 0) + 1;

        json_put_int(rotation, "step", step);
        if (step == STEP_COUNT || json_bool(json_get(rotation, "test"), false))
            attempt_done(s, secret);
        else
            start_step(s, secret);
    }
    errand_free(e);
}

static void start_step(struct sandbox *s, struct json *secret)
{
    int64_t step = json_int(json_get(json_get(secret, "rotation"), "step"), 0);
    struct errand *e = errand_new(s, secret, step);
    CLEANUP(json_freep) struct json *event = NULL;

    if (!lambda_run_new(s, json_str(json_get(secret, "RotationLambdaARN")), &e->run, &e->err)) {
        attempt_failed(s, secret, e->err.message);
        errand_free(e);
        return;
    }
    event = json_of("Step", steps[step], "SecretId", e->arn, "ClientRequestToken", e->token, NULL);
    json_write(event, &e->event);
    sandbox_job(s, step_work, step_done, e);
}

/* Reserves the version and starts; the value comes from the function. */
static void start_rotation(struct sandbox *s, struct json *secret, const char *token, bool test)
{
    struct json *rotation = json_of("token", token, NULL);
    const char *current = secret_stage_holder(secret, STAGE_CURRENT);
    struct json *version = secret_version_add(secret, token, sandbox_now_ms(s));

    if (test) { /* the test tries what is current, under a label of its own */
        const struct json *from = current ? secret_version(secret, current) : NULL;

        version_set_value(version, json_get(from, "secret_string"), json_get(from, "secret_binary"));
        if (json_get(from, "KmsKeyId"))
            json_put(version, "KmsKeyId", json_copy(json_get(from, "KmsKeyId")));
    }
    secret_stage_move(secret, STAGE_PENDING, token);
    json_put_bool(rotation, "test", test);
    json_put(secret, "rotation", rotation);
    start_attempt(s, secret);
}

/* AWSPENDING on a version that is not the current one: a rotation is not
 * complete. */
static const char *pending_token(const struct json *secret)
{
    const char *pending = secret_stage_holder(secret, STAGE_PENDING);

    return pending && !version_has_stage(secret_version(secret, pending), STAGE_CURRENT) ? pending : NULL;
}

/* Takes up what was left, under its own token. */
static void reattempt(struct sandbox *s, struct json *secret, const char *token)
{
    struct json *rotation;

    if (json_bool(json_get(json_get(secret, "rotation"), "running"), false))
        return;
    rotation = json_of("token", token, NULL);
    json_put(secret, "rotation", rotation);
    start_attempt(s, secret);
}

static void rotation_due(struct sandbox *s, void *arg)
{
    struct errand *e = arg;
    struct json *secret = secret_edit_arn(sandbox_world(s), e->arn);
    char token[37];

    if (secret && json_bool(json_get(secret, "RotationEnabled"), false) && !json_get(secret, "DeletedDate") &&
        json_int(json_get(secret, "rotate_at_ms"), 0) == e->number) {
        CLEANUP(mem_freep) char *pending = mem_dup(pending_token(secret));

        json_remove(secret, "rotate_at_ms");
        random_uuid(sandbox_random(s), token);
        if (pending)
            reattempt(s, secret, pending);
        else
            start_rotation(s, secret, token, false);
    }
    errand_free(e);
}

/* A schedule in words also shows the days it comes to (facts 8.2): from day to
 * day, for the next date is the end of a window. */
static void show_days(struct json *secret, int64_t from_ms, int64_t next_ms)
{
    struct json *rules = json_edit(secret, "RotationRules");
    int64_t days = next_ms / DAY_MS - from_ms / DAY_MS;

    if (json_get(rules, "ScheduleExpression"))
        json_put_int(rules, "AutomaticallyAfterDays", days > 0 ? days : 1);
}

void rotation_reschedule(struct sandbox *s, struct json *secret, int64_t from_ms)
{
    int64_t next_ms;

    json_remove(secret, "NextRotationDate");
    json_remove(secret, "rotate_at_ms");
    if (!json_bool(json_get(secret, "RotationEnabled"), false) || json_get(secret, "DeletedDate"))
        return;
    next_ms = schedule_next_ms(json_get(secret, "RotationRules"), from_ms);
    if (next_ms == 0)
        return;
    secret_put_date(secret, "NextRotationDate", next_ms);
    show_days(secret, from_ms, next_ms);
    set_timer(s, secret, next_ms);
}

static void resume_rotation(struct sandbox *s, struct json *secret)
{
    const struct json *rotation = json_get(secret, "rotation");
    int64_t due_ms = json_int(json_get(secret, "rotate_at_ms"), 0);
    int64_t retry_ms = json_int(json_get(rotation, "retry_at_ms"), 0);

    if (due_ms > 0)
        sandbox_at(s, due_ms, rotation_due, errand_new(s, secret, due_ms), errand_free);
    if (!rotation || json_get(secret, "DeletedDate"))
        return;
    if (json_bool(json_get(rotation, "running"), false))
        start_step(s, secret);
    else if (retry_ms > 0 && json_int(json_get(rotation, "attempt"), 0) < ATTEMPTS)
        sandbox_at(s, retry_ms, retry, errand_new(s, secret, json_int(json_get(rotation, "attempt"), 0)),
                   errand_free);
}

void rotations_resume(struct sandbox *s)
{
    const struct json *secret;
    const char *arn;

    for (size_t i = 0; (secret = world_at(sandbox_world(s), SECRET_KIND, i, &arn)); i++)
        if (json_get(secret, "rotation") || json_get(secret, "rotate_at_ms"))
            resume_rotation(s, secret_edit_arn(sandbox_world(s), arn));
}

/* --- the operations --- */

static const char *function_of(struct call *c, const struct json *secret)
{
    const struct json *given = json_get(c->in, "RotationLambdaARN");

    return json_str(given).len > 0 ? json_text(given) : json_get_text(secret, "RotationLambdaARN");
}

bool rotation_also(struct call *c, const char **action, char resource[2100])
{
    const struct json *secret = secret_find(c->world, json_str(json_get(c->in, "SecretId")));
    const char *function = function_of(c, secret);

    if (*function == '\0')
        return false;
    *action = "lambda:InvokeFunction";
    (void)snprintf(resource, sizeof(c->resource), "%s", function);
    return true;
}

static bool check_function(struct call *c, const struct json *secret, struct error *err)
{
    const char *function = function_of(c, secret);
    bool exists = false, invocable;

    if (*function == '\0')
        return error_aws(err, "InvalidRequestException",
                         "No Lambda rotation function ARN is associated with this secret.");
    invocable = lambda_invocable(c->sandbox, function, SERVICE, json_get_text(secret, "ARN"), &exists);
    if (!exists)
        return error_aws(err, "ResourceNotFoundException",
                         "The specified Lambda function does not exist or could not be accessed.");
    if (!invocable)
        return error_aws(err, "AccessDeniedException",
                         "Secrets Manager cannot invoke the specified Lambda function. Ensure that the "
                         "function policy grants access to the principal secretsmanager.amazonaws.com.");
    return true;
}

static void rotate_answer(struct call *c, const struct json *secret, const char *token)
{
    c->out = secret_answer(secret);
    json_put_text(c->out, "VersionId", token);
    secret_trail(c, secret, token);
}

static void configure(struct call *c, struct json *secret, const struct json *rules)
{
    if (json_get(c->in, "RotationLambdaARN"))
        json_put(secret, "RotationLambdaARN", json_copy(json_get(c->in, "RotationLambdaARN")));
    if (rules)
        json_put(secret, "RotationRules", json_copy(rules));
    json_put_bool(secret, "RotationEnabled", true);
    secret_put_date(secret, "LastChangedDate", c->now_ms);
    rotation_reschedule(c->sandbox, secret, c->now_ms);
}

bool rotation_rotate(struct call *c, struct error *err)
{
    const struct json *rules = json_get(c->in, "RotationRules");
    bool at_once = json_bool(json_get(c->in, "RotateImmediately"), true);
    const struct json *found;
    char token[65];

    if (!secret_token(c, token, err) || !(found = secret_get_live(c, err)) ||
        (rules && !schedule_check(rules, err)) || !check_function(c, found, err))
        return false;
    struct json *secret = secret_edit_arn(c->world, json_get_text(found, "ARN"));
    if (strcmp(json_get_text(secret, "rotation_token"), token) == 0) { /* the same call again */
        rotate_answer(c, secret, token);
        return true;
    }
    CLEANUP(mem_freep) char *pending = mem_dup(pending_token(secret));
    if (!pending && secret_version(secret, token))
        return secret_token_in_use(secret, token, err);
    /* The new function also serves what was left undone: a rotation that is
     * stuck for its function's sake has no other way on. */
    configure(c, secret, rules);
    if (pending) {
        reattempt(c->sandbox, secret, pending);
        return error_aws(err, "InvalidRequestException",
                         "A previous rotation isn't complete. That rotation will be reattempted.");
    }
    json_put_text(secret, "rotation_token", token);
    rotate_answer(c, secret, token);
    start_rotation(c->sandbox, secret, token, !at_once);
    return true;
}

bool rotation_cancel(struct call *c, struct error *err)
{
    struct json *secret = secret_edit_live(c, err);

    if (!secret)
        return false;
    if (!json_get(secret, "RotationLambdaARN"))
        return error_aws(err, "InvalidRequestException", "Rotation isn't configured for this secret.");
    const char *pending = pending_token(secret);
    /* AWSPENDING stays where it is (facts 8.3); a step under way finds its
     * rotation gone when it ends. */
    if (json_get(secret, "rotation"))
        service_event(c->sandbox, secret, "RotationAbandoned", NULL);
    json_remove(secret, "rotation");
    json_put_bool(secret, "RotationEnabled", false);
    rotation_reschedule(c->sandbox, secret, c->now_ms);
    c->out = secret_answer(secret);
    if (pending)
        json_put_text(c->out, "VersionId", pending);
    secret_trail(c, secret, pending);
    return true;
}
