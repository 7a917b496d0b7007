#include "steps/plan/plan.h"

#include "aws/common/file.h"
#include "tests/unit/steps/plan/kinds.h"

static void real_plan(void **state)
{
    struct buf text = {0};
    struct plan plan;
    struct error err;
    const struct plan_step *step;

    (void)state;
    assert_true(file_read("labs/secrets-manager/plan.yaml", 1 << 18, &text, &err));
    must_parse(buf_str(&text), &plan);
    assert_string_equal(plan.lab, "secrets-manager");
    assert_int_equal(plan.step_count, 18);
    step = plan_find(&plan, STR("db-user"), NULL);
    assert_non_null(step);
    assert_int_equal(step->task, 1);
    plan_release(&plan);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_plan)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
