#include "tests/unit/steps/engine/rig.h"

/* --- up --- */

static const struct row chain[] = {
    {"net", &kind_find, NULL, NULL, "net", NULL},  {"a", &kind_thing, NULL, "net", NULL, NULL},
    {"b", &kind_thing, NULL, "a", NULL, NULL},     {"works", &kind_try, NULL, "b", NULL, NULL},
    {"side", &kind_thing, NULL, NULL, NULL, NULL},
};

static void test_up_twice(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    r.options.jobs = 1;
    plant("net", "");
    go_well(ENGINE_UP, NULL);
    assert_string_equal(buf_text(&r.events), "net done; a done; b done; works done; side done; ");
    assert_int_equal(r.summary.done, 5);
    /* a: look, look, create; b the same: behind each other. side is shorter. */
    assert_int_equal(r.summary.chain_requests, 6);
    assert_int_equal(state_of("works"), STORE_DONE);
    assert_int_equal(open_intents(NULL), 0);
    assert_true(said_in_full("\"outputs\":{\"arn\":\"a\"},\"effects\":1"));
    assert_false(said_in_full("secret:a/password"));

    world->creates = 0;
    r.options.requests_before = 1;
    go_well(ENGINE_UP, NULL);
    assert_string_equal(buf_text(&r.events),
                        "net unchanged; a unchanged; b unchanged; works unchanged; side unchanged; ");
    assert_int_equal(world->creates, 0);
    assert_int_equal(r.summary.unchanged, 5);
    assert_int_equal(r.summary.chain_requests, 3);
    assert_true(said_in_full("\"detail\":\"passed 20"));
    rig_stop(&r);
}

/* A test that passed is tried again when what it tries was made again. */
static void test_changed_need_runs_the_test_again(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    plant("net", "");
    go_well(ENGINE_UP, NULL);
    world_find("a")->present = false;
    go_well(ENGINE_UP, NULL);
    assert_true(said("a done; "));
    assert_true(said("b unchanged; "));
    assert_true(said("works done; "));
    assert_true(said("side unchanged; "));
    rig_stop(&r);
}

static void test_until(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    plant("net", "");
    go_well(ENGINE_UP, "a");
    assert_string_equal(buf_text(&r.events), "net done; a done; ");
    rig_stop(&r);
}

static void test_not_ours(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    plant("net", "");
    plant("a", "somebody");
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_NOT_OURS);
    assert_string_equal(r.err.message, "step a: exists and is not ours; --adopt takes it over");
    assert_int_equal(state_of("a"), STORE_NONE); /* as it was */
    assert_string_equal(world_find("a")->step, "somebody");
    r.options.adopt = true;
    go_well(ENGINE_UP, NULL);
    assert_string_equal(world_find("a")->step, "a");
    assert_int_equal(state_of("a"), STORE_DONE);
    rig_stop(&r);
}

/* References: what is not there yet stops up, makes plan say "+", and leaves
 * undo to what it can tell. */
static void test_references(void **state)
{
    static const struct row rows[] = {
        {"a", &kind_thing, NULL, NULL, NULL, NULL},
        {"b", &kind_thing, NULL, "a", NULL, "${steps.a.arn}"},
    };
    static const struct wish blind[] = {{.step = "b", .fail_observe = true}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = blind;
    r.wish_count = 1;
    go_well(ENGINE_PLAN, NULL); /* b stumbles over what is missing: it will be made */
    assert_int_equal(r.summary.changes, 2);
    assert_true(said_in_full("\"symbol\":\"+\",\"detail\":\"what it needs is not there yet\""));
    go_well(ENGINE_DOWN, NULL);
    r.wish_count = 0;
    go_well(ENGINE_UP, NULL);
    go_well(ENGINE_DOWN, NULL);
    assert_false(present("a") || present("b"));
    rig_stop(&r);
}

static void test_missing_lookup(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_FAILED);
    assert_string_equal(r.err.message, "step net: no net here");
    assert_false(present("a"));
    rig_stop(&r);
}

/* After a failure no new step starts; a step that waits has started and ends. */
static void test_failure(void **state)
{
    static const struct row rows[] = {
        {"slow", &kind_thing, NULL, NULL, NULL, NULL},
        {"bad", &kind_thing, NULL, NULL, NULL, NULL},
        {"later", &kind_thing, NULL, "slow", NULL, NULL},
        {"after-bad", &kind_thing, NULL, "bad", NULL, NULL},
    };
    static const struct wish wishes[] = {{.step = "slow", .waits = 5}, {.step = "bad", .fail = true}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = wishes;
    r.wish_count = ARRAY_LEN(wishes);
    r.options.jobs = 1; /* "slow" waits first, then "bad" fails */
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_DENIED);
    assert_string_equal(r.err.message, "step bad: was told to fail");
    assert_string_equal(buf_text(&r.events), "slow waiting; bad failed; slow done; ");
    assert_int_equal(state_of("bad"), STORE_FAILED);
    assert_int_equal(state_of("later"), STORE_NONE);
    assert_int_equal(r.summary.failed, 1);
    rig_stop(&r);
}

/* --- at the same time --- */

static void test_parallel(void **state)
{
    static const struct row rows[] = {
        {"a", &kind_try, NULL, NULL, NULL, NULL},
        {"b", &kind_try, NULL, NULL, NULL, NULL},
        {"c", &kind_try, NULL, NULL, NULL, NULL},
        {"d", &kind_try, NULL, "a b c", NULL, NULL},
    };
    pthread_barrier_t meet;
    struct wish wishes[] = {
        {.step = "a", .meet = &meet}, {.step = "b", .meet = &meet}, {.step = "c", .meet = &meet}};
    struct rig r;

    (void)state;
    pthread_barrier_init(&meet, NULL, 3);
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = wishes;
    r.wish_count = ARRAY_LEN(wishes);
    r.options.jobs = 3;
    r.options.new_client = NULL; /* nobody calls: nobody is asked for a client */
    go_well(ENGINE_UP, NULL);
    assert_true(str_ends(buf_str(&r.events), STR("d done; ")));
    rig_stop(&r);
    pthread_barrier_destroy(&meet);
}

/* One worker, a hundred steps that each wait until all have begun. */
static void test_many_wait_on_one_worker(void **state)
{
    enum { COUNT = 100 };
    static struct row rows[COUNT];
    static struct wish wishes[COUNT];
    static char names[COUNT][8];
    atomic_int together = 0;
    struct rig r;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "s%zu", i);
        rows[i] = (struct row){names[i], &kind_try, NULL, NULL, NULL, NULL};
        wishes[i] = (struct wish){.step = names[i], .together = &together, .all = COUNT};
    }
    rig_start(&r, rows, COUNT);
    r.wishes = wishes;
    r.wish_count = COUNT;
    r.options.jobs = 1;
    go_well(ENGINE_UP, NULL);
    assert_int_equal(r.summary.done, COUNT);
    assert_true(said_in_full("\"state\":\"waiting\""));
    assert_true(said_in_full("\"waits\":[{\"step\":\"s0\",\"reason\":\"its turn\",\"ms\":"));
    rig_stop(&r);
}

static int64_t stepping(void *self)
{
    /* Each look at the clock is a second later than the one before. */
    return atomic_fetch_add((atomic_int_least64_t *)self, 1000);
}

static void test_timeout(void **state)
{
    static const struct row rows[] = {{"a", &kind_try, NULL, NULL, NULL, NULL}};
    static const struct wish wishes[] = {{.step = "a", .waits = 1000000}};
    static const struct {
        const char *why;
        int64_t flag_ms, plan_ms;
        const char *want;
    } cases[] = {
        {"the kind's own", 0, 0, "step a: timed out after 5 s waiting for its turn"},
        {"the plan's beats it", 0, 7000, "step a: timed out after 7 s waiting for its turn"},
        {"--timeout beats both", 9000, 7000, "step a: timed out after 9 s waiting for its turn"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        atomic_int_least64_t now = 0;
        struct rig r;

        rig_start(&r, rows, ARRAY_LEN(rows));
        r.wishes = wishes;
        r.wish_count = ARRAY_LEN(wishes);
        r.options.clock = (struct clock){stepping, stepping, &now};
        r.options.timeout_ms = cases[i].flag_ms;
        r.plan.steps[0].timeout_ms = cases[i].plan_ms;
        assert_false(go(ENGINE_UP, NULL, false));
        assert_int_equal(r.err.code, ERR_TRY_AGAIN);
        assert_string_equal(r.err.message, cases[i].want);
        rig_stop(&r);
    }
}

/* A lost reply is no failure: the step looks again and meets what it made. */
static void test_a_lost_reply_is_looked_after(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL}};
    static const struct wish once[] = {{.step = "a", .troubles = 1}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = once;
    r.wish_count = ARRAY_LEN(once);
    go_well(ENGINE_UP, NULL);
    assert_int_equal(world->creates, 1);
    assert_int_equal(world->doubles, 0);
    assert_int_equal(state_of("a"), STORE_DONE);
    assert_int_equal(open_intents(NULL), 0);
    assert_true(said_in_full("AWS to get over its trouble"));
    rig_stop(&r);
}

/* So is the database's trouble: it is waited for, with its reason on the screen. */
static void test_trouble_of_the_database_is_waited_for(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL}};
    static const struct wish locked[] = {{.step = "a", .troubles = 3, .sql_error = 1205}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = locked;
    r.wish_count = ARRAY_LEN(locked);
    go_well(ENGINE_UP, NULL);
    assert_int_equal(world->creates, 1);
    assert_int_equal(world->doubles, 0);
    assert_int_equal(state_of("a"), STORE_DONE);
    assert_true(said_in_full("the database to get over its trouble"));
    assert_true(said_in_full("somebody else holds a lock"));
    rig_stop(&r);
}

/* What does not pass by itself is not waited for. */
static void test_an_error_of_the_database_that_stays(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL}};
    static const struct wish missing[] = {{.step = "a", .troubles = 1, .sql_error = 1044}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = missing;
    r.wish_count = ARRAY_LEN(missing);
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_SQL);
    assert_false(said_in_full("to get over its trouble"));
    rig_stop(&r);
}

/* --- interrupted --- */

static void test_interrupt(void **state)
{
    static const struct row rows[] = {
        {"wait", &kind_try, NULL, NULL, NULL, NULL},
        {"stop", &kind_thing, NULL, NULL, NULL, NULL},
        {"next", &kind_thing, NULL, "stop", NULL, NULL},
    };
    static const struct wish wishes[] = {{.step = "wait", .waits = 1000000}, {.step = "stop", .stop = true}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = wishes;
    r.wish_count = 2;
    r.options.jobs = 2;
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_INTERRUPTED);
    assert_int_equal(state_of("wait"), STORE_NONE);
    assert_false(said("failed"));
    /* The call in hand was finished and stored. Whether the stop was heard
     * before `next` began is a race; both ends are sound. */
    assert_int_equal(state_of("stop"), STORE_DONE);
    assert_int_equal(open_intents(NULL), 0);
    /* Asked for before anything began: nothing begins. */
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_INTERRUPTED);
    assert_string_equal(buf_text(&r.events), "");
    rig_stop(&r);
}

/* --- run --- */

static void test_run_names_what_is_missing(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    plant("net", "");
    assert_false(go(ENGINE_RUN, "works", false));
    assert_int_equal(r.err.code, ERR_FAILED);
    assert_string_equal(r.err.message, "needed first: a, b; run them, or add --with-needs");
    assert_int_equal(world->creates, 0);
    assert_string_equal(buf_text(&r.events), "");
    /* By hand, and not ours: it is there, and stays as it is. */
    plant("a", "somebody");
    assert_false(go(ENGINE_RUN, "works", false));
    assert_string_equal(r.err.message, "needed first: b; run it, or add --with-needs");
    assert_true(go(ENGINE_RUN, "works", true));
    assert_string_equal(buf_text(&r.events), "b done; works done; ");
    assert_string_equal(world_find("a")->step, "somebody");
    /* A passed test that is named is tried again. */
    go_well(ENGINE_RUN, "works");
    assert_string_equal(buf_text(&r.events), "works done; ");
    /* A lookup that fails is its own error. */
    world_find("net")->present = false;
    assert_false(go(ENGINE_RUN, "b", false));
    assert_string_equal(r.err.message, "step net: no net here");
    rig_stop(&r);
}

/* --- plan and check --- */

static void test_plan(void **state)
{
    static const struct row rows[] = {
        {"net", &kind_find, NULL, NULL, "net", NULL},   {"made", &kind_thing, NULL, NULL, NULL, NULL},
        {"gone", &kind_thing, NULL, NULL, NULL, NULL},  {"new", &kind_thing, NULL, "net", NULL, NULL},
        {"alien", &kind_thing, NULL, NULL, NULL, NULL}, {"tried", &kind_try, NULL, "made", NULL, NULL},
        {"again", &kind_try, NULL, "gone", NULL, NULL}, {"away", NULL, "new", NULL, NULL, NULL},
    };
    static const struct {
        const char *step, *symbol;
    } want[] = {{"net", "="},   {"made", "="},  {"gone", "!"},  {"new", "+"},
                {"alien", ">"}, {"tried", "="}, {"again", "+"}, {"away", "-"}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    plant("net", "");
    go_well(ENGINE_UP, "made tried again");
    world_find("gone")->present = false;
    plant("alien", "somebody");
    world->creates = world->deletes = 0;
    go_well(ENGINE_PLAN, NULL);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        char *line = mem_printf("\"step\":\"%s\",\"state\":\"planned\"", want[i].step);
        const char *at = strstr(buf_text(&r.detail), line), *symbol = at ? strstr(at, "\"symbol\":\"") : NULL;

        if (!symbol)
            fail_msg("no line for %s", want[i].step);
        else if (symbol[10] != want[i].symbol[0])
            fail_msg("%s: %c, wanted %s", want[i].step, symbol[10], want[i].symbol);
        mem_free(line);
    }
    assert_int_equal(r.summary.changes, 5);
    assert_int_equal(world->creates + world->deletes, 0);
    rig_stop(&r);
}

static void test_check(void **state)
{
    static const struct wish wishes[] = {{.step = "works", .fail = true}};
    struct rig r;

    (void)state;
    rig_start(&r, chain, ARRAY_LEN(chain));
    plant("net", "");
    go_well(ENGINE_UP, NULL);
    go_well(ENGINE_CHECK, NULL);
    assert_int_equal(r.summary.passed, 5);
    r.wishes = wishes;
    r.wish_count = 1;
    world_find("side")->present = false;
    go_well(ENGINE_CHECK, NULL);
    assert_int_equal(r.summary.passed, 3);
    assert_int_equal(r.summary.not_passed, 2);
    assert_true(said_in_full("\"verdict\":\"fail\",\"found\":\"not there\",\"hint\":\"lab run side\""));
    assert_true(said_in_full("\"verdict\":\"fail\",\"found\":\"was told to fail\""));
    assert_false(said_in_full("failed"));
    rig_stop(&r);

    /* After the scene: what it retired is skipped, what it undid has to be gone. */
    rig_start(&r, scene, ARRAY_LEN(scene));
    go_well(ENGINE_UP, NULL);
    go_well(ENGINE_CHECK, NULL);
    assert_int_equal(r.summary.not_passed, 0);
    assert_int_equal(r.summary.passed, 3); /* role, restore, rotation */
    plant("swap", "swap");
    go_well(ENGINE_CHECK, "restore");
    assert_int_equal(r.summary.not_passed, 1);
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
        cmocka_unit_test(test_up_twice),
        cmocka_unit_test(test_changed_need_runs_the_test_again),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_missing_lookup),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_many_wait_on_one_worker),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_a_lost_reply_is_looked_after),
        cmocka_unit_test(test_trouble_of_the_database_is_waited_for),
        cmocka_unit_test(test_an_error_of_the_database_that_stays),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_run_names_what_is_missing),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests_name("engine", tests, set_alarm, NULL);
}
