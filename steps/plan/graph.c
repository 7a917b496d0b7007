#include "steps/plan/graph.h"

#include "aws/common/mem.h"
#include "steps/plan/check.h"

#include <stdio.h>

enum { WORD_BITS = 64 };

size_t grid_row_words(size_t count)
{
    return (count + WORD_BITS - 1) / WORD_BITS;
}

void grid_init(struct grid *g, size_t count)
{
    *g = (struct grid){.count = count, .bits = mem_array(count * grid_row_words(count), sizeof(uint64_t))};
}

void grid_release(struct grid *g)
{
    mem_free(g->bits);
    *g = (struct grid){0};
}

void grid_set(struct grid *g, size_t row, size_t column)
{
    g->bits[row * grid_row_words(g->count) + column / WORD_BITS] |= (uint64_t)1 << (column % WORD_BITS);
}

bool grid_get(const struct grid *g, size_t row, size_t column)
{
    return g->bits[row * grid_row_words(g->count) + column / WORD_BITS] >> (column % WORD_BITS) & 1;
}

static void list_needs(const struct grid *edges, size_t index, struct plan_step *step)
{
    for (size_t i = 0; i < edges->count; i++)
        step->need_count += grid_get(edges, index, i);
    step->needs = mem_array(step->need_count, sizeof(size_t));
    for (size_t i = 0, n = 0; i < edges->count; i++)
        if (grid_get(edges, index, i))
            step->needs[n++] = i;
}

static bool ready(const struct plan_step *step, const bool *done)
{
    for (size_t i = 0; i < step->need_count; i++)
        if (!done[step->needs[i]])
            return false;
    return true;
}

/* Always the first step of the file that can run. done[i] stays false for what
 * is on a cycle or behind one; returns how many are in the order. */
static size_t sort_steps(struct plan *p, bool *done)
{
    size_t count = 0;
    size_t from = 0;

    p->order = mem_array(p->step_count, sizeof(size_t));
    while (from < p->step_count) {
        size_t i = from;

        while (i < p->step_count && (done[i] || !ready(&p->steps[i], done)))
            i++;
        if (i == p->step_count)
            break;
        done[i] = true;
        p->order[count++] = i;
        while (from < p->step_count && done[from])
            from++;
    }
    return count;
}

/* A shortest way from a step back to itself, among those left: way[0] needs
 * way[1] needs … needs way[0]. Returns its length, 0 for none. */
static size_t find_cycle(const struct plan *p, size_t start, const bool *done, size_t *way)
{
    CLEANUP(mem_freep) size_t *queue = mem_array(p->step_count, sizeof(size_t));
    CLEANUP(mem_freep) size_t *from = mem_array(p->step_count, sizeof(size_t));
    size_t head = 0, tail = 0, len = 0;

    for (size_t i = 0; i < p->step_count; i++)
        from[i] = SIZE_MAX;
    queue[tail++] = start;
    while (head < tail) {
        size_t at = queue[head++];

        for (size_t i = 0; i < p->steps[at].need_count; i++) {
            size_t next = p->steps[at].needs[i];

            if (next == start) {
                for (size_t back = at; back != start; back = from[back])
                    way[len++] = back;
                way[len++] = start;
                for (size_t k = 0; k < len / 2; k++) {
                    size_t swap = way[k];

                    way[k] = way[len - 1 - k];
                    way[len - 1 - k] = swap;
                }
                return len;
            }
            if (!done[next] && from[next] == SIZE_MAX) {
                from[next] = at;
                queue[tail++] = next;
            }
        }
    }
    return 0;
}

/* "a needs b needs a"; a chain that does not fit a message loses its middle. */
static void report_cycle(struct checker *c, const size_t *way, size_t len)
{
    enum { ROOM = sizeof(((struct plan_problem *)0)->message) - 140 };
    CLEANUP(buf_release) struct buf chain = {0};
    size_t shown = 0;

    for (; shown < len && chain.len < ROOM; shown++)
        buf_printf(&chain, "%s needs ", c->plan->steps[way[shown]].id);
    if (shown < len)
        buf_printf(&chain, "... (%zu more) needs ", len - shown);
    buf_adds(&chain, c->plan->steps[way[0]].id);
    problem_add(c->problems, &c->source, place_of(c->keys[way[0]]), "steps in a circle: %s",
                buf_text(&chain));
}

/* Each step on a cycle is named in at least one chain. */
static void report_cycles(struct checker *c, const bool *done)
{
    size_t count = c->plan->step_count;
    CLEANUP(mem_freep) bool *named = mem_array(count, sizeof(bool));
    CLEANUP(mem_freep) size_t *way = mem_array(count, sizeof(size_t));

    for (size_t i = 0; i < count; i++) {
        size_t len = done[i] || named[i] ? 0 : find_cycle(c->plan, i, done, way);

        for (size_t k = 0; k < len; k++)
            named[way[k]] = true;
        if (len > 0)
            report_cycle(c, way, len);
    }
}

static void fill_reach(struct plan *p)
{
    struct grid reach;
    size_t words = grid_row_words(p->step_count);

    grid_init(&reach, p->step_count);
    for (size_t i = 0; i < p->step_count; i++) {
        const struct plan_step *step = &p->steps[p->order[i]];
        uint64_t *row = reach.bits + p->order[i] * words;

        for (size_t k = 0; k < step->need_count; k++) {
            grid_set(&reach, p->order[i], step->needs[k]);
            for (size_t w = 0; w < words; w++)
                row[w] |= reach.bits[step->needs[k] * words + w];
        }
    }
    p->reach = reach.bits;
}

/* Who needs the undone step by a way that does not lead through its undo has
 * to be over when the undo runs. */
static void check_undo(struct checker *c, size_t undo)
{
    const struct plan *p = c->plan;
    size_t undone = plan_index(p, p->steps[undo].undoes);
    CLEANUP(mem_freep) bool *uses = mem_array(p->step_count, sizeof(bool));

    for (size_t i = 0; i < p->step_count; i++) {
        size_t at = p->order[i];
        const struct plan_step *step = &p->steps[at];

        /* A second undo of the step is a mistake of its own. */
        if (step->undoes == p->steps[undo].undoes)
            continue;
        for (size_t k = 0; k < step->need_count; k++)
            uses[at] =
                uses[at] || step->needs[k] == undone || (step->needs[k] != undo && uses[step->needs[k]]);
        if (!uses[at] || plan_needs(p, &p->steps[undo], step))
            continue;
        c->step = at;
        if (plan_needs(p, step, &p->steps[undo]))
            check_problem(c, place_of(c->keys[at]), "needs \"%s\", but runs after \"%s\" has undone it",
                          p->steps[undone].id, p->steps[undo].id);
        else
            check_problem(c, place_of(c->keys[at]),
                          "needs \"%s\", which \"%s\" undoes: add \"%s\" to the needs of \"%s\"",
                          p->steps[undone].id, p->steps[undo].id, step->id, p->steps[undo].id);
    }
}

void check_graph(struct checker *c)
{
    struct plan *p = c->plan;
    CLEANUP(mem_freep) bool *done = mem_array(p->step_count, sizeof(bool));

    for (size_t i = 0; i < p->step_count; i++)
        list_needs(&c->edges, i, &p->steps[i]);
    if (sort_steps(p, done) < p->step_count) {
        report_cycles(c, done);
        return;
    }
    fill_reach(p);
    for (size_t i = 0; i < p->step_count; i++)
        if (p->steps[i].undoes)
            check_undo(c, i);
}

bool plan_needs(const struct plan *p, const struct plan_step *step, const struct plan_step *need)
{
    const struct grid reach = {p->step_count, p->reach};

    return grid_get(&reach, plan_index(p, step), plan_index(p, need));
}

bool plan_retires(const struct plan *p, const struct plan_step *undo, const struct plan_step *step)
{
    /* What is ordered before the undo cannot need the step through it. */
    return undo->undoes &&
           (step == undo->undoes || (plan_needs(p, step, undo->undoes) && plan_needs(p, undo, step)));
}
