/* The commands that do one thing: access-test and rotate. Each is a plan of
 * one step, played by the same engine as the lab. */
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/guard.h"
#include "cmd/lab/session.h"
#include "steps/kinds/table.h"

/* One of them. */
struct single {
    const struct step_kind *kind;
    const char *id;
    const char *changes;           /* the secret that is changed; NULL: nothing is */
    struct json *allowed_accounts; /* of the plan it came from; taken over */
};

/* The plan of one step knows no guard rails: those of the plan it came from. */
static bool agreed(struct session *s, struct single *single, struct error *err)
{
    CLEANUP(mem_freep)
    char *what = mem_printf("rotate the secret %s", single->changes ? single->changes : "");

    s->plan.allowed_accounts = single->allowed_accounts;
    single->allowed_accounts = NULL;
    return !single->changes || guard_agree(s, single->id, single->changes, what, err);
}

static bool play_one(const struct options *o, struct single *single, struct json *with, int *status,
                     struct error *err)
{
    const struct step_kind *const kinds[] = {single->kind, NULL};
    const size_t only[] = {0};
    const struct engine_request request = {.action = ENGINE_RUN, .steps = only, .step_count = 1};
    CLEANUP(json_freep) struct json *steps = json_object();
    struct session s = {.stop_fd = -1};
    struct engine_summary summary = {0};

    json_put(json_put(steps, single->id, json_of("uses", single->kind->schema.name, NULL)), "with", with);
    bool ok = session_make_plan(&s, o, kinds, single->id, steps, err) && session_connect(&s, err) &&
              agreed(&s, single, err) && session_open_store(&s, single->id, err) &&
              session_run(&s, single->id, kinds, &request, &summary, status, err);
    session_release(&s);
    json_free(single->allowed_accounts);
    return ok;
}

COMMAND(access_test)
{
    struct single single = {&kind_lab_access_test, "access-test", NULL, NULL};

    (void)words;
    (void)count;
    if (!o->secret)
        return error_set(err, ERR_USAGE, "usage: lab access-test -s SECRET");
    if (o->cache_s > 0 && o->repeat < 2)
        return error_set(err, ERR_USAGE, "--cache: a single login has nothing to keep; add --repeat N");
    struct json *with = json_of("name", o->secret, "from", "caller", "patience", "0", NULL);
    if (o->repeat > 0)
        json_put_int(with, "repeat", o->repeat);
    if (o->cache_s > 0)
        json_put_int(with, "cache", o->cache_s);
    return play_one(o, &single, with, status, err);
}

COMMAND(rotate)
{
    struct session s = {.stop_fd = -1};
    struct single single = {&kind_secretsmanager_rotate, "rotate", NULL, NULL};
    CLEANUP(mem_freep) char *secret = NULL;

    if ((count == 0 || o->plan) && !session_load_plan(&s, o, err)) {
        session_release(&s);
        return false;
    }
    secret = count > 0 ? mem_dup(words[0]) : session_argument(&s, "secretsmanager.secret", "name");
    single.changes = secret;
    single.allowed_accounts = s.plan.allowed_accounts ? json_copy(s.plan.allowed_accounts) : NULL;
    session_release(&s);
    if (!*secret) {
        json_free(single.allowed_accounts);
        return error_set(err, ERR_USAGE, "the plan makes no secret: lab rotate SECRET");
    }
    return play_one(o, &single, json_of("secret", secret, NULL), status, err);
}
