/* Scenes, their replay, and the way down. */
#include "tests/unit/steps/engine/rig.h"

static void test_scene(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    r.options.jobs = 1;
    go_well(ENGINE_UP, NULL);
    assert_string_equal(buf_text(&r.events),
                        "role done; attach done; swap done; identity done; allowed done; detach done; "
                        "denied done; restore done; rotation done; ");
    assert_false(present("attach"));
    assert_false(present("swap"));
    assert_int_equal(state_of("attach"), STORE_RETIRED);
    assert_int_equal(state_of("detach"), STORE_RETIRED); /* restore retires it with the rest */
    assert_int_equal(state_of("restore"), STORE_DONE);
    assert_int_equal(state_of("role"), STORE_DONE);

    world->creates = world->deletes = 0;
    go_well(ENGINE_UP, NULL);
    assert_string_equal(buf_text(&r.events),
                        "role unchanged; attach skipped; swap skipped; identity skipped; allowed skipped; "
                        "detach skipped; denied skipped; restore unchanged; rotation unchanged; ");
    assert_int_equal(world->creates + world->deletes, 0);
    go_well(ENGINE_PLAN, NULL);
    assert_int_equal(r.summary.changes, 0);
    rig_stop(&r);
}

static void test_run_of_a_retired_step_plays_the_scene_again(void **state)
{
    static const struct {
        const char *step, *events;
    } cases[] = {
        {"allowed", "attach done; swap done; identity done; allowed done; detach done; restore done; "},
        /* attach is not needed: detach has it away */
        {"denied", "swap done; identity done; denied done; restore done; "},
        {"attach", "attach done; detach done; "},
        /* the swap alone: its own undo puts it back */
        {"swap", "swap done; restore done; "},
    };
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    r.options.jobs = 1;
    go_well(ENGINE_UP, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        go_well(ENGINE_RUN, cases[i].step);
        assert_string_equal(buf_text(&r.events), cases[i].events);
        assert_false(present("attach"));
        assert_false(present("swap"));
        assert_int_equal(state_of("attach"), STORE_RETIRED);
        assert_int_equal(state_of("swap"), STORE_RETIRED);
        assert_int_equal(state_of("restore"), STORE_DONE);
        go_well(ENGINE_UP, NULL);
        assert_int_equal(r.summary.done, 0);
    }
    rig_stop(&r);
}

/* A scene played again is put back even when the step itself fails. */
static void test_scene_is_put_back_after_a_failure(void **state)
{
    static const struct wish wishes[] = {{.step = "allowed", .fail = true}};
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    r.options.jobs = 1;
    go_well(ENGINE_UP, NULL);
    r.wishes = wishes;
    r.wish_count = 1;
    assert_false(go(ENGINE_RUN, "allowed", false));
    assert_string_equal(r.err.message, "step allowed: was told to fail");
    assert_true(said("allowed failed; detach done; restore done; "));
    assert_false(present("attach"));
    assert_false(present("swap"));
    rig_stop(&r);
}

static void test_run_past_a_scene(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    r.options.jobs = 1;
    /* What the scene would have undone again need not be there. */
    assert_false(go(ENGINE_RUN, "rotation", false));
    assert_string_equal(r.err.message, "needed first: role; run it, or add --with-needs");
    /* But it must not be there either: the undo step is then what is missing. */
    plant("role", "");
    plant("swap", "swap");
    assert_false(go(ENGINE_RUN, "rotation", false));
    assert_string_equal(r.err.message, "needed first: restore; run it, or add --with-needs");
    assert_true(go(ENGINE_RUN, "rotation", true));
    assert_string_equal(buf_text(&r.events), "restore done; rotation done; ");
    assert_false(present("swap"));
    rig_stop(&r);
}

/* --- down --- */

static void test_down(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    r.options.jobs = 1;
    go_well(ENGINE_UP, NULL);
    go_well(ENGINE_DOWN, NULL);
    assert_string_equal(buf_text(&r.events), "rotation undone; swap absent; attach absent; role undone; ");
    for (size_t i = 0; i < ARRAY_LEN(scene); i++)
        assert_int_equal(state_of(scene[i].id), STORE_UNDONE);
    assert_false(present("role"));
    go_well(ENGINE_DOWN, NULL);
    assert_string_equal(buf_text(&r.events), "rotation absent; swap absent; attach absent; role absent; ");
    go_well(ENGINE_UP, NULL); /* the scene plays as if for the first time */
    assert_int_equal(r.summary.done, ARRAY_LEN(scene));
    rig_stop(&r);
}

static void test_down_without_checkpoints(void **state)
{
    struct rig r;
    struct error err;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    go_well(ENGINE_UP, "allowed");
    store_close(r.store);
    char *lab = mem_printf("%s/.lab", r.dir);
    assert_true(file_remove_tree(lab, &err));
    mem_free(lab);
    open_rig_store(&r);
    r.options.store = r.store;
    plant("rotation", "somebody");
    go_well(ENGINE_DOWN, NULL);
    assert_true(said("rotation kept; "));
    assert_true(said("swap undone; "));
    assert_true(present("rotation"));
    assert_false(present("role") || present("attach") || present("swap"));
    rig_stop(&r);
}

/* What a failed one needs stays; the others go. */
static void test_down_goes_on(void **state)
{
    static const struct row rows[] = {
        {"base", &kind_thing, NULL, NULL, NULL, NULL},
        {"bad", &kind_thing, NULL, "base", NULL, NULL},
        {"other", &kind_thing, NULL, NULL, NULL, NULL},
        {"more", &kind_thing, NULL, "other", NULL, NULL},
    };
    static const struct wish wishes[] = {{.step = "bad", .fail = true}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    go_well(ENGINE_UP, NULL);
    r.wishes = wishes;
    r.wish_count = 1;
    assert_false(go(ENGINE_DOWN, NULL, false));
    assert_string_equal(r.err.message, "step bad: was told to fail");
    assert_true(present("base") && present("bad"));
    assert_false(present("other") || present("more"));
    assert_true(said_in_full("\"step\":\"base\",\"state\":\"skipped\""));
    assert_true(said_in_full("\"reason\":\"bad still needs it\""));
    assert_int_equal(state_of("bad"), STORE_DONE); /* an undo that failed leaves it as it stood */
    rig_stop(&r);
}

static void test_undo_of_one(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, scene, ARRAY_LEN(scene));
    go_well(ENGINE_UP, "allowed");
    go_well(ENGINE_UNDO, "attach");
    assert_false(present("attach"));
    assert_true(present("role") && present("swap"));
    assert_int_equal(state_of("attach"), STORE_UNDONE);
    plant("swap", "somebody");
    assert_false(go(ENGINE_UNDO, "swap", false));
    assert_int_equal(r.err.code, ERR_NOT_OURS);
    assert_false(go(ENGINE_UNDO, "detach", false));
    assert_int_equal(r.err.code, ERR_USAGE);
    rig_stop(&r);
}

static int set_alarm(void **state)
{
    (void)state;
    alarm(120); /* a scheduler that hangs must not hang the tests */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scene),
        cmocka_unit_test(test_run_of_a_retired_step_plays_the_scene_again),
        cmocka_unit_test(test_scene_is_put_back_after_a_failure),
        cmocka_unit_test(test_run_past_a_scene),
        cmocka_unit_test(test_down),
        cmocka_unit_test(test_down_without_checkpoints),
        cmocka_unit_test(test_down_goes_on),
        cmocka_unit_test(test_undo_of_one),
    };

    return cmocka_run_group_tests_name("scene", tests, set_alarm, NULL);
}
