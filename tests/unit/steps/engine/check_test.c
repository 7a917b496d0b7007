/* Checks: what a kind's own test is told of the plan, and the verdicts of steps
 * that have none. */
#include "tests/unit/steps/engine/rig.h"

static bool look_at_plan(struct step_context *c, struct check_result *out, struct error *err)
{
    CLEANUP(json_freep) struct json *planned = NULL;

    if (!step_planned(c, &planned, err))
        return false;
    *out = (struct check_result){.verdict = VERDICT_PASS};
    (void)snprintf(out->found, sizeof(out->found), "%s of %s, made %s", json_text(json_path(planned, "name")),
                   json_text(json_path(planned, "from.name")), json_text(json_path(planned, "from.arn")));
    return true;
}

static const char *const thing_kinds[] = {"thing", NULL};
static const struct schema_field fields_of_look[] = {
    {.name = "name"}, {.name = "from", .type = FIELD_STEP, .step_kinds = thing_kinds}, {.name = NULL}};
static const struct step_kind kind_look = {
    .schema = {.name = "look", .class = KIND_RESOURCE, .with = fields_of_look, .outputs = no_outputs},
    .apply = try_apply,
    .check = look_at_plan};

static const struct row looked_at[] = {
    {"role", &kind_thing, NULL, NULL, "planned-role", NULL},
    {"look", &kind_look, NULL, NULL, "it", "${steps.role}"},
};

/* Of what is not there it is told the arguments, of what is there the outputs too. */
static void arguments_as_planned(void **state)
{
    struct rig r;

    (void)state;
    own_kind = &kind_look;
    rig_start(&r, looked_at, ARRAY_LEN(looked_at));
    go_well(ENGINE_CHECK, "look");
    assert_true(said_in_full("\"found\":\"it of planned-role, made \""));
    go_well(ENGINE_UP, "role");
    go_well(ENGINE_CHECK, "look");
    assert_true(said_in_full("\"found\":\"it of planned-role, made planned-role\""));
    rig_stop(&r);
    own_kind = NULL;
}

static void verdict_is(const char *step, const char *verdict, const char *found)
{
    CLEANUP(mem_freep)
    char *want = mem_printf("\"verdict\":\"%s\",\"found\":\"%s", verdict, found);

    (void)go(ENGINE_CHECK, step, false);
    if (!said_in_full(want))
        fail_msg("%s: not %s: %s", step, want, buf_text(&rig->detail));
}

/* A scene is over once its undo is done: its test has been passed, not failed. */
static void scenes_before_and_after(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    verdict_is("role", "fail", "not there");
    go_well(ENGINE_UP, "allowed");
    verdict_is("attach", "pass", "as it should be");
    verdict_is("allowed", "pass", "works");
    verdict_is("detach", "fail", "still there");
    go_well(ENGINE_UP, NULL);
    verdict_is("detach", "pass", "undone");
    verdict_is("allowed", "pass", "passed, its scene is over since 20");
    rig_stop(&r);
}

/* A test that waits is not failed: it cannot be told yet. */
static void tests_are_tried(void **state)
{
    static const struct row rows[] = {{"test", &kind_try, NULL, NULL, NULL, NULL}};
    static const struct wish waits[] = {{.step = "test", .waits = 1000000}};
    static const struct wish fails[] = {{.step = "test", .fail = true}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = fails;
    r.wish_count = 1;
    verdict_is("test", "fail", "was told to fail");
    r.wishes = waits;
    r.options.timeout_ms = 20;
    verdict_is("test", "cannot-tell", "not yet: waiting for its turn");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_as_planned),
        cmocka_unit_test(scenes_before_and_after),
        cmocka_unit_test(tests_are_tried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
