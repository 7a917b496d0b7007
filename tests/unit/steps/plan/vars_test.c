/* The vars of a plan and what is given for them. */

#include "tests/unit/steps/plan/mistakes.h"

static const struct mistake_row rows[] = {
    {"vars as a list",
     "lab: l\n"
     "vars: [a]\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 7, "vars has to be a mapping"}}},
    {"a var is a mapping",
     "lab: l\n"
     "vars: {a: b}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 11, "var \"a\": has to be a mapping, like {default: VALUE"}}},
    {"a var without default",
     "lab: l\n"
     "vars:\n"
     "  a: {help: h}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{3, 3, "var \"a\" has no default and no value; give one with --var a=VALUE"}}},
    {"a var without anything",
     "lab: l\n"
     "vars:\n"
     "  a:\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{3, 3, "var \"a\" has no default"}}},
    {"misspelt default is one mistake",
     "lab: l\n"
     "vars: {a: {defualt: x}}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 12, "var \"a\": unknown key \"defualt\"; did you mean \"default\"?"}}},
    {"unknown key of a var",
     "lab: l\n"
     "vars: {a: {default: x, type: int}}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 24, "var \"a\": unknown key \"type\"; there is default, help"}}},
    {"default is a scalar",
     "lab: l\n"
     "vars: {a: {default: [x]}}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 21, "var \"a\": default has to be text"}}},
    {"default without a value",
     "lab: l\n"
     "vars: {a: {default: }}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 21, "default has no value; an empty text is written \"\""}}},
    {"help is text",
     "lab: l\n"
     "vars: {a: {default: x, help: [y]}}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 30, "var \"a\": help has to be text"}}},
    {"a var's name has no dot",
     "lab: l\n"
     "vars: {a.b: {default: x}}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 8, "\"a.b\" is no name for a var"}}},
    {"a var may not hide ${region}",
     "lab: l\n"
     "vars: {region: {default: x}}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 8, "var \"region\": this name always exists"}}},
};

static void mistakes(void **state)
{
    (void)state;
    check_mistakes(rows, ARRAY_LEN(rows));
}

static void overrides(void **state)
{
    static const char text[] = BASE "  x: {uses: lab.access_test, with: {name: s, samples: \"${days}\"}}\n";
    CLEANUP(json_freep) struct json *good = json_of("days", "31", "word", "w", NULL);
    CLEANUP(json_freep) struct json *bad = json_of("days", "x", "dayz", "1", NULL);
    struct plan_problems problems = {0};
    struct plan plan;

    (void)state;
    assert_true(test_parse(STR(text), good, &plan, &problems));
    assert_string_equal(json_get_text(plan.vars, "days"), "31");
    assert_int_equal(problems.count, 0);
    plan_release(&plan);
    assert_false(test_parse(STR(text), bad, &plan, &problems));
    assert_int_equal(problems.count, 2);
    /* The one without a place comes first. */
    assert_int_equal(problems.items[0].line, 0);
    assert_string_equal(problems.items[0].message, "the plan has no var \"dayz\"; did you mean \"days\"?");
    assert_int_equal(problems.items[1].line, 6);
    assert_int_equal(problems.items[1].column, 56);
    assert_string_equal(problems.items[1].message,
                        "step \"x\": with.samples: ${days}, which is \"x\", is not a whole number");
    plan_problems_release(&problems);
}

/* The value of a var in a plan, as JSON. */
static void value_is(const char *vars, const struct json *overrides, const char *name, const char *want)
{
    struct plan_problems problems;
    struct buf text = {0}, got = {0};
    struct plan plan;

    buf_printf(&text, "lab: l\nvars: %s\nsteps: {a: {uses: rds.cluster, with: {identifier: c}}}\n", vars);
    assert_true(test_parse(buf_str(&text), overrides, &plan, &problems));
    assert_non_null(json_get(plan.vars, name));
    json_write(json_get(plan.vars, name), &got);
    assert_string_equal(buf_text(&got), want);
    plan_release(&plan);
    buf_release(&text);
    buf_release(&got);
}

static void values(void **state)
{
    CLEANUP(json_freep) struct json *given = json_of("a", "", NULL);

    (void)state;
    value_is("{a: {default: 30}}", NULL, "a", "30");
    value_is("{a: {default: \"30\"}}", NULL, "a", "\"30\"");
    value_is("{a: {default: 030}}", NULL, "a", "\"030\""); /* a name, not 24 and not 30 */
    value_is("{a: {default: 1.10}}", NULL, "a", "\"1.10\"");
    value_is("{a: {default: no}}", NULL, "a", "\"no\"");
    value_is("{a: {default: true}}", NULL, "a", "\"true\"");
    value_is("{a: {default: null}}", NULL, "a", "\"null\"");
    value_is("{a: {default: \"\"}}", NULL, "a", "\"\"");
    value_is("{a: {default: x}}", given, "a", "\"\""); /* an empty override is one */
    value_is("{a: {help: h}}", given, "a", "\"\"");    /* it stands for a default */
    value_is("{a: }", given, "a", "\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
        cmocka_unit_test(overrides),
        cmocka_unit_test(values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
