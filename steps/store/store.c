#include "steps/store/store.h"

#include "aws/common/db.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "steps/store/chain.h"
#include "steps/store/lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

/* `db` is NULL for a missing file opened to read: an empty store. */
struct store {
    pthread_mutex_t mutex;
    struct db *db;
    struct clock clock;
    char *path;
    bool read_only;
    bool fresh; /* there was no file, or an empty one */
    int lock_fd;
    char *account, *region, *lab, *learner, *run;
};

static const char *const state_names[] = {
    [STORE_NONE] = "none",       [STORE_DONE] = "done",     [STORE_FAILED] = "failed",
    [STORE_RETIRED] = "retired", [STORE_UNDONE] = "undone",
};

/* --- opening --- */

#define PAGE_LEAST_BYTES 512

static bool store_error(struct error *err, const char *path)
{
    err->code = ERR_STORE;
    return error_wrap(err, "state store %s", path);
}

static bool make_parent(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(mem_freep) char *dir = NULL;

    if (!slash)
        dir = mem_dup(".");
    else
        dir = mem_copy((struct str){path, slash == path ? 1 : (size_t)(slash - path)});
    return file_make_dir(dir, err);
}

/* Owner, mode and kind of file are db_open's to check. A file without a table
 * is a run that died before its first commit. */
static bool open_database(struct store *s, struct error *err)
{
    struct stat st;
    bool empty;

    bool there = lstat(s->path, &st) == 0;
    if (s->read_only && !there && errno == ENOENT)
        return true;
    s->fresh = !there || st.st_size == 0;
    /* SQLite takes the first bytes of a file for an empty one. */
    if (there && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size < PAGE_LEAST_BYTES) {
        error_set(err, ERR_STORE, "not a database: it is too short");
        return chain_advise(err);
    }
    if (!db_open(s->path, s->read_only, &s->db, err))
        return chain_advise(err);
    if (!chain_prepare(s->db, s->read_only, &empty, err))
        return false;
    if (empty) {
        db_close(s->db);
        s->db = NULL;
    }
    return true;
}

/* Before anything of the store is touched: two runs that begin at once would
 * else both make and set up the same file. */
static bool lock(struct store *s, const char *command, int64_t *noted, struct error *err)
{
    return make_parent(s->path, err) &&
           lock_take(s->path, command, clock_wall_ms(&s->clock), &s->lock_fd, noted, err);
}

static bool nothing_lost(struct store *s, int64_t noted, struct error *err)
{
    int64_t rows;

    return chain_length(s->db, &rows, err) &&
           /* A store made afresh has lost nothing: the note is of one moved away. */
           (s->fresh || rows >= noted || chain_lost(rows, noted, err)) && lock_note(s->lock_fd, rows, err);
}

bool store_open(const char *path, const char *command, struct clock clock, struct store **out,
                struct error *err)
{
    struct store *s = mem_alloc(sizeof(*s));
    int64_t noted = 0;

    pthread_mutex_init(&s->mutex, NULL);
    s->clock = clock;
    s->path = mem_dup(path);
    s->read_only = !command;
    s->lock_fd = -1;
    s->run = mem_dup("");
    store_set_scope(s, &(struct store_scope){"", "", "", ""});
    if ((command && !lock(s, command, &noted, err)) || !open_database(s, err) ||
        (command && !nothing_lost(s, noted, err))) {
        if (err->code != ERR_TRY_AGAIN)
            store_error(err, path);
        /* What a dead run had noted is kept for the next one. */
        lock_leave(s->lock_fd);
        s->lock_fd = -1;
        store_close(s);
        return false;
    }
    *out = s;
    return true;
}

static void free_scope(struct store *s)
{
    mem_free(s->account);
    mem_free(s->region);
    mem_free(s->lab);
    mem_free(s->learner);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    db_close(s->db);
    lock_release(s->lock_fd);
    free_scope(s);
    mem_free(s->run);
    mem_free(s->path);
    pthread_mutex_destroy(&s->mutex);
    mem_free(s);
}

void store_closep(struct store **s)
{
    store_close(*s);
    *s = NULL;
}

void store_set_scope(struct store *s, const struct store_scope *scope)
{
    pthread_mutex_lock(&s->mutex);
    free_scope(s);
    s->account = mem_dup(scope->account);
    s->region = mem_dup(scope->region);
    s->lab = mem_dup(scope->lab);
    s->learner = mem_dup(scope->learner);
    pthread_mutex_unlock(&s->mutex);
}

void store_set_run(struct store *s, const char *run_id)
{
    pthread_mutex_lock(&s->mutex);
    mem_free(s->run);
    s->run = mem_dup(run_id);
    pthread_mutex_unlock(&s->mutex);
}

/* --- writing --- */

/* Fills in scope, run and time; the rest is the caller's. */
static bool append(struct store *s, struct chain_row *row, int64_t *seq, struct error *err)
{
    int64_t at;
    bool ok;

    if (s->read_only)
        return error_set(err, ERR_BUG, "state store %s was opened to read", s->path);
    pthread_mutex_lock(&s->mutex);
    row->account = s->account;
    row->region = s->region;
    row->lab = s->lab;
    row->learner = s->learner;
    row->run = s->run;
    row->at_ms = clock_wall_ms(&s->clock);
    ok = chain_append(s->db, row, &at, err) && lock_note(s->lock_fd, at, err);
    if (ok && seq)
        *seq = at;
    pthread_mutex_unlock(&s->mutex);
    return ok || store_error(err, s->path);
}

bool store_intend(struct store *s, const struct store_intent *intent, int64_t *id, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_of("token", intent->token, "digest", intent->digest, NULL);
    CLEANUP(buf_release) struct buf text = {0};
    struct chain_row row = {.kind = "intent",
                            .step = intent->step,
                            .operation = intent->operation,
                            .target = intent->target,
                            .state = ""};

    json_write(body, &text);
    row.body = buf_text(&text);
    return append(s, &row, id, err);
}

/* What store_knows and store_open_intents need to ask without reading JSON. */
static const char *outcome_state(const struct json *outcome)
{
    if (json_bool(json_get(outcome, "ok"), false))
        return "ok";
    return json_bool(json_get(outcome, "acted"), true) ? "failed" : "refused";
}

/* The outcome repeats step, operation and target of its intent, so that a row
 * can be read alone. */
static bool get_intent_names(struct store *s, int64_t id, struct buf names[3], struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    const struct db_value args[] = {DB_INT(id)};
    bool row;

    if (!db_query(s->db, "SELECT step, operation, target FROM entry WHERE seq = ? AND kind = 'intent'", args,
                  1, &rows, err) ||
        !db_next(rows, &row, err))
        return false;
    if (!row)
        return error_set(err, ERR_BUG, "no intent %lld", (long long)id);
    for (int i = 0; i < 3; i++)
        buf_add(&names[i], db_text(rows, i));
    return true;
}

bool store_settle(struct store *s, int64_t id, const struct json *outcome, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct buf names[3] = {{0}, {0}, {0}};
    bool ok = false;

    if (s->read_only)
        return error_set(err, ERR_BUG, "state store %s was opened to read", s->path);
    json_write(outcome, &text);
    pthread_mutex_lock(&s->mutex);
    ok = get_intent_names(s, id, names, err);
    pthread_mutex_unlock(&s->mutex);
    if (!ok) {
        store_error(err, s->path);
    } else {
        struct chain_row row = {.kind = "outcome",
                                .step = buf_text(&names[0]),
                                .ref = id,
                                .operation = buf_text(&names[1]),
                                .target = buf_text(&names[2]),
                                .state = outcome_state(outcome),
                                .body = buf_text(&text)};
        ok = append(s, &row, NULL, err);
    }
    for (int i = 0; i < 3; i++)
        buf_release(&names[i]);
    return ok;
}

bool store_put_step(struct store *s, const char *step, enum store_state state, const struct json *outputs,
                    const struct json *memo, const char *message, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_object();
    CLEANUP(buf_release) struct buf text = {0};
    struct chain_row row = {
        .kind = "step", .step = step, .operation = "", .target = "", .state = state_names[state]};

    if (outputs)
        json_put(body, "outputs", json_copy(outputs));
    if (memo)
        json_put(body, "memo", json_copy(memo));
    if (message && *message)
        json_put_text(body, "message", message);
    json_write(body, &text);
    row.body = buf_text(&text);
    return append(s, &row, NULL, err);
}

/* --- reading --- */

#define SAME_SCOPE "account = ? AND region = ? AND lab = ? AND learner = ?"

enum { SCOPE_ARGS = 4 };

static void scope_args(const struct store *s, struct db_value *args)
{
    args[0] = DB_TEXT(str_of(s->account));
    args[1] = DB_TEXT(str_of(s->region));
    args[2] = DB_TEXT(str_of(s->lab));
    args[3] = DB_TEXT(str_of(s->learner));
}

struct found_intent {
    int64_t id;
    char *step, *operation, *target, *token, *digest;
};

struct found_intents {
    struct found_intent *items;
    size_t count, cap;
};

static void found_intents_release(struct found_intents *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct found_intent *one = &f->items[i];

        mem_free(one->step);
        mem_free(one->operation);
        mem_free(one->target);
        mem_free(one->token);
        mem_free(one->digest);
    }
    mem_free(f->items);
    *f = (struct found_intents){0};
}

static bool add_intent(struct found_intents *f, struct db_rows *rows, struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;

    if (!json_parse(db_text(rows, 4), NULL, &body, err))
        return error_wrap(err, "intent %lld", (long long)db_int(rows, 0));
    mem_grow(&f->items, &f->cap, f->count, sizeof(*f->items));
    f->items[f->count++] = (struct found_intent){.id = db_int(rows, 0),
                                                 .step = mem_copy(db_text(rows, 1)),
                                                 .operation = mem_copy(db_text(rows, 2)),
                                                 .target = mem_copy(db_text(rows, 3)),
                                                 .token = mem_dup(json_get_text(body, "token")),
                                                 .digest = mem_dup(json_get_text(body, "digest"))};
    return true;
}

static bool find_open_intents(struct store *s, const char *step, struct found_intents *f, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    struct db_value args[SCOPE_ARGS + 1];
    bool row = true;

    if (!s->db)
        return true;
    scope_args(s, args);
    args[SCOPE_ARGS] = DB_TEXT(str_of(step));
    if (!db_query(s->db,
                  step ? "SELECT seq, step, operation, target, body FROM entry AS i WHERE " SAME_SCOPE
                         " AND step = ? AND kind = 'intent' AND NOT EXISTS"
                         " (SELECT 1 FROM entry WHERE ref = i.seq) ORDER BY seq"
                       : "SELECT seq, step, operation, target, body FROM entry AS i WHERE " SAME_SCOPE
                         " AND kind = 'intent' AND NOT EXISTS"
                         " (SELECT 1 FROM entry WHERE ref = i.seq) ORDER BY seq",
                  args, SCOPE_ARGS + (step != NULL), &rows, err))
        return false;
    while (row)
        if (!db_next(rows, &row, err) || (row && !add_intent(f, rows, err)))
            return false;
    return true;
}

/* Collected first: the callback may write to the store. */
bool store_open_intents(struct store *s, const char *step,
                        void (*each)(void *self, const struct store_intent *intent, int64_t id), void *self,
                        struct error *err)
{
    CLEANUP(found_intents_release) struct found_intents found = {0};
    bool ok;

    pthread_mutex_lock(&s->mutex);
    ok = find_open_intents(s, step, &found, err);
    pthread_mutex_unlock(&s->mutex);
    if (!ok)
        return store_error(err, s->path);
    for (size_t i = 0; i < found.count; i++) {
        const struct found_intent *one = &found.items[i];

        each(self,
             &(struct store_intent){.step = one->step,
                                    .operation = one->operation,
                                    .target = one->target,
                                    .token = one->token,
                                    .digest = one->digest},
             one->id);
    }
    return true;
}

/* Gives whether the query has a row. */
static bool any_row(struct store *s, const char *sql, const struct db_value *args, size_t count, bool *any,
                    struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;

    *any = false;
    return !s->db || (db_query(s->db, sql, args, count, &rows, err) && db_next(rows, any, err));
}

/* An intent that the other side certainly refused made nothing: "exists
 * already" must not turn a stranger's thing into ours. Nor must a thing of ours
 * that is gone since. */
bool store_knows(struct store *s, const char *operation, const char *target, bool *known, struct error *err)
{
    struct db_value args[SCOPE_ARGS + 2];
    bool ok;

    pthread_mutex_lock(&s->mutex);
    scope_args(s, args);
    args[SCOPE_ARGS] = DB_TEXT(str_of(operation));
    args[SCOPE_ARGS + 1] = DB_TEXT(str_of(target));
    ok = any_row(s,
                 "SELECT 1 FROM entry AS i WHERE " SAME_SCOPE " AND operation = ? AND target = ?"
                 " AND kind = 'intent' AND NOT EXISTS"
                 " (SELECT 1 FROM entry WHERE ref = i.seq AND state = 'refused') AND NOT EXISTS"
                 " (SELECT 1 FROM entry AS u WHERE u.account = i.account AND u.region = i.region"
                 " AND u.lab = i.lab AND u.learner = i.learner AND u.step = i.step AND u.kind = 'step'"
                 " AND u.state = 'undone' AND u.seq > i.seq) LIMIT 1",
                 args, ARRAY_LEN(args), known, err);
    pthread_mutex_unlock(&s->mutex);
    return ok || store_error(err, s->path);
}

const char *store_state_name(enum store_state state)
{
    return state_names[state];
}

void store_step_release(struct store_step *s)
{
    json_free(s->outputs);
    json_free(s->memo);
    *s = (struct store_step){0};
}

static bool find_state(struct str name, enum store_state *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
        if (str_is(name, state_names[i])) {
            *out = (enum store_state)i;
            return true;
        }
    }
    return error_set(err, ERR_STORE, "unknown state %.*s", STR_ARG(name));
}

static bool read_step(struct store *s, const char *step, struct store_step *out, struct error *err)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    CLEANUP(json_freep) struct json *body = NULL;
    struct db_value args[SCOPE_ARGS + 1];
    struct str message;
    bool row;

    if (!s->db)
        return true;
    scope_args(s, args);
    args[SCOPE_ARGS] = DB_TEXT(str_of(step));
    if (!db_query(s->db,
                  "SELECT state, at_ms, body FROM entry WHERE " SAME_SCOPE
                  " AND step = ? AND kind = 'step' ORDER BY seq DESC LIMIT 1",
                  args, ARRAY_LEN(args), &rows, err) ||
        !db_next(rows, &row, err))
        return false;
    if (!row)
        return true;
    if (!find_state(db_text(rows, 0), &out->state, err) || !json_parse(db_text(rows, 2), NULL, &body, err))
        return error_wrap(err, "step %s", step);
    out->at_ms = db_int(rows, 1);
    out->outputs = json_detach(body, "outputs");
    out->memo = json_detach(body, "memo");
    message = str_of(json_get_text(body, "message"));
    message.len = str_utf8_prefix(str_slice(message, 0, sizeof(out->message) - 1));
    (void)snprintf(out->message, sizeof(out->message), "%.*s", STR_ARG(message));
    return true;
}

bool store_get_step(struct store *s, const char *step, struct store_step *out, struct error *err)
{
    bool ok;

    *out = (struct store_step){.state = STORE_NONE};
    pthread_mutex_lock(&s->mutex);
    ok = read_step(s, step, out, err);
    pthread_mutex_unlock(&s->mutex);
    if (!ok)
        store_step_release(out);
    return ok || store_error(err, s->path);
}

/* The rows of the step that w names. */
#define OF_STEP(row)                                                                                         \
    row ".account = w.account AND " row ".region = w.region AND " row ".lab = w.lab AND " row                \
        ".learner = w.learner AND " row ".step = w.step"

/* A step of which only an open intent is known is listed too, as "none". It took as long
 * as from the first that the same run wrote of it after its state before. */
static const char list_sql[] =
    "SELECT w.account, w.region, w.lab, w.learner, w.step, coalesce(e.state, 'none'), coalesce(e.at_ms, 0),"
    " coalesce(e.body, '{}'), (SELECT count(*) FROM entry AS i WHERE " OF_STEP(
        "i") " AND i.kind = 'intent'"
             " AND NOT EXISTS (SELECT 1 FROM entry WHERE ref = i.seq)), coalesce(e.at_ms - (SELECT "
             "min(b.at_ms) FROM"
             " entry AS b WHERE " OF_STEP(
                 "b") " AND b.run = e.run AND b.seq > coalesce((SELECT max(p.seq) FROM entry"
                      " AS p WHERE " OF_STEP(
                          "p") " AND p.kind = 'step' AND p.seq < e.seq), 0)), 0) FROM (SELECT account,"
                               " region, lab, learner, step, max(CASE kind WHEN 'step' THEN seq END) AS "
                               "last, min(seq) AS first FROM"
                               " entry GROUP BY account, region, lab, learner, step) AS w LEFT JOIN entry AS "
                               "e ON e.seq = w.last ORDER"
                               " BY w.first";

static bool list_steps(struct store *s, struct json *list, struct error *err)
{
    static const char *const names[] = {"account", "region", "lab", "learner", "step", "state"};
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    bool row;

    if (!s->db)
        return true;
    if (!db_query(s->db, list_sql, NULL, 0, &rows, err))
        return false;
    while (db_next(rows, &row, err)) {
        if (!row)
            return true;
        CLEANUP(json_freep) struct json *body = NULL;
        struct json *one = json_push(list, json_object());

        if (!json_parse(db_text(rows, 7), NULL, &body, err))
            return false;
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            json_put_str(one, names[i], db_text(rows, (int)i));
        json_put_int(one, "at_ms", db_int(rows, 6));
        json_put_text(one, "message", json_get_text(body, "message"));
        json_put_int(one, "open_intents", db_int(rows, 8));
        json_put_int(one, "took_ms", db_int(rows, 9));
    }
    return false;
}

bool store_list(struct store *s, struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *list = json_array();
    bool ok;

    pthread_mutex_lock(&s->mutex);
    ok = list_steps(s, list, err);
    pthread_mutex_unlock(&s->mutex);
    if (!ok)
        return store_error(err, s->path);
    *out = list;
    list = NULL;
    return true;
}
