/* Circles, order and the rules of undo steps. */
#include "aws/common/file.h"

#include "tests/unit/steps/plan/mistakes.h"

static const struct mistake_row rows[] = {
    {"a circle of one",
     BASE "  x: {uses: rds.cluster, needs: [x], with: {identifier: c}}\n",
     {{6, 3, "steps in a circle: x needs x"}}},
    {"a circle of one by reference",
     BASE "  x: {uses: rds.cluster, with: {identifier: '${steps.x.port}'}}\n",
     {{6, 3, "steps in a circle: x needs x"}}},
    {"a circle of three, named whole",
     BASE "  a: {uses: rds.cluster, needs: [b], with: {identifier: c}}\n"
          "  b: {uses: rds.cluster, with: {identifier: '${steps.c.port}'}}\n"
          "  c: {uses: rds.cluster, needs: [db, a], with: {identifier: c}}\n",
     {{6, 3, "steps in a circle: a needs b needs c needs a"}}},
    {"two circles",
     BASE "  a: {uses: rds.cluster, needs: [b], with: {identifier: c}}\n"
          "  b: {uses: rds.cluster, needs: [a], with: {identifier: c}}\n"
          "  c: {uses: rds.cluster, needs: [d], with: {identifier: c}}\n"
          "  d: {uses: rds.cluster, needs: [c, a], with: {identifier: c}}\n",
     {{6, 3, "circle: a needs b needs a"}, {8, 3, "circle: c needs d needs c"}}},
    {"two circles that share a step",
     BASE "  a: {uses: rds.cluster, needs: [b, c], with: {identifier: c}}\n"
          "  b: {uses: rds.cluster, needs: [a], with: {identifier: c}}\n"
          "  c: {uses: rds.cluster, needs: [a], with: {identifier: c}}\n",
     {{6, 3, "circle: a needs b needs a"}, {8, 3, "circle: c needs a needs c"}}},
    {"a circle through an undo",
     BASE "  p: {uses: iam.role, needs: [u], with: {name: n, service: s}}\n"
          "  u: {undo: p}\n",
     {{6, 3, "circle: p needs u needs p"}}},
    {"what is behind a circle is not on it",
     BASE "  a: {uses: rds.cluster, needs: [a], with: {identifier: c}}\n"
          "  b: {uses: rds.cluster, needs: [a], with: {identifier: c}}\n",
     {{6, 3, "circle: a needs a"}}},
};

static void mistakes(void **state)
{
    (void)state;
    check_mistakes(rows, ARRAY_LEN(rows));
}

#define STEP(id, needs) "  " id ": {uses: rds.cluster, with: {identifier: c}, needs: [" needs "]}\n"

static void order_is(const char *text, const char *want)
{
    struct buf got = {0};
    struct plan plan;

    must_parse(str_of(text), &plan);
    for (size_t i = 0; i < plan.step_count; i++)
        buf_printf(&got, "%s%s", i == 0 ? "" : " ", plan.steps[plan.order[i]].id);
    assert_string_equal(buf_text(&got), want);
    buf_release(&got);
    plan_release(&plan);
}

static void order(void **state)
{
    (void)state;
    /* Nothing in the way: the file's order. */
    order_is("lab: l\nsteps:\n" STEP("b", "") STEP("a", "") STEP("c", ""), "b a c");
    /* Needs before, ties by the file. */
    order_is("lab: l\nsteps:\n" STEP("a", "c") STEP("b", "") STEP("c", "") STEP("d", "b"), "b c a d");
    /* An edge from a reference and one from undo. */
    order_is("lab: l\nsteps:\n"
             "  u: {undo: r}\n"
             "  r: {uses: iam.role, with: {name: \"${steps.b.port}\", service: s}}\n" STEP("b", ""),
             "b r u");
}

static void needs(void **state)
{
    struct plan plan;

    (void)state;
    must_parse(
        STR("lab: l\nsteps:\n" STEP("a", "c, b") STEP("b", "d") STEP("c", "d") STEP("d", "") STEP("e", "")),
        &plan);
    assert_int_equal(test_step(&plan, "a")->need_count, 2); /* ascending, whatever the text says */
    assert_int_equal(test_step(&plan, "a")->needs[0], 1);
    assert_int_equal(test_step(&plan, "a")->needs[1], 2);
    assert_true(plan_needs(&plan, test_step(&plan, "a"), test_step(&plan, "d")));
    assert_true(plan_needs(&plan, test_step(&plan, "a"), test_step(&plan, "b")));
    assert_false(plan_needs(&plan, test_step(&plan, "d"), test_step(&plan, "a")));
    assert_false(plan_needs(&plan, test_step(&plan, "a"), test_step(&plan, "a")));
    assert_false(plan_needs(&plan, test_step(&plan, "a"), test_step(&plan, "e")));
    plan_release(&plan);
}

/* One edge for a need that is named and referenced. */
static void one_edge(void **state)
{
    struct plan plan;

    (void)state;
    must_parse(STR("lab: l\nsteps:\n" STEP("b", "") "  a: {uses: rds.cluster, needs: [b], with: {identifier: "
                                                    "\"${steps.b.port}${steps.b.port}\"}}\n"),
               &plan);
    assert_int_equal(test_step(&plan, "a")->need_count, 1);
    assert_int_equal(test_step(&plan, "a")->needs[0], 0);
    plan_release(&plan);
}

static void retired_by(const struct plan *plan, const char *undo, const char *want)
{
    struct buf got = {0};

    for (size_t i = 0; i < plan->step_count; i++)
        if (plan_retires(plan, test_step(plan, undo), &plan->steps[i]))
            buf_printf(&got, "%s%s", got.len ? " " : "", plan->steps[i].id);
    assert_string_equal(buf_text(&got), want);
    buf_release(&got);
}

static void retires(void **state)
{
    struct plan plan;

    (void)state;
    must_parse(STR("lab: l\nsteps:\n"
                   "  r: {uses: iam.role, with: {name: n, service: s}}\n" STEP("used", "r")
                       STEP("used2", "used")
                           STEP("other", "") "  u: {undo: r, needs: [used2, other]}\n" STEP("after", "u")),
               &plan);
    /* What it needs for other reasons, and what comes after, stays. */
    retired_by(&plan, "u", "r used used2");
    retired_by(&plan, "after", ""); /* no scene at all */
    plan_release(&plan);
}

static void retires_in_the_lab(void **state)
{
    struct buf text = {0};
    struct plan plan;
    struct error err;

    (void)state;
    assert_true(file_read("labs/secrets-manager/plan.yaml", (size_t)1 << 18, &text, &err));
    must_parse(buf_str(&text), &plan);
    retired_by(&plan, "detach", "attach allowed");
    retired_by(&plan, "restore", "instance-role identity allowed detach denied");
    plan_release(&plan);
    buf_release(&text);
}

/* A circle too long for a message keeps its ends. */
static void long_circle(void **state)
{
    struct plan_problems problems;
    struct buf text = {0};
    struct plan plan;

    (void)state;
    buf_adds(&text, "lab: l\nsteps:\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "  s%d: {uses: rds.cluster, with: {identifier: c}, needs: [s%d]}\n", i,
                   (i + 1) % 1000);
    assert_false(test_parse(buf_str(&text), NULL, &plan, &problems));
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].line, 3);
    assert_non_null(strstr(problems.items[0].message, "steps in a circle: s0 needs s1 needs s2 needs "));
    assert_non_null(strstr(problems.items[0].message, " more) needs s0"));
    plan_problems_release(&problems);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),    cmocka_unit_test(order),   cmocka_unit_test(needs),
        cmocka_unit_test(one_edge),    cmocka_unit_test(retires), cmocka_unit_test(retires_in_the_lab),
        cmocka_unit_test(long_circle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
