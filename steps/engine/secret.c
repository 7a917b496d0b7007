#include "steps/engine/run.h"

#include "aws/common/mem.h"

/* The table is small: a handle for each secret output. The caller holds the
 * secrets' mutex. */
static struct secret_entry *find_entry(struct run *run, struct str handle)
{
    for (size_t i = 0; i < run->secret_count; i++)
        if (str_is(handle, run->secrets[i].handle))
            return &run->secrets[i];
    return NULL;
}

void secrets_put(struct run *run, const char *handle, struct str value)
{
    struct secret_entry *e;

    pthread_mutex_lock(&run->secrets_mutex);
    e = find_entry(run, str_of(handle));
    if (!e) {
        mem_grow(&run->secrets, &run->secret_cap, run->secret_count, sizeof(*run->secrets));
        e = &run->secrets[run->secret_count++];
        e->handle = mem_dup(handle);
    }
    secret_set(&e->value, value);
    pthread_mutex_unlock(&run->secrets_mutex);
}

void secrets_release(struct run *run)
{
    for (size_t i = 0; i < run->secret_count; i++) {
        mem_free(run->secrets[i].handle);
        secret_release(&run->secrets[i].value);
    }
    mem_free(run->secrets);
    run->secrets = NULL;
    run->secret_count = run->secret_cap = 0;
}

/* "secret:STEP/OUTPUT" */
static bool split_handle(const struct run *run, struct str handle, const struct plan_step **step,
                         struct str *output)
{
    struct str rest, id;

    if (!str_starts(handle, STR("secret:")))
        return false;
    rest = str_slice(handle, strlen("secret:"), handle.len);
    if (!str_split(&rest, '/', &id) || !rest.data || str_empty(rest))
        return false;
    *step = plan_find(run->plan, id, NULL);
    *output = rest;
    return *step != NULL;
}

/* In the context of the step that made it, on the worker of the one that asks. */
static bool reissue(struct step_context *c, const struct plan_step *step, const char *output,
                    struct secret *value, struct error *err)
{
    struct step_context maker = {.run = c->run,
                                 .worker = c->worker,
                                 .step = step,
                                 .shown = c->shown,
                                 .mode = TASK_APPLY,
                                 .acting = true,
                                 .started_ms = c->started_ms};
    bool ok = false;

    if (activation_begin(&maker, false, err)) {
        if (maker.kind->reissue)
            ok = maker.kind->reissue(&maker, output, value, err) && step_save_memo(&maker, err);
        else
            error_set(err, ERR_FAILED, "no longer known, and it cannot be made anew");
    }
    c->effects += maker.effects;
    activation_release(&maker);
    return ok || error_wrap(err, "%s of %s", output, step->id);
}

/* One at a time: two steps that miss the same value must not both replace it. */
bool step_secret(struct step_context *c, struct str handle, struct secret *out, struct error *err)
{
    struct run *run = c->run;
    const struct plan_step *step;
    const struct secret_entry *known;
    struct secret value = {0};
    struct str output;
    bool ok = false;

    if (!split_handle(run, handle, &step, &output))
        return error_set(err, ERR_BUG, "step %s: not the handle of a secret", c->step->id);
    pthread_mutex_lock(&run->secrets_mutex);
    known = find_entry(run, handle);
    if (known) {
        secret_copy(out, &known->value);
        ok = true;
    } else if (!c->acting) {
        error_set(err, ERR_FAILED, "the %.*s of %s is not known here, and looking makes no new one",
                  STR_ARG(output), step->id);
    } else {
        CLEANUP(mem_freep) char *name = mem_copy(output);
        CLEANUP(mem_freep) char *key = mem_copy(handle);

        ok = reissue(c, step, name, &value, err);
        if (ok) {
            secrets_put(run, key, secret_str(&value));
            secret_copy(out, &value);
        }
        secret_release(&value);
    }
    pthread_mutex_unlock(&run->secrets_mutex);
    return ok;
}
