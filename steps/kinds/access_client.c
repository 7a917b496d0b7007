#include "steps/kinds/access_client.h"

#include "steps/kinds/database.h"

#include <stdio.h>
#include <string.h>

void access_client_release(struct access_client *a)
{
    mysql_login_release(&a->login);
}

/* Another version than last time is what a rotation looks like from here. */
static void note_version(struct step_context *c, struct access_client *a, const char *version_id)
{
    if (*a->version_id && strcmp(a->version_id, version_id) != 0)
        step_note(c, "the secret is at another version, seen at login %lld", (long long)a->logins + 1);
    (void)snprintf(a->version_id, sizeof(a->version_id), "%s", version_id);
}

struct json *access_client_input(const char *secret_id, const char *stage)
{
    struct json *in = json_of("SecretId", secret_id, NULL);

    if (strcmp(stage, "AWSCURRENT") != 0)
        json_put_text(in, "VersionStage", stage);
    return in;
}

static bool read_value(struct step_context *c, struct access_client *a, struct error *err)
{
    CLEANUP(json_freep) struct json *in = access_client_input(a->secret_id, a->stage);
    CLEANUP(json_freep) struct json *out = NULL;
    int64_t began_ms = step_now_ms(c);

    mysql_login_release(&a->login);
    if (!step_call(c, a->who, "secretsmanager", "GetSecretValue", in, &out, err))
        return false;
    if (!mysql_login_parse(json_str(json_get(out, "SecretString")), NULL, &a->login, err))
        return error_wrap(err, "secret %s", a->secret_id);
    a->read_ms = step_now_ms(c);
    a->calls++;
    a->calls_ms += a->read_ms - began_ms;
    note_version(c, a, json_get_text(out, "VersionId"));
    return true;
}

/* A clock that was set back makes a value old, not young. */
static bool still_good(struct step_context *c, struct access_client *a)
{
    int64_t age_ms = step_now_ms(c) - a->read_ms;

    if (a->read_ms == 0 || age_ms < 0 || age_ms >= a->cache_ms)
        return false;
    a->oldest_ms = age_ms > a->oldest_ms ? age_ms : a->oldest_ms;
    return true;
}

static bool log_in(struct step_context *c, struct access_client *a, struct mysql_session **out,
                   struct error *err)
{
    bool held = still_good(c, a);

    if (!held && !read_value(c, a, err))
        return false;
    if (database_open(c, &a->login, out, err))
        return true;
    if (!held || err->code != ERR_DENIED)
        return false;
    /* Facts 8.3: whoever caches has to fetch again and try once more. */
    step_note(c, "the password that was kept is refused: the secret is read again");
    return read_value(c, a, err) && database_open(c, &a->login, out, err);
}

bool access_client_login(struct step_context *c, struct access_client *a, struct mysql_session **out,
                         struct error *err)
{
    int64_t began_ms = step_now_ms(c);

    if (!log_in(c, a, out, err))
        return false;
    a->logins++;
    a->logins_ms += step_now_ms(c) - began_ms;
    return true;
}

static void add_mean(struct buf *out, const char *of, int64_t sum_ms, int64_t count)
{
    int64_t tenths = count > 0 ? sum_ms * 10 / count : 0;

    buf_printf(out, "; %lld.%lld ms a %s", (long long)tenths / 10, (long long)tenths % 10, of);
}

void access_client_save(const struct access_client *a, struct json *scratch)
{
    struct json *saved = json_put(scratch, "client", json_of("version_id", a->version_id, NULL));

    json_put_int(saved, "calls", a->calls);
    json_put_int(saved, "calls_ms", a->calls_ms);
    json_put_int(saved, "logins", a->logins);
    json_put_int(saved, "logins_ms", a->logins_ms);
    json_put_int(saved, "oldest_ms", a->oldest_ms);
}

void access_client_restore(struct access_client *a, const struct json *scratch)
{
    const struct json *saved = json_get(scratch, "client");

    (void)snprintf(a->version_id, sizeof(a->version_id), "%s", json_get_text(saved, "version_id"));
    a->calls = json_int(json_get(saved, "calls"), 0);
    a->calls_ms = json_int(json_get(saved, "calls_ms"), 0);
    a->logins = json_int(json_get(saved, "logins"), 0);
    a->logins_ms = json_int(json_get(saved, "logins_ms"), 0);
    a->oldest_ms = json_int(json_get(saved, "oldest_ms"), 0);
}

void access_client_tell(struct step_context *c, const struct access_client *a)
{
    CLEANUP(buf_release) struct buf text = {0};

    buf_printf(&text, "%lld logins, calls of GetSecretValue: %lld", (long long)a->logins,
               (long long)a->calls);
    if (a->cache_ms > 0)
        buf_printf(&text, ", without the cache %lld", (long long)a->logins);
    add_mean(&text, "call", a->calls_ms, a->calls);
    add_mean(&text, "login", a->logins_ms, a->logins);
    if (a->cache_ms > 0)
        buf_printf(&text, "; no value older than %lld.%lld s was used", (long long)a->oldest_ms / 1000,
                   (long long)a->oldest_ms % 1000 / 100);
    step_note(c, "%s", buf_text(&text));
}
