#include "steps/engine/run.h"

#include "aws/common/mem.h"
#include "steps/mysql/trouble.h"

#include <errno.h>
#include <stdio.h>

/* --- what a kind reads --- */

const struct json *step_with(const struct step_context *c)
{
    return c->with;
}

const struct json *step_expect(const struct step_context *c)
{
    return c->step->expect;
}

const char *step_id(const struct step_context *c)
{
    return c->step->id;
}

const char *step_lab(const struct step_context *c)
{
    return c->run->plan->lab;
}

const char *step_account(const struct step_context *c)
{
    return c->run->options->account;
}

const char *step_region(const struct step_context *c)
{
    return c->run->options->region;
}

const char *step_partition(const struct step_context *c)
{
    return c->run->options->partition;
}

const char *step_learner(const struct step_context *c)
{
    return c->run->options->learner;
}

const char *step_ca_file(const struct step_context *c)
{
    return c->run->options->ca_file;
}

bool step_adopts(const struct step_context *c)
{
    return c->run->options->adopt;
}

bool step_purges(const struct step_context *c)
{
    return c->run->options->purge;
}

bool step_checks(const struct step_context *c)
{
    return c->mode == TASK_CHECK;
}

bool step_scene(const struct step_context *c)
{
    return c->mode == TASK_SCENE;
}

const struct random *step_random(const struct step_context *c)
{
    return &c->run->random;
}

bool step_interrupted(const struct step_context *c)
{
    return clock_wait(0, c->run->options->stop_fd);
}

int64_t step_now_ms(const struct step_context *c)
{
    return clock_wall_ms(&c->run->options->clock);
}

int64_t step_run_started_ms(const struct step_context *c)
{
    return c->run->started_wall_ms;
}

const struct json *step_recorded(const struct step_context *c)
{
    return c->recorded;
}

struct json *step_memo(struct step_context *c)
{
    return c->memo;
}

struct json *step_scratch(struct step_context *c)
{
    return c->scratch;
}

/* --- the step's records --- */

static const struct step_kind *find_kind(const struct step_context *c)
{
    const struct step_kind *const *kinds = c->run->options->kinds;

    while (*kinds && &(*kinds)->schema != c->step->kind)
        kinds++;
    return *kinds;
}

struct step_run *activation_run(const struct step_context *c)
{
    return &c->run->steps[plan_index(c->run->plan, c->step)];
}

struct step_run *activation_shown_run(const struct step_context *c)
{
    return &c->run->steps[plan_index(c->run->plan, c->shown)];
}

static const struct json *outputs_of(void *self, const char *step_id)
{
    struct run *run = self;
    const struct plan_step *step = plan_find(run->plan, str_of(step_id), NULL);
    const struct step_run *s;

    if (!step)
        return NULL;
    s = &run->steps[plan_index(run->plan, step)];
    return s->outputs ? s->outputs : s->recorded.outputs;
}

static struct json *recorded_json(const struct store_step *s)
{
    struct json *out;

    if (s->state == STORE_NONE && !s->outputs && !s->memo)
        return NULL;
    out = json_object();
    json_put_text(out, "state", store_state_name(s->state));
    json_put_int(out, "at_ms", s->at_ms);
    if (s->outputs)
        json_put(out, "outputs", json_copy(s->outputs));
    if (s->memo)
        json_put(out, "memo", json_copy(s->memo));
    return out;
}

static bool resolve(struct step_context *c, bool lenient, struct error *err)
{
    struct run *run = c->run;
    const struct engine_options *o = run->options;
    struct plan_scope scope = {outputs_of, run, o->account, o->region, o->partition, o->learner};

    if (plan_resolve(run->plan, c->step, &scope, false, &c->with, err))
        return true;
    if (!lenient)
        return false;
    c->vague = true;
    return plan_resolve(run->plan, c->step, &scope, true, &c->with, err);
}

bool activation_begin(struct step_context *c, bool lenient, struct error *err)
{
    bool ok;

    if (c->begun)
        return true;
    c->kind = find_kind(c);
    if (!c->kind)
        return error_set(err, ERR_BUG, "no kind %s", c->step->kind->name);
    /* A reissue may replace what is recorded of a step that others read. */
    pthread_mutex_lock(&c->run->mutex);
    ok = resolve(c, lenient, err);
    if (ok)
        c->recorded = recorded_json(&activation_run(c)->recorded);
    pthread_mutex_unlock(&c->run->mutex);
    if (!ok)
        return false;
    c->memo = json_copy(json_get(c->recorded, "memo"));
    if (!c->memo)
        c->memo = json_object();
    c->scratch = json_object();
    c->outputs = json_object();
    c->begun = true;
    return true;
}

void activation_release(struct step_context *c)
{
    json_free(c->with);
    json_free(c->recorded);
    json_free(c->memo);
    json_free(c->scratch);
    json_free(c->outputs);
    wait_list_release(&c->waits);
    *c = (struct step_context){0};
}

bool activation_observe(struct step_context *c, struct error *err)
{
    const struct step_kind *kind = c->kind;

    c->seen = (struct observation){.state = OBSERVED_CANNOT_TELL};
    if (!kind->observe)
        return error_set(err, ERR_BUG, "kind %s cannot observe", kind->schema.name);
    if (!kind->observe(c, &c->seen, err))
        return false;
    if (c->seen.state == OBSERVED_PRESENT || c->seen.state == OBSERVED_DIFFERS)
        activation_add_handles(c);
    if (kind->schema.class != KIND_LOOKUP || c->seen.state == OBSERVED_PRESENT)
        return true;
    if (c->seen.state == OBSERVED_CANNOT_TELL)
        return error_set(err, ERR_TRY_AGAIN, "cannot tell: %s", c->seen.detail);
    return error_set(err, ERR_FAILED, "%s", c->seen.detail[0] ? c->seen.detail : "not found");
}

static char *handle_of(const struct step_context *c, const char *name)
{
    return mem_printf("secret:%s/%s", c->step->id, name);
}

void activation_add_handles(struct step_context *c)
{
    for (const struct output_field *f = c->step->kind->outputs; f && f->name; f++) {
        if (f->secret && !json_get(c->outputs, f->name)) {
            CLEANUP(mem_freep) char *handle = handle_of(c, f->name);

            json_put_text(c->outputs, f->name, handle);
        }
    }
}

void activation_publish(struct step_context *c)
{
    struct step_run *s = activation_run(c);

    pthread_mutex_lock(&c->run->mutex);
    json_free(s->outputs);
    s->outputs = json_copy(c->outputs);
    pthread_mutex_unlock(&c->run->mutex);
}

/* An empty memo is none. */
static const struct json *memo_to_keep(const struct step_context *c)
{
    return json_count(c->memo) > 0 ? c->memo : NULL;
}

static bool same(const struct json *a, const struct json *b)
{
    return a && b ? json_equal(a, b) : a == b;
}

/* What the store has is kept beside it, so that it is not read again. */
static bool put(struct step_context *c, enum store_state state, const struct json *outputs, struct error *err)
{
    struct store_step *r = &activation_run(c)->recorded;
    const struct json *memo = memo_to_keep(c);
    struct store_step now = {.state = state, .at_ms = step_now_ms(c)};

    if (!store_put_step(c->run->options->store, c->step->id, state, outputs, memo, NULL, err))
        return false;
    now.outputs = outputs ? json_copy(outputs) : NULL;
    now.memo = memo ? json_copy(memo) : NULL;
    pthread_mutex_lock(&c->run->mutex);
    store_step_release(r);
    *r = now;
    pthread_mutex_unlock(&c->run->mutex);
    return true;
}

bool activation_record(struct step_context *c, enum store_state state, bool always, struct error *err)
{
    const struct store_step *r = &activation_run(c)->recorded;
    const struct json *outputs = state == STORE_UNDONE ? NULL : c->outputs;

    if (state == STORE_UNDONE) {
        json_free(c->memo);
        c->memo = json_object();
    }
    if (!always && r->state == state && same(r->outputs, outputs) && same(r->memo, memo_to_keep(c)))
        return true;
    return put(c, state, outputs, err);
}

bool step_save_memo(struct step_context *c, struct error *err)
{
    const struct store_step *r = &activation_run(c)->recorded;
    CLEANUP(json_freep) struct json *outputs = r->outputs ? json_copy(r->outputs) : NULL;

    if (!c->acting)
        return error_set(err, ERR_BUG, "step %s: memo saved while looking", c->step->id);
    return same(r->memo, memo_to_keep(c)) || put(c, r->state, outputs, err);
}

bool activation_keep_memo(struct step_context *c, struct error *err)
{
    bool acting = c->acting;

    c->acting = true;
    bool ok = step_save_memo(c, err);
    c->acting = acting;
    return ok;
}

struct open_ids {
    int64_t *items;
    size_t count, cap;
};

static void collect_id(void *self, const struct store_intent *intent, int64_t id)
{
    struct open_ids *ids = self;

    (void)intent;
    mem_grow(&ids->items, &ids->cap, ids->count, sizeof(*ids->items));
    ids->items[ids->count++] = id;
}

bool activation_settle(struct step_context *c, const char *how, struct error *err)
{
    CLEANUP(json_freep) struct json *outcome = json_object();
    struct store *store = c->run->options->store;
    struct open_ids ids = {0};
    bool ok;

    json_put_bool(outcome, "ok", true);
    json_put_text(outcome, "settled", how);
    ok = store_open_intents(store, c->step->id, collect_id, &ids, err);
    for (size_t i = 0; ok && i < ids.count; i++)
        ok = store_settle(store, ids.items[i], outcome, err);
    c->settled += ids.count;
    mem_free(ids.items);
    return ok;
}

/* --- what a kind gives --- */

void step_output(struct step_context *c, const char *name, struct json *value)
{
    json_put(c->outputs, name, value);
}

void step_output_text(struct step_context *c, const char *name, const char *value)
{
    json_put_text(c->outputs, name, value);
}

void step_output_secret(struct step_context *c, const char *name, struct str value)
{
    CLEANUP(mem_freep) char *handle = handle_of(c, name);

    secrets_put(c->run, handle, value);
    json_put_text(c->outputs, name, handle);
}

void step_note(struct step_context *c, const char *format, ...)
{
    CLEANUP(mem_freep) char *text = NULL;
    va_list args;

    va_start(args, format);
    text = mem_vprintf(format, args);
    va_end(args);
    event_step(c, "note", json_of("text", text, NULL));
}

/* --- waits --- */

enum {
    SAY_AGAIN_MS = 10000,
    CHECK_WAIT_MS = 5000 /* how long a check waits before it says "not yet" */
};

void wait_list_release(struct wait_list *w)
{
    for (size_t i = 0; i < w->count; i++)
        mem_free(w->items[i].reason);
    mem_free(w->items);
    *w = (struct wait_list){0};
}

size_t wait_list_at(struct wait_list *w, const char *reason)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->items[i].reason, reason) == 0)
            return i;
    mem_grow(&w->items, &w->cap, w->count, sizeof(*w->items));
    w->items[w->count] = (struct wait_entry){.reason = mem_dup(reason), .started_ms = -1, .said_ms = -1};
    return w->count++;
}

/* --timeout beats the plan's, which beats what the kind finds reasonable. */
int64_t step_deadline_ms(const struct step_context *c, int64_t deadline_ms)
{
    if (c->run->options->timeout_ms > 0)
        return c->run->options->timeout_ms;
    return c->shown->timeout_ms > 0 ? c->shown->timeout_ms : deadline_ms;
}

/* A check answers soon, unless it is told to be patient. */
static int64_t limit_ms(const struct step_context *c, const struct step_wait *wait)
{
    if (c->mode == TASK_CHECK && c->run->options->timeout_ms <= 0 && wait->deadline_ms > CHECK_WAIT_MS)
        return CHECK_WAIT_MS;
    return step_deadline_ms(c, wait->deadline_ms);
}

static void say_waiting(struct step_context *c, struct wait_entry *w, int64_t now_ms)
{
    struct json *more;

    if (w->said_ms >= 0 && now_ms - w->said_ms < SAY_AGAIN_MS)
        return;
    w->said_ms = now_ms;
    more = json_of("reason", w->reason, NULL);
    json_put_int(more, "next_ms", w->next_delay_ms);
    json_put_int(more, "deadline_ms", w->limit_ms);
    event_step(c, "waiting", more);
}

enum step_status step_wait(struct step_context *c, const struct step_wait *wait)
{
    size_t at = wait_list_at(&c->waits, wait->reason);
    struct wait_entry *w = &c->waits.items[at];
    int64_t now_ms = run_now_ms(c->run), left_ms;
    int64_t delay_ms = w->next_delay_ms > 0 ? w->next_delay_ms + w->next_delay_ms / 2 : wait->first_ms;

    if (w->started_ms < 0)
        w->started_ms = now_ms;
    if (delay_ms > wait->most_ms)
        delay_ms = wait->most_ms;
    if (delay_ms < 1)
        delay_ms = 1;
    w->next_delay_ms = delay_ms;
    w->limit_ms = limit_ms(c, wait);
    w->usual_ms = wait->deadline_ms;
    left_ms = w->started_ms + w->limit_ms - now_ms;
    c->waits_for = at;
    c->wait_asked = true;
    c->wait_expired = left_ms <= 0;
    c->waited = true;
    if (!c->wait_expired)
        say_waiting(c, w, now_ms);
    return STEP_WAITING;
}

/* --- trouble of AWS's own, or the database's --- */

enum {
    /* A lost reply that was waited for to the end is dear: few of them. */
    TROUBLES_MAX = 10,
    TROUBLE_TIMEOUT = 4,
    /* Within this a database starts again, or another takes its place. */
    DATABASE_PATIENCE_MS = 60000
};

static bool aws_may_pass(const struct error *err)
{
    return err->lost || (err->code == ERR_AWS && (err->throttle || err->http_status >= 500));
}

bool step_may_pass(const struct error *err)
{
    return aws_may_pass(err) || mysql_trouble(err) != NULL;
}

/* From the step's first trouble on: a statement that breaks off each time counts as
 * an effect each time and is no progress. */
static bool try_database_later(struct step_context *c, const struct error *err)
{
    static const char reason[] = "the database to get over its trouble";
    const struct step_wait wait = {reason, 300, 3000, DATABASE_PATIENCE_MS};

    (void)step_wait(c, &wait);
    if (c->wait_expired)
        return false; /* what it failed with says more than that it took too long */
    step_note(c, "%s: %s", mysql_trouble(err), err->message);
    return true;
}

bool activation_try_later(struct step_context *c, const struct error *err)
{
    static const char reason[] = "AWS to get over its trouble";
    const struct step_wait wait = {reason, 500, 10000, 120000};
    size_t at;

    if (mysql_trouble(err))
        return try_database_later(c, err);
    if (!aws_may_pass(err) || c->troubles >= TROUBLES_MAX)
        return false;
    c->troubles += err->os_errno == ETIMEDOUT ? TROUBLE_TIMEOUT : 1;
    /* Each trouble is one of its own: counted, not timed from the first. */
    at = wait_list_at(&c->waits, reason);
    c->waits.items[at].started_ms = -1;
    (void)step_wait(c, &wait);
    step_note(c, "%s", err->message);
    return true;
}

/* --- tags --- */

static const char *const tag_keys[] = {"lab:name", "lab:run", "lab:step", "lab:learner"};

struct json *step_tags(const struct step_context *c)
{
    const char *values[] = {step_lab(c), c->run->options->run_id, step_id(c), step_learner(c)};
    struct json *tags = json_array();

    for (size_t i = 0; i < ARRAY_LEN(tag_keys); i++)
        json_push(tags, json_of("Key", tag_keys[i], "Value", values[i], NULL));
    return tags;
}

/* Services differ in the case of the two names. */
static const char *tag_value(const struct json *tags, const char *key)
{
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        if (strcmp(json_get_text(t, "Key"), key) == 0)
            return json_get_text(t, "Value");
        if (strcmp(json_get_text(t, "key"), key) == 0)
            return json_get_text(t, "value");
    }
    return "";
}

bool step_tags_ours(const struct step_context *c, const struct json *tags)
{
    return strcmp(tag_value(tags, "lab:name"), step_lab(c)) == 0 &&
           strcmp(tag_value(tags, "lab:step"), step_id(c)) == 0 &&
           strcmp(tag_value(tags, "lab:learner"), step_learner(c)) == 0;
}

/* --- who acts --- */

struct aws_client *activation_client(struct step_context *c, struct error *err)
{
    const struct engine_options *o = c->run->options;

    if (!c->worker->client) {
        if (!o->new_client) {
            error_set(err, ERR_BUG, "step %s: no client to call with", c->step->id);
            return NULL;
        }
        c->worker->client = o->new_client(o->new_client_self, err);
    }
    return c->worker->client;
}
