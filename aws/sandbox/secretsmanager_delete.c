/* Deletion with a recovery window, and its undoing (facts 8.4). */
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/refuse.h"
#include "aws/sandbox/rotation.h"

#include "aws/common/mem.h"

#define DAY_MS (24LL * 3600 * 1000)
#define WINDOW_MIN 7
#define WINDOW_MAX 30

static void deletion_event(struct sandbox *s, const char *name, const char *arn)
{
    trail_service_event(s, "secretsmanager.amazonaws.com", name, json_of("SecretId", arn, NULL));
}

/* The window has ended, unless the secret was restored or is long gone. */
static void deletion_due(struct sandbox *s, void *arg)
{
    const char *arn = arg;
    const struct json *secret = world_get(sandbox_world(s), SECRET_KIND, arn);
    int64_t at_ms = json_int(json_get(secret, "delete_at_ms"), 0);

    if (secret && at_ms > 0 && at_ms <= sandbox_now_ms(s)) {
        deletion_event(s, "EndSecretVersionDelete", arn);
        world_remove(sandbox_world(s), SECRET_KIND, arn);
    }
    mem_free(arg);
}

void deletions_resume(struct sandbox *s)
{
    const struct json *secret;
    const char *arn;

    for (size_t i = 0; (secret = world_at(sandbox_world(s), SECRET_KIND, i, &arn)); i++) {
        int64_t at_ms = json_int(json_get(secret, "delete_at_ms"), 0);

        if (at_ms > 0)
            sandbox_at(s, at_ms, deletion_due, mem_dup(arn), mem_free);
    }
}

static bool check_options(struct call *c, int64_t *days, bool *force, struct error *err)
{
    const struct json *window = json_get(c->in, "RecoveryWindowInDays");

    *days = json_int(window, WINDOW_MAX);
    *force = json_bool(json_get(c->in, "ForceDeleteWithoutRecovery"), false);
    if (window && *force)
        return error_aws(err, "InvalidParameterException",
                         "You can't use ForceDeleteWithoutRecovery in conjunction with "
                         "RecoveryWindowInDays.");
    if (*days < WINDOW_MIN || *days > WINDOW_MAX)
        return error_aws(err, "InvalidParameterException",
                         "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
    return true;
}

/* Deleting by force what is not there succeeds: the answer repeats the id. */
static bool force_missing(struct call *c)
{
    struct str id = json_str(json_get(c->in, "SecretId"));
    char arn[2100];

    c->out = json_object();
    if (str_starts(id, STR("arn:"))) {
        json_put_str(c->out, "ARN", id);
    } else {
        sandbox_arn(c->sandbox, arn, "secretsmanager", sandbox_region(c->sandbox), "secret:%.*s",
                    STR_ARG(id));
        json_put_text(c->out, "ARN", arn);
    }
    json_put_str(c->out, "Name", id);
    secret_put_date(c->out, "DeletionDate", c->now_ms);
    return true;
}

bool secretsmanager_delete(struct call *c, struct error *err)
{
    const struct json *found;
    int64_t days, at_ms;
    bool force;

    if (!check_options(c, &days, &force, err))
        return false;
    found = secret_find(c->world, json_str(json_get(c->in, "SecretId")));
    if (!found && force)
        return force_missing(c);
    if (!found)
        return error_aws(err, "ResourceNotFoundException",
                         "Secrets Manager can't find the specified secret.");
    if (!force && !secret_check_live(found, err))
        return false;
    struct json *secret = secret_edit_arn(c->world, json_get_text(found, "ARN"));
    /* A purged name stays taken for as long as changes take to spread (facts 4). */
    at_ms = force ? c->now_ms + sandbox_settings(c->sandbox)->propagation_ms : c->now_ms + days * DAY_MS;
    secret_put_date(secret, "DeletedDate", c->now_ms);
    json_put_int(secret, "delete_at_ms", at_ms);
    if (force)
        json_put_bool(secret, "forced", true);
    json_remove(secret, "rotation");
    c->resource_policy = NULL; /* borrowed from what may go now */
    rotation_reschedule(c->sandbox, secret, c->now_ms);
    c->out = secret_answer(secret);
    secret_put_date(c->out, "DeletionDate", force ? c->now_ms : at_ms);
    secret_trail(c, secret, NULL);
    secret_put_date(c->trail_response, "deletionDate", force ? c->now_ms : at_ms);
    deletion_event(c->sandbox, "StartSecretVersionDelete", json_get_text(secret, "ARN"));
    if (at_ms <= c->now_ms)
        deletion_due(c->sandbox, mem_dup(json_get_text(secret, "ARN")));
    else
        sandbox_at(c->sandbox, at_ms, deletion_due, mem_dup(json_get_text(secret, "ARN")), mem_free);
    return true;
}

bool secretsmanager_restore(struct call *c, struct error *err)
{
    const struct json *found = secret_get(c, err);

    if (!found)
        return false;
    if (json_get(found, "forced"))
        return secret_check_live(found, err);
    struct json *secret = secret_edit_arn(c->world, json_get_text(found, "ARN"));
    bool scheduled = json_get(secret, "DeletedDate") != NULL;
    json_remove(secret, "DeletedDate");
    json_remove(secret, "delete_at_ms");
    if (scheduled)
        rotation_reschedule(c->sandbox, secret, c->now_ms);
    c->out = secret_answer(secret);
    secret_trail(c, secret, NULL);
    if (scheduled)
        deletion_event(c->sandbox, "CancelSecretVersionDelete", json_get_text(secret, "ARN"));
    return true;
}
