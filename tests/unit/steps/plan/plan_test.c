#include "steps/plan/plan.h"

#include "aws/common/file.h"

#include "tests/unit/steps/plan/mistakes.h"

static const struct mistake_row rows[] = {
    {"nothing at all", "", {{1, 1, "the plan is empty"}}},
    {"only a comment", "# x\n", {{1, 1, "the plan is empty"}}},
    {"a list is no plan",
     "- a\n",
     {{1, 1, "a plan is a mapping with lab, title, allowed_accounts, vars, steps"}}},
    {"a text is no plan", "hello\n", {{1, 1, "a plan is a mapping"}}},
    {"YAML's own mistakes have a place",
     "lab: l\n"
     "steps: {a: [}\n",
     {{2, 13, "did not find expected node content"}}},
    {"aliases are refused", "lab: &a l\n", {{1, 6, "anchors are not allowed"}}},
    {"a key twice",
     "lab: l\n"
     "lab: m\n",
     {{2, 1, "the key \"lab\" stands twice, first in line 1"}}},
    {"misspelt top key",
     "lab: l\n"
     "stpes: {}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 1, "unknown key \"stpes\"; did you mean \"steps\"?"}}},
    {"a top key near nothing lists them",
     "lab: l\n"
     "colour: red\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 1, "unknown key \"colour\"; there is lab, title, allowed_accounts, vars, steps"}}},
    {"top keys mind their case",
     "lab: l\n"
     "Title: x\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 1, "unknown key \"Title\"; did you mean \"title\"?"}}},
    {"no lab", "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n", {{1, 1, "\"lab\" is missing"}}},
    {"an empty lab",
     "lab:\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{1, 5, "lab has to be a name"}}},
    {"lab becomes part of tags",
     "lab: a b\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{1, 6, "lab has to be a name"}}},
    {"lab is no list",
     "lab: [a]\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{1, 6, "lab has to be a name"}}},
    {"a lab of 65 characters",
     "lab: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{1, 6, "at most 64"}}},
    {"title is text",
     "lab: l\n"
     "title: {a: b}\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 8, "title has to be text"}}},
    {"an empty title",
     "lab: l\n"
     "title: ''\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 8, "title has to be text"}}},
    {"an account that is not a list would guard nothing",
     "lab: l\n"
     "allowed_accounts: '123456789012'\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 19, "list of account ids"}}},
    {"a list of no account is a slip",
     "lab: l\n"
     "allowed_accounts: []\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 19, "at least one"}}},
    {"accounts are ids, without dashes or names",
     "lab: l\n"
     "allowed_accounts: [1234-5678-9012, prod, 12345678901, '1234567890123', [a], 123456789012]\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 20, "12 digits"},
      {2, 36, "12 digits"},
      {2, 42, "12 digits"},
      {2, 55, "12 digits"},
      {2, 72, "12 digits"}}},
    {"no steps", "lab: l\n", {{1, 1, "\"steps\" is missing"}}},
    {"steps without a step",
     "lab: l\n"
     "steps: {}\n",
     {{2, 8, "at least one step"}}},
    {"steps without a value",
     "lab: l\n"
     "steps:\n",
     {{2, 1, "at least one step"}}},
    {"steps as a list",
     "lab: l\n"
     "steps:\n"
     "  - uses: rds.cluster\n",
     {{3, 3, "steps has to be a mapping"}}},
    {"all at once, by place",
     "lab: a b\n"
     "vars: {d: {}}\n"
     "steps:\n"
     "  a: {use: x, with: {b: '${e}'}}\n"
     "  b: {uses: rds.cluster, with: {identifer: '${d}'}, needs: [c]}\n",
     {{1, 6, "lab has to be a name"},
      {2, 8, "var \"d\" has no default"},
      {4, 7, "unknown key \"use\""},
      {4, 26, "no var \"e\""},
      {5, 26, "\"identifier\" is missing"},
      {5, 33, "unknown key \"identifer\""},
      {5, 61, "no step \"c\""}}},
    {"a byte order mark is no column",
     "\xef\xbb\xbflab: a b\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{1, 6, "lab has to be"}}},
    {"lines may end in CR LF",
     "lab: l\r\n"
     "stpes: {}\r\n"
     "steps: {a: {uses: rds.cluster, with: {identifier: c}}}\n",
     {{2, 1, "unknown key \"stpes\""}}},
};

static void mistakes(void **state)
{
    (void)state;
    check_mistakes(rows, ARRAY_LEN(rows));
}

static void json_is(const struct json *j, const char *want)
{
    struct buf got = {0};

    json_write(j, &got);
    assert_string_equal(buf_text(&got), want);
    buf_release(&got);
}

static void the_lab(void **state)
{
    struct buf text = {0};
    struct plan plan;
    struct error err;

    (void)state;
    assert_true(file_read("labs/secrets-manager/plan.yaml", (size_t)1 << 18, &text, &err));
    must_parse(buf_str(&text), &plan);
    assert_string_equal(plan.lab, "secrets-manager");
    assert_string_equal(plan.title, "Manage database credentials with AWS Secrets Manager");
    assert_string_equal(plan.file, "lab.yaml");
    assert_string_equal(json_get_text(plan.vars, "instance"), "aws-cloud9-auroralab-client-ide*");
    assert_string_equal(json_get_text(plan.vars_help, "days"), "days between rotations");
    assert_int_equal(plan.step_count, 18);
    assert_int_equal(test_step(&plan, "db-user")->task, 1);
    assert_string_equal(test_step(&plan, "db-user")->title, "Create new database user and grant permissions");
    assert_string_equal(test_step(&plan, "db-user")->kind->name, "mysql.user");
    json_is(test_step(&plan, "db-user")->with,
            "{\"cluster\":\"${steps.cluster}\",\"admin\":{\"secret\":\"${admin_"
            "secret}\"},\"name\":\"${db_user}\","
            "\"host\":\"%\",\"require\":\"SSL\",\"grants\":{\"${schema}.*\":["
            "\"CREATE\",\"INSERT\",\"SELECT\",\"DROP\"]}}");
    json_is(test_step(&plan, "secret")->with,
            "{\"name\":\"${secret}\",\"description\":\"Demouser credentials for 'aurora-lab-mysql-cluster'\","
            "\"database\":\"${steps.cluster}\",\"user\":\"${steps.db-user}\",\"dbname\":\"${schema}\","
            "\"kms_key\":\"${kms_key}\",\"recovery_days\":7}");
    json_is(test_step(&plan, "denied")->expect, "{\"error\":\"AccessDeniedException\"}");
    json_is(test_step(&plan, "old-password")->expect, "{\"error\":\"28000\"}");
    assert_null(test_step(&plan, "allowed")->expect);
    assert_ptr_equal(test_step(&plan, "detach")->undoes, test_step(&plan, "attach"));
    assert_ptr_equal(test_step(&plan, "detach")->kind, test_step(&plan, "attach")->kind);
    json_is(test_step(&plan, "detach")->with, "{}");
    plan_release(&plan);
    plan_release(&plan);
    buf_release(&text);
}

static void what_is_not_given(void **state)
{
    struct plan plan;

    (void)state;
    /* The key `no` and the text `on` stay what they are; help and title are optional. */
    must_parse(STR("lab: l\nvars:\nsteps:\n  no: {uses: rds.cluster, timeout: 90, with: {identifier: on}}\n"
                   "  t: {uses: sts.identity, with: }\n"),
               &plan);
    assert_string_equal(plan.title, "l");
    assert_string_equal(plan.steps[0].id, "no");
    assert_string_equal(plan.steps[0].title, "no");
    assert_int_equal(plan.steps[0].line, 4);
    assert_int_equal(plan.steps[0].column, 3);
    assert_int_equal(plan.steps[0].task, 0);
    assert_int_equal(plan.steps[0].timeout_ms, 90000);
    assert_int_equal(plan.steps[1].timeout_ms, 0);
    json_is(plan.steps[0].with, "{\"identifier\":\"on\"}");
    json_is(plan.steps[1].with, "{}");
    plan_release(&plan);
}

static void finding(void **state)
{
    const char *near = "x";
    struct plan plan;

    (void)state;
    must_parse(STR(BASE "  secret-one: {uses: rds.cluster, with: {identifier: c}}\n"), &plan);
    assert_int_equal(plan_index(&plan, plan_find(&plan, STR("role"), &near)), 1);
    assert_null(near);
    assert_null(plan_find(&plan, STR("secretone"), &near));
    assert_string_equal(near, "secret-one");
    assert_null(plan_find(&plan, STR("zzzzzz"), &near));
    assert_null(near);
    assert_null(plan_find(&plan, STR("zzzzzz"), NULL));
    plan_release(&plan);
}

static void at_most_a_thousand_steps(void **state)
{
    struct plan_problems problems;
    struct buf text = {0};
    struct plan plan;

    (void)state;
    buf_adds(&text, "lab: l\nsteps:\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "  s%d: {uses: rds.cluster, with: {identifier: c}}\n", i);
    must_parse(buf_str(&text), &plan);
    assert_int_equal(plan.step_count, 1000);
    plan_release(&plan);
    buf_adds(&text, "  more: {uses: rds.cluster, with: {identifier: c}}\n");
    assert_false(test_parse(buf_str(&text), NULL, &plan, &problems));
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].line, 1003);
    assert_int_equal(problems.items[0].column, 3);
    assert_string_equal(problems.items[0].message, "more than 1000 steps");
    plan_problems_release(&problems);
    buf_release(&text);
}

/* Without an environment nothing of it is set. */
static void no_environment(void **state)
{
    const struct plan_options options = {.file = "p", .kinds = kinds};
    struct plan_problems problems;
    struct plan plan;

    (void)state;
    assert_false(plan_parse(STR(BASE "  x: {uses: rds.cluster, with: {identifier: '${env.SET}'}}\n"),
                            &options, &plan, &problems));
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.items[0].message, "the environment variable SET is not set"));
    plan_problems_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
        cmocka_unit_test(the_lab),
        cmocka_unit_test(what_is_not_given),
        cmocka_unit_test(finding),
        cmocka_unit_test(at_most_a_thousand_steps),
        cmocka_unit_test(no_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
