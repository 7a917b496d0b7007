/* SecretsManagerRDSMySQLRotationSingleUser, the function AWS hosts for MySQL:
 * what its public source does, step by step and in its words (facts 8.3). Its
 * calls are made as the session of its role, so permissions and the trail are
 * those of a real one; the database is reached through the sandbox's options. */
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"

#include <stdarg.h>
#include <stdio.h>

#define USER_AGENT                                                                                           \
    "Boto3/1.34.145 md/Botocore#1.34.145 ua/2.0 os/linux#5.10.230 md/arch#x86_64 lang/python#3.10.15 "       \
    "md/pyimpl#CPython exec-env/AWS_Lambda_python3.10 cfg/retry-mode#legacy Botocore/1.34.145"
#define EXCLUDE_DEFAULT "/@\"'\\"
#define PASSWORD_LENGTH 32

struct step {
    const struct lambda_hosted *h;
    const char *arn, *token;
};

static const char *const engines[] = {"mysql", "aurora-mysql"};
static const char *const required[] = {"host", "username", "password"};

static void PRINTF_LIKE(2, 3) say(const struct step *s, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    buf_printf(s->h->log, "[INFO]\t%s\n", line);
}

/* One call of the function. With `missing`, a thing that is not there is an
 * answer: *out stays NULL and *missing is set. */
static bool ask(const struct step *s, const char *operation, const struct json *in, struct json **out,
                bool *missing, struct error *err)
{
    if (sandbox_internal_call(s->h->sandbox, s->h->access_key_id, USER_AGENT, "secretsmanager", operation, in,
                              out, err))
        return true;
    if (missing && error_is(err, "ResourceNotFoundException")) {
        *missing = true;
        return true;
    }
    CLEANUP(mem_freep) char *code = mem_dup(err->remote_code);
    CLEANUP(mem_freep) char *message = mem_copy(error_text(err));
    return refuse(err, "ClientError", "An error occurred (%s) when calling the %s operation: %s", code,
                  operation, message);
}

static bool check_dict(const struct json *dict, struct error *err)
{
    const char *engine = json_get_text(dict, "engine");
    bool known = false;

    for (size_t i = 0; i < ARRAY_LEN(engines); i++)
        known |= strcmp(engine, engines[i]) == 0;
    if (!known)
        return error_aws(err, "KeyError",
                         "Database engine must be set to 'mysql' or 'aurora-mysql' in order to use this "
                         "rotation lambda");
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        if (!json_get(dict, required[i]))
            return refuse(err, "KeyError", "%s key is missing from secret JSON", required[i]);
    }
    return true;
}

/* The secret's JSON under a label; with a token, of that version only. */
static bool secret_dict(const struct step *s, const char *stage, const char *token, struct json **dict,
                        bool *missing, struct error *err)
{
    CLEANUP(json_freep)
    struct json *in = json_of("SecretId", s->arn, "VersionStage", stage, "VersionId", token, NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error ignored;

    if (!ask(s, "GetSecretValue", in, &out, missing, err))
        return false;
    if (!out)
        return true;
    if (!json_parse(json_str(json_get(out, "SecretString")), NULL, dict, &ignored))
        return error_aws(err, "JSONDecodeError", "The secret value is not JSON");
    return check_dict(*dict, err);
}

static struct str dict_text(const struct json *dict, struct buf *out)
{
    buf_reset(out);
    json_write(dict, out);
    return buf_str(out);
}

/* As the function's get_connection: whatever the reason, no connection. */
static bool connects(const struct step *s, const struct json *dict)
{
    const struct sandbox_database *db = &sandbox_settings(s->h->sandbox)->database;
    CLEANUP(buf_release) struct buf text = {0};
    struct error ignored;

    return dict && db->test && db->test(db->self, dict_text(dict, &text), &ignored);
}

static bool create_secret(const struct step *s, struct error *err)
{
    CLEANUP(json_freep)
    struct json *current = NULL, *pending = NULL, *ask_password = NULL, *password = NULL, *put = NULL,
                *done = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    bool missing = false;

    if (!secret_dict(s, "AWSCURRENT", NULL, &current, NULL, err) ||
        !secret_dict(s, "AWSPENDING", s->token, &pending, &missing, err))
        return false;
    if (!missing) {
        say(s, "createSecret: Successfully retrieved secret for %s.", s->arn);
        return true;
    }
    ask_password = json_of("ExcludeCharacters",
                           s->h->exclude_characters ? s->h->exclude_characters : EXCLUDE_DEFAULT, NULL);
    json_put_int(ask_password, "PasswordLength", PASSWORD_LENGTH);
    if (!ask(s, "GetRandomPassword", ask_password, &password, NULL, err))
        return false;
    json_put_str(current, "password", json_str(json_get(password, "RandomPassword")));
    put = json_of("SecretId", s->arn, "ClientRequestToken", s->token, NULL);
    json_put_str(put, "SecretString", dict_text(current, &text));
    json_push(json_put(put, "VersionStages", json_array()), json_text_new("AWSPENDING"));
    if (!ask(s, "PutSecretValue", put, &done, NULL, err))
        return false;
    say(s, "createSecret: Successfully put secret for ARN %s and version %s.", s->arn, s->token);
    return true;
}

/* A changed user or host would set a password nobody can then find. */
static bool same_account(const struct step *s, const struct json *from, const struct json *pending,
                         const char *which, struct error *err)
{
    (void)s;
    if (!json_equal(json_get(from, "username"), json_get(pending, "username")))
        return refuse(err, "ValueError", "Attempting to modify user %s other than %s user %s",
                      json_get_text(pending, "username"), which, json_get_text(from, "username"));
    if (!json_equal(json_get(from, "host"), json_get(pending, "host")))
        return refuse(err, "ValueError", "Attempting to modify user for host %s other than %s host %s",
                      json_get_text(pending, "host"), which, json_get_text(from, "host"));
    return true;
}

/* The password the account has now: the current secret's or, after a half done
 * rotation, the previous one's. */
static bool find_working(const struct step *s, const struct json *current, const struct json *pending,
                         struct json **previous, const struct json **working, struct error *err)
{
    bool missing = false;

    if (connects(s, current)) {
        *working = current;
        return true;
    }
    if (!secret_dict(s, "AWSPREVIOUS", NULL, previous, &missing, err))
        return false;
    if (!connects(s, *previous))
        return refuse(
            err, "ValueError",
            "Unable to log into database with previous, current, or pending secret of secret arn %s", s->arn);
    if (!same_account(s, *previous, pending, "previous valid", err))
        return false;
    *working = *previous;
    return true;
}

static bool set_secret(const struct step *s, struct error *err)
{
    const struct sandbox_database *db = &sandbox_settings(s->h->sandbox)->database;
    CLEANUP(json_freep) struct json *current = NULL, *pending = NULL, *previous = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    const struct json *working = NULL;
    struct error refused;

    if (!secret_dict(s, "AWSCURRENT", NULL, &current, NULL, err) ||
        !secret_dict(s, "AWSPENDING", s->token, &pending, NULL, err))
        return false;
    if (connects(s, pending)) {
        say(s, "setSecret: AWSPENDING secret is already set as password in MySQL DB for secret arn %s.",
            s->arn);
        return true;
    }
    if (!same_account(s, current, pending, "current", err) ||
        !find_working(s, current, pending, &previous, &working, err))
        return false;
    if (!db->set_password || !db->set_password(db->self, dict_text(working, &text),
                                               json_str(json_get(pending, "password")), &refused))
        return refuse(err, "OperationalError",
                      "Setting the password in the MySQL DB failed for secret arn %s", s->arn);
    say(s, "setSecret: Successfully set password for %s in MySQL DB for secret arn %s.",
        json_get_text(pending, "username"), s->arn);
    return true;
}

static bool test_secret(const struct step *s, struct error *err)
{
    CLEANUP(json_freep) struct json *pending = NULL;

    if (!secret_dict(s, "AWSPENDING", s->token, &pending, NULL, err))
        return false;
    if (!connects(s, pending))
        return refuse(err, "ValueError", "Unable to log into database with pending secret of secret ARN %s",
                      s->arn);
    say(s, "testSecret: Successfully signed into MySQL DB with AWSPENDING secret in %s.", s->arn);
    return true;
}

static bool has_stage(const struct json *stages, const char *stage)
{
    const struct json *e;

    for (e = json_first(stages); e; e = json_next(e)) {
        if (str_is(json_str(e), stage))
            return true;
    }
    return false;
}

static bool describe(const struct step *s, struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("SecretId", s->arn, NULL);

    return ask(s, "DescribeSecret", in, out, NULL, err);
}

static bool finish_secret(const struct step *s, struct error *err)
{
    CLEANUP(json_freep) struct json *metadata = NULL, *in = NULL, *out = NULL;
    const struct json *v;
    const char *current = NULL;

    if (!describe(s, &metadata, err))
        return false;
    for (v = json_first(json_get(metadata, "VersionIdsToStages")); v; v = json_next(v)) {
        if (has_stage(v, "AWSCURRENT"))
            current = json_key(v);
    }
    if (current && strcmp(current, s->token) == 0) {
        say(s, "finishSecret: Version %s already marked as AWSCURRENT for %s", current, s->arn);
        return true;
    }
    in = json_of("SecretId", s->arn, "VersionStage", "AWSCURRENT", "MoveToVersionId", s->token,
                 "RemoveFromVersionId", current, NULL);
    if (!ask(s, "UpdateSecretVersionStage", in, &out, NULL, err))
        return false;
    say(s, "finishSecret: Successfully set AWSCURRENT stage to version %s for secret %s.", s->token, s->arn);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(const struct step *s, struct error *err);
} step_table[] = {
    {"createSecret", create_secret},
    {"setSecret", set_secret},
    {"testSecret", test_secret},
    {"finishSecret", finish_secret},
};

/* What the handler makes sure of before any step. *done: nothing left to do. */
static bool check_staged(const struct step *s, bool *done, struct error *err)
{
    CLEANUP(json_freep) struct json *metadata = NULL;
    const struct json *stages;

    *done = false;
    if (!describe(s, &metadata, err))
        return false;
    if (json_get(metadata, "RotationEnabled") && !json_bool(json_get(metadata, "RotationEnabled"), false))
        return refuse(err, "ValueError", "Secret %s is not enabled for rotation", s->arn);
    stages = json_get(json_get(metadata, "VersionIdsToStages"), s->token);
    if (!stages)
        return refuse(err, "ValueError", "Secret version %s has no stage for rotation of secret %s.",
                      s->token, s->arn);
    if (has_stage(stages, "AWSCURRENT")) {
        say(s, "Secret version %s already set as AWSCURRENT for secret %s.", s->token, s->arn);
        *done = true;
        return true;
    }
    if (!has_stage(stages, "AWSPENDING"))
        return refuse(err, "ValueError", "Secret version %s not set as AWSPENDING for rotation of secret %s.",
                      s->token, s->arn);
    return true;
}

bool lambda_hosted_step(const struct lambda_hosted *h, struct str event, struct error *err)
{
    CLEANUP(json_freep) struct json *in = NULL;
    struct error ignored;
    struct step s = {.h = h};
    bool done;

    if (!json_parse(event, NULL, &in, &ignored) || !json_get(in, "SecretId") ||
        !json_get(in, "ClientRequestToken") || !json_get(in, "Step"))
        return error_aws(err, "KeyError", "'SecretId', 'ClientRequestToken' and 'Step' must be in the event");
    s.arn = json_get_text(in, "SecretId");
    s.token = json_get_text(in, "ClientRequestToken");
    if (!check_staged(&s, &done, err))
        return false;
    if (done)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(step_table); i++) {
        if (strcmp(json_get_text(in, "Step"), step_table[i].name) == 0)
            return step_table[i].run(&s, err);
    }
    return refuse(err, "ValueError", "Invalid step parameter %s for secret %s", json_get_text(in, "Step"),
                  s.arn);
}
