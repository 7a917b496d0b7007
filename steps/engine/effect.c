#include "steps/engine/run.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

enum {
    MYSQL_CLIENT_ERROR_MIN = 2000, /* errmsg.h: the connection's errors, not the server's */
    MYSQL_CLIENT_ERROR_MAX = 2999
};

/* --- reads --- */

static struct credential_provider *provider_of(const struct step_context *c, enum step_identity who)
{
    switch (who) {
    case AS_CALLER:
        return c->run->options->caller;
    case AS_INSTANCE:
        return c->run->options->instance;
    case AS_ROLE:
        return c->assumed;
    }
    return NULL;
}

static bool pick_identity(struct step_context *c, enum step_identity who, struct aws_client *client,
                          struct error *err)
{
    struct credential_provider *provider = provider_of(c, who);

    if (!provider && who == AS_INSTANCE)
        return error_set(err, ERR_CONFIG,
                         "no metadata service answers here: this step acts as the workstation, run it there");
    if (!provider)
        return error_set(err, ERR_BUG, "step %s acts as a role that it did not name", c->step->id);
    aws_client_set_provider(client, provider);
    return true;
}

static const struct aws_operation *find_operation(const char *service, const char *operation)
{
    const struct aws_service *s = model_service(service);

    return s ? model_operation(s, operation) : NULL;
}

typedef bool call_function(struct aws_client *c, const char *service, const char *operation,
                           const struct json *in, struct json **out, struct error *err);

static bool call_read(struct step_context *c, call_function *call, enum step_identity who,
                      const char *service, const char *operation, const struct json *in, struct json **out,
                      struct error *err)
{
    const struct aws_operation *op = find_operation(service, operation);
    struct aws_client *client;
    bool ok;

    if (!op)
        return error_set(err, ERR_BUG, "unknown operation %s:%s", service, operation);
    if (op->mutates)
        return error_set(err, ERR_BUG, "%s:%s changes something: it needs an intent", service, operation);
    client = activation_client(c, err);
    if (!client || !pick_identity(c, who, client, err))
        return false;
    ok = call(client, service, operation, in, out, err);
    /* The next step of this worker starts as the caller again. */
    if (who != AS_CALLER)
        aws_client_set_provider(client, c->run->options->caller);
    return ok;
}

bool step_call(struct step_context *c, enum step_identity who, const char *service, const char *operation,
               const struct json *in, struct json **out, struct error *err)
{
    return call_read(c, aws_call, who, service, operation, in, out, err);
}

bool step_call_all(struct step_context *c, enum step_identity who, const char *service, const char *operation,
                   const struct json *in, struct json **out, struct error *err)
{
    return call_read(c, aws_call_all, who, service, operation, in, out, err);
}

void step_refresh(struct step_context *c, enum step_identity who)
{
    struct credential_provider *p = provider_of(c, who);

    if (p && p->invalidate)
        p->invalidate(p->self);
}

const char *step_machine(const struct step_context *c)
{
    const struct engine_options *o = c->run->options;

    return o->machine ? o->machine(o->who_self) : "";
}

void step_assume(struct step_context *c, const char *role_arn)
{
    const struct engine_options *o = c->run->options;

    c->assumed = o->assume ? o->assume(o->who_self, role_arn) : NULL;
}

struct str step_workstation_script(const struct step_context *c)
{
    return c->run->options->workstation_script;
}

/* --- effects --- */

/* The model knows which members hold a secret; what it does not know is data
 * inside free maps, which no operation of ours fills with one. */
static struct json *without_secrets(const struct json *in, const struct model_shape *shape)
{
    struct json *out;

    if (!shape || (!json_is_object(in) && !json_is_array(in)))
        return json_copy(in);
    if (json_is_array(in)) {
        out = json_array();
        for (const struct json *e = json_first(in); e; e = json_next(e))
            json_push(out, without_secrets(e, shape->type == SHAPE_LIST ? shape->members[0].shape : NULL));
        return out;
    }
    out = json_object();
    for (const struct json *m = json_first(in); m; m = json_next(m)) {
        const struct model_member *row =
            shape->type == SHAPE_STRUCTURE ? model_member(shape, json_key(m)) : NULL;

        if (row && (row->sensitive || row->idempotency_token || (row->shape && row->shape->sensitive)))
            continue;
        json_put(out, json_key(m), without_secrets(m, row ? row->shape : NULL));
    }
    return out;
}

static void input_digest(const struct json *in, const struct aws_operation *op, char out[SHA256_HEX])
{
    CLEANUP(json_freep) struct json *open = without_secrets(in, op->input);
    CLEANUP(buf_release) struct buf text = {0};

    json_write_sorted(open, &text);
    sha256_hex(buf_str(&text), out);
}

/* Whether the other side certainly did nothing: it answered the one request
 * that was sent with a refusal, or nothing was sent. After a resend the first
 * one may have acted although the last was refused; a 5xx may have acted too. */
static bool certainly_refused(const struct error *e, uint64_t requests)
{
    if (requests == 0)
        return true;
    return requests == 1 && e->code == ERR_AWS && e->http_status >= 400 && e->http_status < 500;
}

static struct json *outcome_json(const struct error *failure, bool acted)
{
    struct json *out = json_object();

    json_put_bool(out, "ok", !failure);
    if (!failure)
        return out;
    json_put_bool(out, "acted", acted);
    json_put_text(out, "code", failure->remote_code);
    json_put_text(out, "message", failure->message);
    return out;
}

/* After a call that worked its result has to be on disk; after a refusal a
 * store that cannot be written leaves the intent open, which is settled by
 * looking: the refusal itself is what the caller wants to know. */
static bool settle(struct step_context *c, int64_t id, const struct error *failure, struct error *err)
{
    CLEANUP(json_freep) struct json *outcome = outcome_json(failure, false);

    return store_settle(c->run->options->store, id, outcome, err);
}

static bool may_act(struct step_context *c, const char *service, const char *operation, struct error *err)
{
    return c->acting ||
           error_set(err, ERR_BUG, "step %s: %s:%s while only looking", c->step->id, service, operation);
}

bool effect_call(struct step_context *c, const char *target, const char *service, const char *operation,
                 const struct json *in, struct json **out, struct error *err)
{
    const struct aws_operation *op = find_operation(service, operation);
    CLEANUP(mem_freep) char *name = mem_printf("%s:%s", service, operation);
    CLEANUP(json_freep) struct json *input = in ? json_copy(in) : json_object();
    struct aws_client *client;
    char digest[SHA256_HEX], token[37];
    struct store_intent intent = {c->step->id, name, target, "", digest};
    uint64_t before;
    int64_t id;

    if (!op)
        return error_set(err, ERR_BUG, "unknown operation %s", name);
    if (!may_act(c, service, operation, err))
        return false;
    client = activation_client(c, err);
    if (!client || !pick_identity(c, AS_CALLER, client, err))
        return false;
    if (op->token) {
        if (!json_get(input, op->token)) {
            random_uuid(&c->run->random, token);
            json_put_text(input, op->token, token);
        }
        intent.token = json_get_text(input, op->token);
    }
    input_digest(input, op, digest);
    if (!store_intend(c->run->options->store, &intent, &id, err))
        return false;
    before = aws_client_requests(client);
    c->effects++;
    if (aws_call(client, service, operation, input, out, err)) {
        if (settle(c, id, NULL, err))
            return true;
        if (out) {
            json_free(*out);
            *out = NULL;
        }
        return false;
    }
    if (certainly_refused(err, aws_client_requests(client) - before)) {
        struct error ignored;

        c->effects--;
        (void)!settle(c, id, err, &ignored);
    }
    return false;
}

/* ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_QUERY_INTERRUPTED, ER_CONNECTION_KILLED:
 * of an account statement some tables may be written and others not. */
static const int ended_in_the_middle[] = {1053, 1077, 1317, 1927};

/* The server said no; errors of the connection leave it open: MySQL finishes
 * a statement although its client is gone. So does one that was ended in the middle. */
static bool sql_refused(const struct error *e)
{
    for (size_t i = 0; i < ARRAY_LEN(ended_in_the_middle); i++)
        if (e->os_errno == ended_in_the_middle[i])
            return false;
    return (e->code == ERR_SQL || e->code == ERR_DENIED) &&
           (e->os_errno < MYSQL_CLIENT_ERROR_MIN || e->os_errno > MYSQL_CLIENT_ERROR_MAX);
}

bool effect_sql(struct step_context *c, struct mysql_session *s, const char *operation, const char *target,
                struct str statement, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_printf("mysql:%s", operation);
    /* No digest: the statement may hold a password. */
    struct store_intent intent = {c->step->id, name, target, "", ""};
    int64_t id;

    if (!may_act(c, "mysql", operation, err) || !store_intend(c->run->options->store, &intent, &id, err))
        return false;
    c->effects++;
    pthread_mutex_lock(&c->run->mutex);
    c->run->summary->statements++;
    pthread_mutex_unlock(&c->run->mutex);
    if (mysql_run(s, statement, NULL, err))
        return settle(c, id, NULL, err);
    if (sql_refused(err)) {
        struct error ignored;

        c->effects--;
        (void)!settle(c, id, err, &ignored);
    }
    return error_wrap(err, "%s %s", operation, target);
}

bool step_made(struct step_context *c, const char *operation, const char *target, bool *made,
               struct error *err)
{
    CLEANUP(mem_freep) char *sql = strchr(operation, ':') ? NULL : mem_printf("mysql:%s", operation);

    return store_knows(c->run->options->store, sql ? sql : operation, target, made, err);
}
