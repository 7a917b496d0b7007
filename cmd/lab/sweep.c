/* lab sweep: removes what carries our tags but is in no store. */
#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/exit_status.h"
#include "cmd/lab/guard.h"
#include "cmd/lab/session.h"
#include "cmd/lab/stop.h"
#include "steps/kinds/sweep.h"
#include "steps/kinds/tagged.h"
#include "steps/mysql/rotation.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sweep {
    struct session session;
    struct json *cluster, *admin; /* of the plan, NULL when it makes no user */
    char *host;
    char admin_user[81];
    struct json *items;   /* in no store */
    struct json *batches; /* the plans that remove them */
};

static void sweep_release(struct sweep *w)
{
    json_free(w->cluster);
    json_free(w->admin);
    mem_free(w->host);
    json_free(w->items);
    json_free(w->batches);
    session_release(&w->session);
}

/* --- what is found --- */

/* A step that is recorded and not undone: `lab down` removes what it made. */
static bool in_store(const struct json *rows, const struct json *item, const char *account)
{
    for (const struct json *r = json_first(rows); r; r = json_next(r)) {
        const char *state = json_get_text(r, "state");
        bool ended = strcmp(state, "undone") == 0 || strcmp(state, "none") == 0;
        if (strcmp(json_get_text(r, "lab"), json_get_text(item, "lab")) == 0 &&
            strcmp(json_get_text(r, "learner"), json_get_text(item, "learner")) == 0 &&
            strcmp(json_get_text(r, "step"), json_get_text(item, "step")) == 0 &&
            strcmp(json_get_text(r, "account"), account) == 0 &&
            (!ended || json_int(json_get(r, "open_intents"), 0) > 0))
            return true;
    }
    return false;
}

/* A secret in its recovery window is on its way out; --purge does not wait. */
static bool find_items(struct sweep *w, struct aws_client *client, struct error *err)
{
    CLEANUP(json_freep) struct json *found = NULL;
    CLEANUP(json_freep) struct json *rows = NULL;
    const struct session *s = &w->session;

    if (!store_list(s->store, &rows, err) || !tagged_find(client, &found, err))
        return false;
    w->items = json_array();
    for (const struct json *f = json_first(found); f; f = json_next(f)) {
        bool waits = strcmp(json_get_text(f, "state"), "scheduled") == 0 && !s->options->purge;
        if (!waits && !in_store(rows, f, s->account))
            json_push(w->items, json_copy(f));
    }
    return true;
}

static void show_items(const struct sweep *w)
{
    for (const struct json *i = json_first(w->items); i; i = json_next(i)) {
        CLEANUP(mem_freep)
        char *detail =
            mem_printf("lab %s, learner %s, step %s, run %s", json_get_text(i, "lab"),
                       json_get_text(i, "learner"), json_get_text(i, "step"), json_get_text(i, "run"));
        CLEANUP(json_freep)
        struct json *event = json_of("type", "proof", "what", json_get_text(i, "what"), "name",
                                     json_get_text(i, "name"), "state", "orphan", "detail", detail, NULL);
        render_event(w->session.render, event);
    }
}

/* --- the database's part --- */

static const struct json *no_outputs(void *self, const char *step_id)
{
    (void)self;
    (void)step_id;
    return NULL;
}

/* The first mysql.user step of the plan says how to get in. */
static void find_admin(struct sweep *w)
{
    const struct session *s = &w->session;
    const struct plan_scope scope = {.outputs = no_outputs,
                                     .account = s->account,
                                     .region = s->settings.region,
                                     .partition = s->partition,
                                     .learner = s->options->learner};

    for (size_t i = 0; i < s->plan.step_count && !w->admin; i++) {
        const struct plan_step *step = &s->plan.steps[i];
        CLEANUP(json_freep) struct json *with = NULL;
        struct error ignored;
        if (step->undoes || strcmp(step->kind->name, "mysql.user") != 0 ||
            !plan_resolve(&s->plan, step, &scope, true, &with, &ignored))
            continue;
        w->admin = json_detach(with, "admin");
        w->host = mem_dup(json_get_text(with, "host"));
    }
}

/* The admin is never swept, whatever a secret says. */
static bool read_admin_user(struct sweep *w, struct aws_client *client, struct error *err)
{
    const char *secret = json_get_text(w->admin, "secret");
    CLEANUP(json_freep) struct json *in = json_of("SecretId", secret, NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(mysql_login_release) struct mysql_login login = {0};

    if (!*secret || !aws_call(client, "secretsmanager", "GetSecretValue", in, &out, err) ||
        !mysql_login_parse(json_str(json_get(out, "SecretString")), json_get_text(w->cluster, "endpoint"),
                           &login, err))
        return false;
    snprintf(w->admin_user, sizeof w->admin_user, "%s", login.user);
    return true;
}

/* Without a cluster or its admin, database users are left and that is said. */
static void find_database(struct sweep *w, struct aws_client *client)
{
    CLEANUP(mem_freep) char *identifier = session_argument(&w->session, "rds.cluster", "identifier");
    CLEANUP(json_freep) struct json *in = json_of("DBClusterIdentifier", identifier, NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error why;

    find_admin(w);
    if (!w->admin || !*identifier)
        return;
    if (aws_call(client, "rds", "DescribeDBClusters", in, &out, &why)) {
        const struct json *cluster = json_path(out, "DBClusters.0");
        w->cluster = json_of("endpoint", json_get_text(cluster, "Endpoint"), NULL);
        json_put_int(w->cluster, "port", json_int(json_get(cluster, "Port"), 3306));
        if (read_admin_user(w, client, &why))
            return;
    }
    json_free(w->cluster);
    w->cluster = NULL;
    fprintf(stderr, "lab: database users are not swept: the admin's login cannot be read\n");
}

/* --- removing --- */

static bool agreed(struct sweep *w, struct error *err)
{
    char answer[16] = "";
    size_t count = json_count(w->items);

    CLEANUP(mem_freep)
    char *what = mem_printf("remove %s", count == 1 ? "the thing shown above" : "all that is shown above");

    if (guard_session_is_real(&w->session))
        return guard_agree(&w->session, "sweep", NULL, what, err);
    if (w->session.options->yes)
        return true;
    if (!isatty(STDIN_FILENO))
        return error_set(err, ERR_FAILED, "%zu thing%s found; `lab sweep --yes` removes %s", count,
                         count == 1 ? "" : "s", count == 1 ? "it" : "them");
    fprintf(stderr, "Remove %s? Type yes: ", count == 1 ? "it" : "all of them");
    if (!fgets(answer, sizeof answer, stdin) || strcmp(answer, "yes\n") != 0)
        return error_set(err, ERR_FAILED, "nothing was removed");
    return true;
}

static bool remove_batch(struct sweep *w, const struct sweep_kinds *kinds, const struct json *batch,
                         int *status, struct error *err)
{
    struct session *s = &w->session;
    const struct options *before = s->options;
    struct options own = *before;
    const struct engine_request request = {.action = ENGINE_DOWN};
    struct engine_summary summary = {0};

    own.learner = json_get_text(batch, "learner");
    bool ok =
        session_make_plan(s, &own, kinds->list, json_get_text(batch, "lab"), json_get(batch, "steps"), err);
    if (ok) {
        session_set_scope(s);
        ok = session_run(s, "sweep", kinds->list, &request, &summary, status, err);
    }
    s->options = before;
    return ok;
}

/* What is left was kept by name as not ours: the tags changed since. */
static bool remove_all(struct sweep *w, struct aws_client *client, int *status, struct error *err)
{
    const struct sweep_request request = {.client = client,
                                          .cluster = w->cluster,
                                          .admin = w->admin,
                                          .host = w->host ? w->host : "%",
                                          .admin_user = w->admin_user};
    struct sweep_kinds kinds;

    sweep_kinds_init(&kinds);
    if (!sweep_plan(&request, w->items, &w->batches, err))
        return false;
    for (const struct json *b = json_first(w->batches); b; b = json_next(b)) {
        if (!remove_batch(w, &kinds, b, status, err))
            return false;
    }
    return true;
}

static bool sweep(struct sweep *w, int *status, struct error *err)
{
    CLEANUP(aws_client_freep) struct aws_client *client = session_client(&w->session, err);

    if (!client || !find_items(w, client, err))
        return false;
    show_items(w);
    if (json_count(w->items) == 0) {
        if (!w->session.options->quiet)
            fprintf(stderr, "lab: nothing carries our tags that is in no store\n");
        return true;
    }
    if (!agreed(w, err))
        return false;
    find_database(w, client);
    return remove_all(w, client, status, err);
}

COMMAND(sweep)
{
    struct sweep w = {.session = {.stop_fd = -1}};
    struct session *s = &w.session;
    struct error report;

    (void)words;
    (void)count;
    *status = 0;
    if (!session_load_plan(s, o, err) || !session_connect(s, err) || !session_open_store(s, "sweep", err)) {
        sweep_release(&w);
        return false;
    }
    s->render = render_new(o, "sweep");
    bool ok = sweep(&w, status, err);
    if (!ok)
        *status = err->code == ERR_INTERRUPTED ? stop_status() : exit_status_of(err);
    if (!render_end(s->render, s->summary, *status, &report) && ok) {
        *err = report;
        ok = false;
    }
    render_free(s->render);
    sweep_release(&w);
    return ok;
}
