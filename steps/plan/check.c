/* What every part of the check uses: messages, names and numbers. */
#include "steps/plan/check.h"

#include "aws/common/mem.h"
#include "steps/plan/near.h"

#include <stdarg.h>
#include <stdio.h>

void check_problem(struct checker *c, struct place at, const char *format, ...)
{
    CLEANUP(mem_freep) char *message = NULL;
    va_list args;

    va_start(args, format);
    message = mem_vprintf(format, args);
    va_end(args);
    problem_add(c->problems, &c->source, at, "step \"%s\": %s", c->plan->steps[c->step].id, message);
}

void check_field_problem(struct checker *c, struct place at, const char *format, ...)
{
    CLEANUP(mem_freep) char *message = NULL;
    va_list args;

    va_start(args, format);
    message = mem_vprintf(format, args);
    va_end(args);
    check_problem(c, at, "%s: %s", c->path, message);
}

size_t check_enter(struct checker *c, const char *separator, struct str name)
{
    size_t before = c->path_len, room = sizeof(c->path) - before;
    int len = name.len > 40 ? 40 : (int)name.len;
    int added = snprintf(c->path + before, room, "%s%.*s", before > 0 ? separator : "", len, name.data);

    c->path_len = (size_t)added < room ? before + (size_t)added : sizeof(c->path) - 1;
    return before;
}

void check_leave(struct checker *c, size_t path_len)
{
    c->path_len = path_len;
    c->path[path_len] = '\0';
}

int check_step_named(const struct checker *c, struct str id)
{
    for (size_t i = 0; i < c->plan->step_count; i++)
        if (str_is(id, c->plan->steps[i].id))
            return (int)i;
    return NO_STEP;
}

void check_no_step(struct checker *c, struct place at, struct str id)
{
    struct near near;

    if (problems_full(c->problems))
        return;
    near_init(&near, id);
    /* A step is not its own near miss. */
    for (size_t i = 0; i < c->plan->step_count; i++)
        if (i != c->step)
            near_offer(&near, c->plan->steps[i].id);
    check_field_problem(c, at, "there is no step \"%.*s\"%s", STR_ARG(id), near_hint(&near));
}

bool check_is_missing(const struct yaml_node *node)
{
    return node->type == YAML_SCALAR && !node->quoted && node->text.len == 0;
}

bool check_integer(struct str text, int64_t *out)
{
    const int64_t exact = (int64_t)1 << 53;
    bool negative = str_starts(text, STR("-"));
    struct str digits = str_slice(text, negative ? 1 : 0, text.len);

    if (str_starts(digits, STR("0")) && (digits.len > 1 || negative))
        return false;
    return str_to_i64(text, out) && *out >= -exact && *out <= exact;
}
