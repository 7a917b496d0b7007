/* The commands that do one thing: access-test and rotate. Each is a plan of
 * one step, played by the same engine as the lab. */
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/session.h"
#include "steps/kinds/table.h"

static bool play_one(const struct options *o, const struct step_kind *kind, const char *id, struct json *with,
                     int *status, struct error *err)
{
    const struct step_kind *const kinds[] = {kind, NULL};
    const size_t only[] = {0};
    const struct engine_request request = {.action = ENGINE_RUN, .steps = only, .step_count = 1};
    CLEANUP(json_freep) struct json *steps = json_object();
    struct session s = {.stop_fd = -1};
    struct engine_summary summary = {0};

    json_put(json_put(steps, id, json_of("uses", kind->schema.name, NULL)), "with", with);
    bool ok = session_make_plan(&s, o, kinds, id, steps, err) && session_connect(&s, err) &&
              session_open_store(&s, true, id, err) &&
              session_run(&s, id, kinds, &request, &summary, status, err);
    session_release(&s);
    return ok;
}

COMMAND(access_test)
{
    (void)words;
    (void)count;
    if (!o->secret)
        return error_set(err, ERR_USAGE, "usage: lab access-test -s SECRET");
    return play_one(o, &kind_lab_access_test, "access-test",
                    json_of("name", o->secret, "from", "caller", "patience", "0", NULL), status, err);
}

COMMAND(rotate)
{
    struct session s = {.stop_fd = -1};
    CLEANUP(mem_freep) char *secret = NULL;

    if (count == 0 && !session_load_plan(&s, o, err)) {
        session_release(&s);
        return false;
    }
    secret = count > 0 ? mem_dup(words[0]) : session_argument(&s, "secretsmanager.secret", "name");
    session_release(&s);
    if (!*secret)
        return error_set(err, ERR_USAGE, "the plan makes no secret: lab rotate SECRET");
    return play_one(o, &kind_secretsmanager_rotate, "rotate", json_of("secret", secret, NULL), status, err);
}
