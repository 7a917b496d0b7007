/* The arguments of a step before anything is there. */
#include "steps/engine/run.h"

#include "aws/common/mem.h"

#include <string.h>

struct planned {
    struct run *run;
    struct json *steps; /* by id: arguments and outputs */
};

static const struct json *planned_of(void *self, const char *step_id)
{
    const struct planned *p = self;

    return json_get(p->steps, step_id);
}

/* An argument and an output of one name: the argument, a whole step perhaps,
 * says more. */
static void add_outputs(struct json *to, const struct step_run *s)
{
    const struct json *outputs = s->outputs ? s->outputs : s->recorded.outputs;

    for (const struct json *o = json_first(outputs); o; o = json_next(o)) {
        if (!json_get(to, json_key(o)))
            json_put(to, json_key(o), json_copy(o));
    }
}

static bool plan_all(struct planned *p, const struct plan_step *last, struct error *err)
{
    const struct engine_options *o = p->run->options;
    const struct plan *plan = p->run->plan;
    const struct plan_scope scope = {planned_of, p, o->account, o->region, o->partition, o->learner};

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[plan->order[i]];
        struct json *with = NULL;

        if (step->undoes)
            continue;
        if (!plan_resolve(plan, step, &scope, true, &with, err))
            return error_wrap(err, "step %s", step->id);
        if (step != last)
            add_outputs(with, &p->run->steps[plan->order[i]]);
        json_put(p->steps, step->id, with);
        if (step == last)
            return true;
    }
    return error_set(err, ERR_BUG, "step %s is not in the plan's order", last->id);
}

bool step_planned(struct step_context *c, struct json **out, struct error *err)
{
    struct planned p = {c->run, json_object()};
    bool ok;

    pthread_mutex_lock(&c->run->mutex);
    ok = plan_all(&p, c->step, err);
    pthread_mutex_unlock(&c->run->mutex);
    *out = ok ? json_copy(json_get(p.steps, c->step->id)) : NULL;
    json_free(p.steps);
    return ok;
}
