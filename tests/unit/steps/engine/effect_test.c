#include "tests/unit/steps/engine/rig.h"

#include <sys/resource.h>

/* --- a kind that does what one test says --- */

static enum step_status (*odd_apply)(struct step_context *c, struct error *err);
static bool (*odd_observe)(struct step_context *c, struct observation *out, struct error *err);

static bool absent(struct step_context *c, struct observation *out, struct error *err)
{
    (void)c;
    (void)err;
    out->state = OBSERVED_ABSENT;
    return true;
}

static bool call_odd_observe(struct step_context *c, struct observation *out, struct error *err)
{
    return odd_observe ? odd_observe(c, out, err) : absent(c, out, err);
}

static enum step_status call_odd_apply(struct step_context *c, struct error *err)
{
    return odd_apply(c, err);
}

static const struct step_kind kind_odd = {
    .schema = {.name = "odd", .class = KIND_RESOURCE, .with = some_fields, .outputs = thing_outputs},
    .observe = call_odd_observe,
    .apply = call_odd_apply};

static const struct row odd_row[] = {{"odd", &kind_odd, NULL, NULL, NULL, NULL}};

static void odd_start(struct rig *r, enum step_status (*apply)(struct step_context *c, struct error *err),
                      bool (*observe)(struct step_context *c, struct observation *out, struct error *err))
{
    own_kind = &kind_odd;
    rig_start(r, odd_row, 1);
    odd_apply = apply;
    odd_observe = observe;
}

/* --- misuse --- */

static enum step_status change_by_read(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("RoleName", "x", NULL);

    return step_call(c, AS_CALLER, "iam", "CreateRole", in, NULL, err) ? STEP_FINISHED : STEP_FAILED;
}

static bool act_while_looking(struct step_context *c, struct observation *out, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("RoleName", "x", NULL);

    (void)out;
    return effect_call(c, "x", "iam", "CreateRole", in, NULL, err);
}

static bool secret_while_looking(struct step_context *c, struct observation *out, struct error *err)
{
    struct secret value = {0};

    (void)out;
    return step_secret(c, STR("secret:odd/password"), &value, err);
}

static enum step_status as_instance(struct step_context *c, struct error *err)
{
    return step_call(c, AS_INSTANCE, "iam", "GetRole", NULL, NULL, err) ? STEP_FINISHED : STEP_FAILED;
}

static enum step_status wait_for_nothing(struct step_context *c, struct error *err)
{
    (void)c;
    (void)err;
    return STEP_WAITING;
}

static void test_misuse(void **state)
{
    static const struct {
        const char *why;
        enum step_status (*apply)(struct step_context *c, struct error *err);
        bool (*observe)(struct step_context *c, struct observation *out, struct error *err);
        enum error_code code;
        const char *word;
    } cases[] = {
        {"a read that changes would have no intent", change_by_read, NULL, ERR_BUG, "iam:CreateRole changes"},
        {"looking never changes anything", NULL, act_while_looking, ERR_BUG, "while only looking"},
        {"nor does it replace a password", NULL, secret_while_looking, ERR_FAILED,
         "looking makes no new one"},
        {"no metadata service is said so", as_instance, NULL, ERR_CONFIG, "run it there"},
        {"a wait has a reason", wait_for_nothing, NULL, ERR_BUG, "without saying for what"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig r;

        odd_start(&r, cases[i].apply, cases[i].observe);
        assert_false(go(ENGINE_UP, NULL, false));
        assert_int_equal(r.err.code, cases[i].code);
        if (!strstr(r.err.message, cases[i].word))
            fail_msg("%s: %s", cases[i].why, r.err.message);
        assert_int_equal(world->creates, 0);
        assert_int_equal(open_intents(NULL), 0);
        rig_stop(&r);
    }
}

/* --- intents --- */

static void test_lost_reply_is_settled_by_looking(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, 1);
    world->lose_reply_of = 1;
    assert_false(go(ENGINE_UP, NULL, false));
    assert_int_equal(r.err.code, ERR_UNREACHABLE);
    assert_int_equal(open_intents("a"), 1);
    assert_int_equal(state_of("a"), STORE_FAILED);
    go_well(ENGINE_UP, NULL);
    assert_true(said("a unchanged; "));
    assert_int_equal(open_intents("a"), 0);
    assert_int_equal(state_of("a"), STORE_DONE);
    assert_int_equal(world->creates, 1);
    assert_int_equal(world->doubles, 0);
    rig_stop(&r);
}

static void test_refusal_is_settled_at_once(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL}};
    struct rig r;
    struct error err;
    bool known;

    (void)state;
    rig_start(&r, rows, 1);
    go_well(ENGINE_UP, NULL);
    world->refuse_deletes = true;
    assert_false(go(ENGINE_DOWN, NULL, false));
    assert_true(error_is(&r.err, "DeleteConflict"));
    assert_int_equal(open_intents("a"), 0);
    assert_true(store_knows(r.store, "iam:CreateRole", "a", &known, &err) && known);
    assert_true(store_knows(r.store, "iam:DeleteRole", "a", &known, &err) && !known);
    rig_stop(&r);
}

/* SECURITY rule 4. */
static void test_full_disk_stops_before_the_call(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL},
                                      {"b", &kind_thing, NULL, "a", NULL, NULL}};
    struct rlimit old, none;
    struct rig r;

    (void)state;
    rig_start(&r, rows, 2);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = (struct rlimit){0, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    bool ok = go(ENGINE_UP, NULL, false);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_false(ok);
    assert_int_equal(r.err.code, ERR_STORE);
    assert_int_equal(world->creates, 0);
    go_well(ENGINE_UP, NULL); /* and goes on once there is room */
    assert_int_equal(world->creates, 2);
    rig_stop(&r);
}

static const char *secret_string;

static enum step_status create_secret(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep)
    struct json *in = json_of("Name", "s", "SecretString", secret_string, NULL);

    return effect_call(c, "secret s", "secretsmanager", "CreateSecret", in, NULL, err) ? STEP_FINISHED
                                                                                       : STEP_FAILED;
}

struct intents {
    char token[2][64], digest[2][80], name[2][64];
    size_t count;
};

static void keep_intent(void *self, const struct store_intent *i, int64_t id)
{
    struct intents *all = self;

    (void)id;
    assert_true(all->count < 2);
    (void)snprintf(all->token[all->count], 64, "%s", i->token);
    (void)snprintf(all->digest[all->count], 80, "%s", i->digest);
    (void)snprintf(all->name[all->count++], 64, "%s %s", i->operation, i->target);
}

static void test_intent_holds_no_secret(void **state)
{
    struct intents all = {.count = 0};
    struct error err;
    struct rig r;

    (void)state;
    odd_start(&r, create_secret, NULL);
    secret_string = "one";
    world->lose_secret_calls = true;
    assert_false(go(ENGINE_UP, NULL, false));
    secret_string = "another";
    assert_false(go(ENGINE_UP, NULL, false));
    assert_true(store_open_intents(r.store, "odd", keep_intent, &all, &err));
    assert_int_equal(all.count, 2);
    assert_string_equal(all.name[0], "secretsmanager:CreateSecret secret s");
    /* Two attempts draw two tokens; the digest sees neither token nor value. */
    assert_int_equal(strlen(all.token[0]), 36);
    assert_string_not_equal(all.token[0], all.token[1]);
    assert_int_equal(strlen(all.digest[0]), 64);
    assert_string_equal(all.digest[0], all.digest[1]);
    rig_stop(&r);
}

static enum step_status statements(struct step_context *c, struct error *err)
{
    bool made;

    /* Refused by the server: settled, and not ours by that. */
    if (effect_sql(c, NULL, "CREATE USER", "u@%", STR("HY000 1396"), err))
        return STEP_FINISHED;
    assert_string_equal(err->message, "CREATE USER u@%: refused");
    assert_true(step_made(c, "CREATE USER", "u@%", &made, err) && !made);
    assert_int_equal(open_intents("odd"), 0);
    /* The connection broke: the server may go on with it. */
    assert_false(effect_sql(c, NULL, "CREATE USER", "u@%", STR("HY000 2013"), err));
    assert_int_equal(open_intents("odd"), 1);
    assert_true(step_made(c, "CREATE USER", "u@%", &made, err) && made);
    return effect_sql(c, NULL, "GRANT", "u@%", STR("works"), err) ? STEP_FINISHED : STEP_FAILED;
}

static void test_sql(void **state)
{
    struct rig r;

    (void)state;
    odd_start(&r, statements, NULL);
    go_well(ENGINE_UP, NULL);
    assert_int_equal(r.summary.statements, 3);
    assert_true(said_in_full("\"effects\":2"));
    assert_int_equal(open_intents("odd"), 0); /* settled with the step */
    rig_stop(&r);
}

/* --- secrets --- */

static void test_secret_is_reissued_once(void **state)
{
    static const struct row rows[] = {
        {"maker", &kind_thing, NULL, NULL, NULL, NULL},
        {"one", &kind_thing, NULL, "maker", NULL, NULL},
        {"two", &kind_thing, NULL, "maker", NULL, NULL},
    };
    static const struct wish wishes[] = {{.step = "one", .secret = "secret:maker/password"},
                                         {.step = "two", .secret = "secret:maker/password"}};
    struct rig r;

    (void)state;
    rig_start(&r, rows, ARRAY_LEN(rows));
    r.wishes = wishes;
    r.wish_count = 2;
    go_well(ENGINE_UP, NULL);
    assert_string_equal(r.got_secret, "fresh-one");
    assert_int_equal(atomic_load(&r.reissues), 1);
    rig_stop(&r);
}

static enum step_status give_and_take(struct step_context *c, struct error *err)
{
    step_output_secret(c, "password", STR("from-memory"));
    assert_string_equal(json_get_text(step_recorded(c), "state"), "");
    return use_secret(c, "secret:odd/password", err) && !use_secret(c, "secret:nobody/password", err) &&
                   err->code == ERR_BUG
               ? STEP_FINISHED
               : STEP_FAILED;
}

static void test_secret_from_memory(void **state)
{
    CLEANUP(buf_release) struct buf file = {0};
    struct error err;
    struct rig r;

    (void)state;
    odd_start(&r, give_and_take, NULL);
    go_well(ENGINE_UP, NULL);
    assert_string_equal(r.got_secret, "from-memory");
    assert_false(said_in_full("from-memory"));
    /* The checkpoint has no more than the handle. */
    store_close(r.store);
    r.store = NULL;
    assert_true(file_read(r.path, 1 << 20, &file, &err));
    assert_false(str_contains(buf_str(&file), STR("from-memory")));
    rig_stop(&r);
}

/* --- tags and memo --- */

static enum step_status look_at_tags(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep) struct json *tags = step_tags(c);
    CLEANUP(json_freep) struct json *lower = json_array(), *other = step_tags(c);
    CLEANUP(buf_release) struct buf text = {0};

    (void)err;
    json_write(tags, &text);
    assert_string_equal(buf_text(&text),
                        "[{\"Key\":\"lab:name\",\"Value\":\"lab\"},{\"Key\":\"lab:run\",\"Value\":"
                        "\"run-1\"},{\"Key\":\"lab:step\",\"Value\":\"odd\"},"
                        "{\"Key\":\"lab:learner\",\"Value\":\"me\"}]");
    assert_true(step_tags_ours(c, tags));
    for (const struct json *t = json_first(tags); t; t = json_next(t))
        json_push(lower, json_of("key", json_get_text(t, "Key"), "value", json_get_text(t, "Value"), NULL));
    assert_true(step_tags_ours(c, lower));
    json_put_text(json_edit_at(other, 3), "Value", "you"); /* another learner's */
    assert_false(step_tags_ours(c, other));
    assert_false(step_tags_ours(c, NULL));
    return STEP_FINISHED;
}

static void test_tags(void **state)
{
    struct rig r;

    (void)state;
    odd_start(&r, look_at_tags, NULL);
    go_well(ENGINE_UP, NULL);
    rig_stop(&r);
}

static void test_memo_is_on_disk_before_the_effect(void **state)
{
    static const struct row rows[] = {{"a", &kind_thing, NULL, NULL, NULL, NULL}};
    static const struct wish wishes[] = {{.step = "a", .keep_original = true}};
    struct store_step s;
    struct error err;
    struct rig r;

    (void)state;
    rig_start(&r, rows, 1);
    r.wishes = wishes;
    r.wish_count = 1;
    world->lose_reply_of = 1;
    assert_false(go(ENGINE_UP, NULL, false));
    assert_true(store_get_step(r.store, "a", &s, &err));
    assert_string_equal(json_get_text(s.memo, "original"), "arn:original");
    store_step_release(&s);
    go_well(ENGINE_UP, NULL);
    assert_true(store_get_step(r.store, "a", &s, &err));
    assert_string_equal(json_get_text(s.memo, "original"), "arn:original");
    store_step_release(&s);
    rig_stop(&r);
}

/* --- killed at every point, and started again --- */

static const struct row lab[] = {
    {"role", &kind_thing, NULL, NULL, NULL, NULL},      {"swap", &kind_thing, NULL, "role", NULL, NULL},
    {"allowed", &kind_try, NULL, "swap", NULL, NULL},   {"restore", NULL, "swap", "allowed", NULL, NULL},
    {"last", &kind_thing, NULL, "restore", NULL, NULL},
};

/* In a child that dies at its nth point. True when it came to the end. */
static bool die_at(int n, enum engine_action action, const char *steps)
{
    int status;
    pid_t child;

    world->point = 0;
    world->crash_at = n;
    store_close(rig->store); /* the child opens its own */
    rig->store = NULL;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        open_rig_store(rig);
        rig->options.store = rig->store;
        rig->options.jobs = 1;
        _exit(go(action, steps, false) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    world->crash_at = 0;
    /* What it held died with it. */
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&world->mutex, &shared);
    pthread_mutexattr_destroy(&shared);
    open_rig_store(rig);
    rig->options.store = rig->store;
    if (WIFSIGNALED(status))
        return false;
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

static void assert_played(void)
{
    assert_true(present("role") && present("last"));
    assert_false(present("swap"));
    assert_int_equal(world->doubles, 0);
    assert_int_equal(open_intents(NULL), 0);
    assert_int_equal(state_of("role"), STORE_DONE);
    assert_int_equal(state_of("swap"), STORE_RETIRED);
    assert_int_equal(state_of("allowed"), STORE_RETIRED);
    assert_int_equal(state_of("restore"), STORE_DONE);
    assert_int_equal(state_of("last"), STORE_DONE);
}

static void test_killed_in_up(void **state)
{
    bool ended = false;
    int n = 0;

    (void)state;
    while (!ended) {
        struct rig r;

        rig_start(&r, lab, ARRAY_LEN(lab));
        ended = die_at(++n, ENGINE_UP, NULL);
        go_well(ENGINE_UP, NULL);
        assert_played();
        /* role, swap and last: a scene in which it died is not set up again */
        assert_int_equal(world->creates, 3);
        go_well(ENGINE_UP, NULL);
        assert_int_equal(r.summary.done, 0);
        go_well(ENGINE_DOWN, NULL);
        assert_false(present("role") || present("swap") || present("last"));
        rig_stop(&r);
    }
    assert_true(n > 15); /* it did die at many */
}

static void test_killed_in_down(void **state)
{
    bool ended = false;
    int n = 0;

    (void)state;
    while (!ended) {
        struct rig r;

        rig_start(&r, lab, ARRAY_LEN(lab));
        go_well(ENGINE_UP, NULL);
        ended = die_at(++n, ENGINE_DOWN, NULL);
        if (n % 2 == 0) /* back up from half-way down, or on to the end */
            go_well(ENGINE_UP, NULL);
        if (n % 2 == 0)
            assert_played();
        go_well(ENGINE_DOWN, NULL);
        assert_false(present("role") || present("swap") || present("last"));
        assert_int_equal(open_intents(NULL), 0);
        rig_stop(&r);
    }
    assert_true(n > 5);
}

/* A retired step run again leaves the scene closed, wherever the run dies. */
static void test_killed_in_a_replay(void **state)
{
    bool ended = false;
    int n = 0;

    (void)state;
    while (!ended) {
        struct rig r;

        rig_start(&r, lab, ARRAY_LEN(lab));
        go_well(ENGINE_UP, NULL);
        ended = die_at(++n, ENGINE_RUN, "allowed");
        go_well(ENGINE_UP, NULL);
        assert_played();
        rig_stop(&r);
    }
    assert_true(n > 5);
}

static int set_alarm(void **state)
{
    (void)state;
    alarm(240);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_lost_reply_is_settled_by_looking),
        cmocka_unit_test(test_refusal_is_settled_at_once),
        cmocka_unit_test(test_full_disk_stops_before_the_call),
        cmocka_unit_test(test_intent_holds_no_secret),
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_secret_is_reissued_once),
        cmocka_unit_test(test_secret_from_memory),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_memo_is_on_disk_before_the_effect),
        cmocka_unit_test(test_killed_in_up),
        cmocka_unit_test(test_killed_in_down),
        cmocka_unit_test(test_killed_in_a_replay),
    };

    return cmocka_run_group_tests_name("effect", tests, set_alarm, NULL);
}
