/* The documents of yaml/yaml-test-suite and nst/JSONTestSuite as plans: what
 * `lab validate` does with them neither crashes nor hangs, and each refusal has a
 * place and a word. */
#include "aws/common/file.h"
#include "aws/common/json.h"
#include "steps/kinds/table.h"
#include "steps/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Of processor time: other programs do not count. */
enum { PATIENCE_S = 2 };

static const char *no_environment(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

static void judge(const char *id, struct str text)
{
    const struct kind_schema *schemas[KINDS_MAX + 1] = {0};
    const struct plan_options options = {.file = "lab.yaml", .kinds = schemas, .getenv = no_environment};
    struct plan_problems problems = {0};
    struct plan plan = {0};
    struct buf shown = {0};
    clock_t before = clock();

    for (size_t i = 0; step_kinds[i]; i++)
        schemas[i] = &step_kinds[i]->schema;
    if (plan_parse(text, &options, &plan, &problems))
        fail_msg("%s is no plan, and was taken for one", id);
    plan_problems_print(&problems, "lab.yaml", &shown);
    if (problems.count == 0 || shown.len == 0)
        fail_msg("%s: refused without a word", id);
    for (size_t i = 0; i < problems.count; i++)
        if (problems.items[i].line < 1 || problems.items[i].column < 1 || !problems.items[i].message[0])
            fail_msg("%s: refused without a place: %s", id, buf_text(&shown));
    buf_release(&shown);
    plan_problems_release(&problems);
    if (clock() - before > (clock_t)PATIENCE_S * CLOCKS_PER_SEC)
        fail_msg("%s took too long", id);
}

/* How many there were. */
static int judge_all(const char *path, const char *name,
                     void (*take)(const struct json *row, struct buf *text))
{
    struct buf file = {0};
    struct error err;
    struct str rest, line;
    int count = 0;

    if (access(path, R_OK) != 0)
        skip();
    assert_true(file_read(path, 8u << 20, &file, &err));
    for (rest = buf_str(&file); str_split(&rest, '\n', &line);) {
        CLEANUP(json_freep) struct json *row = NULL;
        struct buf text = {0};

        if (str_empty(line))
            continue;
        if (!json_parse(line, NULL, &row, &err))
            fail_msg("%s", err.message);
        take(row, &text);
        judge(json_get_text(row, name), buf_str(&text));
        buf_release(&text);
        count++;
    }
    buf_release(&file);
    return count;
}

static void take_yaml(const struct json *row, struct buf *text)
{
    buf_add(text, json_str(json_get(row, "yaml")));
}

static void take_json(const struct json *row, struct buf *text)
{
    assert_true(buf_add_unbase64(text, json_str(json_get(row, "raw_b64"))));
}

static void test_yaml(void **state)
{
    (void)state;
    assert_int_equal(judge_all("../shared/vectors/yaml/suite.jsonl", "id", take_yaml), 405);
}

static void test_json(void **state)
{
    (void)state;
    assert_int_equal(judge_all("../shared/vectors/json/parsing.jsonl", "name", take_json), 318);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_yaml), cmocka_unit_test(test_json)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
