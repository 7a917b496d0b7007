/* Plans that are wrong, each mistake with its exact place. */
#ifndef TESTS_UNIT_STEPS_PLAN_MISTAKES_H
#define TESTS_UNIT_STEPS_PLAN_MISTAKES_H

#include "aws/common/file.h"
#include "tests/unit/steps/plan/kinds.h"

#include <errno.h>

/* Five lines in front of a step under test, which starts in line 6. */
#define BASE                                                                                                 \
    "lab: l\n"                                                                                               \
    "vars: {days: {default: \"30\"}, word: {default: abc}}\n"                                                \
    "steps:\n"                                                                                               \
    "  db: {uses: rds.cluster, with: {identifier: c}}\n"                                                     \
    "  role: {uses: iam.role, with: {name: r, service: s}}\n"

struct mistake_row {
    const char *why;
    const char *text;
    struct {
        int line, column;
        const char *message; /* a part of it */
    } want[8];               /* all there are, in this order */
};

static inline bool mistakes_as_wanted(const struct mistake_row *row, const struct plan_problems *problems)
{
    size_t count = 0;

    while (count < ARRAY_LEN(row->want) && row->want[count].message)
        count++;
    if (problems->count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (problems->items[i].line != row->want[i].line ||
            problems->items[i].column != row->want[i].column ||
            !strstr(problems->items[i].message, row->want[i].message))
            return false;
    return true;
}

/* Into the folder LAB_BAD_PLANS, where that is set: `make bench` times them. */
static inline void write_bad_plan(const struct mistake_row *row, size_t number)
{
    const char *dir = getenv("LAB_BAD_PLANS");
    CLEANUP(mem_freep) char *path = NULL;
    struct error err;

    if (!dir)
        return;
    path = mem_printf("%s/%s-%zu.yaml", dir, program_invocation_short_name, number);
    assert_true(file_replace(path, str_of(row->text), &err));
}

static inline void check_mistakes(const struct mistake_row *rows, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        struct plan_problems problems = {0};
        struct buf shown = {0};
        struct plan plan;

        write_bad_plan(&rows[i], i);
        assert_false(test_parse(str_of(rows[i].text), NULL, &plan, &problems));
        assert_null(plan.steps);
        if (!mistakes_as_wanted(&rows[i], &problems)) {
            plan_problems_print(&problems, "lab.yaml", &shown);
            print_error("%s:\n%s", rows[i].why, buf_text(&shown));
            wrong++;
        }
        buf_release(&shown);
        plan_problems_release(&problems);
    }
    assert_int_equal(wrong, 0);
}

#endif
