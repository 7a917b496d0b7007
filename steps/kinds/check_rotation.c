/* Whether the secret rotates: its schedule, its function, its versions and what
 * the passwords of two of them do. Whoever turned it on. */
#include "aws/common/mem.h"
#include "aws/policy/policy.h"
#include "steps/kinds/database.h"
#include "steps/kinds/look.h"
#include "steps/kinds/verdict.h"

#include <string.h>

enum {
    /* So long a rotation may take, and so long after a change it is "not yet". */
    ROTATION_MS = 5 * 60 * 1000,
    DAY_S = 24 * 60 * 60,
    /* A schedule of cron, once a month: 31 days, and the next date is the end of
     * the window, which may be that of the day. */
    SPARE_S = 2 * DAY_S
};

static const char *secret_id(const struct checking *k)
{
    const char *arn = checking_text(k, "secret.arn");

    return *arn ? arn : checking_text(k, "secret.name");
}

/* The expression says it when there is one: the number beside it is computed
 * by the service. 0 for an expression in hours or of cron. */
static int64_t days_of(const struct json *rules)
{
    struct str text = str_of(json_get_text(rules, "ScheduleExpression")), number;
    int64_t n;

    if (text.len == 0)
        return json_int(json_get(rules, "AutomaticallyAfterDays"), 0);
    if (!str_starts(text, STR("rate(")))
        return 0;
    text = str_slice(text, strlen("rate("), text.len);
    if (!str_split(&text, ' ', &number) || !str_starts(text, STR("day")) || !str_to_i64(number, &n))
        return 0;
    return n;
}

/* --- schedule --- */

static void judge_schedule(struct checking *k, const struct json *secret)
{
    const struct json *rules = json_get(secret, "RotationRules");
    int64_t wanted = json_int(json_get(k->planned, "days"), 30), days = days_of(rules);
    int64_t now_s = step_now_ms(k->step) / 1000;
    int64_t next_s = json_int(json_get(secret, "NextRotationDate"), 0);

    if (days > 0 && days != wanted)
        check_fail(k, "rotation-days", "it rotates every %lld days", (long long)days);
    if (days == 0 && next_s > now_s + wanted * DAY_S + SPARE_S)
        check_fail(k, "rotation-days", "it rotates next in %lld days", (long long)((next_s - now_s) / DAY_S));
    if (next_s > 0 && next_s < now_s - ROTATION_MS / 1000)
        check_fail(k, "rotation-overdue", "its next rotation was due %lld minutes ago",
                   (long long)((now_s - next_s) / 60));
}

/* --- function --- */

/* Whether the function's own policy lets Secrets Manager in. */
static bool lets_in(struct checking *k, const char *arn, bool *allowed, struct error *err)
{
    CLEANUP(json_freep) struct json *reply = NULL;
    CLEANUP(policy_freep) struct policy *policy = NULL;
    CLEANUP(json_freep)
    struct json *context = json_of("aws:SourceAccount", step_account(k->step), "aws:SourceArn",
                                   checking_text(k, "secret.arn"), NULL);
    struct policy_result result = {0};
    struct error ignored;

    *allowed = false;
    if (!look_up(k->step, "lambda", "GetPolicy", json_of("FunctionName", arn, NULL),
                 "ResourceNotFoundException", &reply, err))
        return false;
    if (!reply || !policy_parse(json_str(json_get(reply, "Policy")), POLICY_RESOURCE, &policy, &ignored))
        return true;
    const struct policy_request request = {.principal = STR("secretsmanager.amazonaws.com"),
                                           .action = STR("lambda:InvokeFunction"),
                                           .resource = str_of(arn),
                                           .resource_account = str_of(step_account(k->step)),
                                           .context = context};
    const struct policy_set set = {.resource = policy, .resource_policy_mandatory = true};
    policy_decide(&request, &set, &result);
    *allowed = result.decision == POLICY_ALLOWED;
    return true;
}

static bool judge_function(struct checking *k, const struct json *secret, struct error *err)
{
    const char *arn = json_get_text(secret, "RotationLambdaARN");
    CLEANUP(json_freep) struct json *function = NULL;
    bool allowed;

    if (!*arn || check_decided(k))
        return true; /* managed rotation has none */
    if (!look_up(k->step, "lambda", "GetFunctionConfiguration", json_of("FunctionName", arn, NULL),
                 "ResourceNotFoundException", &function, err))
        return false;
    if (!function) {
        check_fail(k, "rotation-function", "its function %s is not there", arn);
        return true;
    }
    const char *state = json_get_text(function, "State");
    if (strcmp(state, "Pending") == 0)
        check_not_yet(k, ROTATION_MS, "its function is still being made");
    else if (*state && strcmp(state, "Active") != 0)
        check_fail(k, "rotation-function", "its function is %s", state);
    if (check_decided(k))
        return true;
    if (!lets_in(k, arn, &allowed, err))
        return false;
    if (!allowed)
        check_fail(k, "rotation-invoke", "its function does not let Secrets Manager in");
    return true;
}

/* --- versions --- */

static bool is_recent(const struct checking *k, const struct json *secret)
{
    int64_t changed_ms = json_int(json_get(secret, "LastChangedDate"), 0) * 1000;

    return step_now_ms(k->step) - changed_ms < step_deadline_ms(k->step, ROTATION_MS);
}

static void judge_versions(struct checking *k, const struct json *secret)
{
    const char *current = version_labelled(secret, "AWSCURRENT");
    const char *pending = version_labelled(secret, "AWSPENDING");
    bool left = *pending && strcmp(pending, current) != 0;

    if (!left && json_get(secret, "LastRotatedDate"))
        return;
    if (is_recent(k, secret))
        check_not_yet(k, step_deadline_ms(k->step, ROTATION_MS), "%s",
                      left ? "a rotation is under way" : "the first rotation has not ended");
    else if (left)
        check_fail(k, "rotation-pending", "version %s has been AWSPENDING and never became AWSCURRENT",
                   pending);
    else
        check_fail(k, "rotation-never", "it has never rotated");
}

/* --- passwords --- */

/* *told false: there is no such version, or it holds no login. */
static bool try_version(struct checking *k, const char *label, bool *told, bool *works, struct error *err)
{
    CLEANUP(json_freep) struct json *value = NULL;
    CLEANUP(mysql_login_release) struct mysql_login login = {0};
    struct error why;

    *told = *works = false;
    if (!look_up(k->step, "secretsmanager", "GetSecretValue",
                 json_of("SecretId", secret_id(k), "VersionStage", label, NULL), "ResourceNotFoundException",
                 &value, err))
        return false;
    if (!value || !mysql_login_parse(json_str(json_get(value, "SecretString")), NULL, &login, &why))
        return true;
    *works = mysql_login_test(&login, step_ca_file(k->step), &why);
    *told = true;
    if (*works || why.code == ERR_DENIED)
        return true;
    *err = why;
    return error_wrap(err, "try the password of %s", label);
}

static bool judge_passwords(struct checking *k, struct error *err)
{
    bool told, works;

    if (check_decided(k))
        return true;
    if (!try_version(k, "AWSCURRENT", &told, &works, err))
        return false;
    if (!works) {
        check_fail(k, "rotation-current",
                   told ? "the current password does not log in" : "the current value holds no login");
        return true;
    }
    if (!try_version(k, "AWSPREVIOUS", &told, &works, err))
        return false;
    if (works)
        check_fail(k, "rotation-previous", "the previous password still logs in");
    return true;
}

CHECK(check_rotation)
{
    CLEANUP(checking_release) struct checking k = {0};
    CLEANUP(json_freep) struct json *secret = NULL;

    if (!checking_begin(&k, c, out, err))
        return false;
    if (*secret_id(&k) &&
        !look_up(c, "secretsmanager", "DescribeSecret", json_of("SecretId", secret_id(&k), NULL),
                 "ResourceNotFoundException", &secret, err))
        return false;
    if (!secret || json_get(secret, "DeletedDate"))
        check_fail(&k, "rotation-off", "the secret is not there");
    else if (!json_bool(json_get(secret, "RotationEnabled"), false))
        check_fail(&k, "rotation-off", "rotation is off");
    if (check_decided(&k))
        return true;
    judge_schedule(&k, secret);
    if (!judge_function(&k, secret, err))
        return false;
    judge_versions(&k, secret);
    if (!judge_passwords(&k, err))
        return false;
    check_pass(&k, "it rotates every %lld days, and the current password alone logs in",
               (long long)json_int(json_get(k.planned, "days"), 30));
    return true;
}
