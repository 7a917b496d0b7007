#include "cmd/lab/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 8

/* As the kernel hands words over: text that may be written to. Kept until the
 * next call, since options points into it. */
static size_t copy_words(const char *const *words, char (*text)[64], char **out)
{
    size_t n = 0;

    for (; words && words[n]; n++) {
        assert_in_range(strlen(words[n]), 0, sizeof text[n] - 1);
        memcpy(text[n], words[n], strlen(words[n]) + 1);
        out[n] = text[n];
    }
    return n;
}

static bool parse(const char *const *words, const char *const *env, struct options *o, struct error *err)
{
    static char name[] = "lab", word_text[WORDS_MAX][64], env_text[WORDS_MAX][64];
    static char *argv[WORDS_MAX + 2], *environment[WORDS_MAX + 1];
    size_t count = copy_words(words, word_text, argv + 1);

    argv[0] = name;
    argv[count + 1] = NULL;
    environment[copy_words(env, env_text, environment)] = NULL;
    return options_parse((int)count + 1, argv, environment, o, err);
}

/* Refusals name the word as it was written. */
static void test_refusals(void **state)
{
    static const struct {
        const char *why;
        const char *words[WORDS_MAX];
        const char *env[2];
        const char *message;
    } rows[] = {
        {"an unknown option", {"up", "--nothing-like-it"}, {0}, "unknown option --nothing-like-it"},
        {"a misspelt option has a suggestion",
         {"up", "--job", "2"},
         {0},
         "unknown option --job (did you mean --jobs?)"},
        {"an unknown letter", {"-x"}, {0}, "unknown option -x"},
        {"a number that is none", {"-j", "two"}, {0}, "--jobs wants a number from 1 to 64, not \"two\""},
        {"a number below its range", {"-j", "0"}, {0}, "--jobs wants a number from 1 to 64, not \"0\""},
        {"a number above its range", {"--jobs=65"}, {0}, "--jobs wants a number from 1 to 64, not \"65\""},
        {"a share over one",
         {"--throttle", "1.01"},
         {0},
         "--throttle wants a share from 0 to 1, as 0.05, not \"1.01\""},
        {"a share below none",
         {"--resets=-0.1"},
         {0},
         "--resets wants a share from 0 to 1, as 0.05, not \"-0.1\""},
        {"a share without digits",
         {"--errors=."},
         {0},
         "--errors wants a share from 0 to 1, as 0.05, not \".\""},
        {"a missing value", {"up", "--until"}, {0}, "--until wants a value: STEP"},
        {"an empty value", {"up", "--until="}, {0}, "--until wants a value: STEP"},
        {"a value for a flag", {"--json=1"}, {0}, "--json takes no value"},
        {"a var without =", {"--var", "x"}, {0}, "--var wants NAME=VALUE, not \"x\""},
        {"a var without name", {"--var", "=x"}, {0}, "--var wants NAME=VALUE"},
        {"a colour word that is none",
         {"--color", "blue"},
         {0},
         "--color is auto, always or never, not \"blue\""},
        {"flags written together", {"-qv"}, {0}, "write the options of -qv apart"},
        {"the environment is checked too",
         {"up"},
         {"LAB_JOBS=many"},
         "LAB_JOBS wants a number from 1 to 64, not \"many\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct options o = {0};
        struct error err = {0};

        if (parse(rows[i].words, rows[i].env, &o, &err))
            fail_msg("%s: was taken", rows[i].why);
        assert_int_equal(err.code, ERR_USAGE);
        assert_string_equal(err.message, rows[i].message);
        options_release(&o);
    }
}

static void test_before_and_after_the_command(void **state)
{
    static const char *const words[] = {"-j2", "--state", "s.db", "run", "a", "--var=x=y=z", "b", NULL};
    struct options o = {0};
    struct error err = {0};

    (void)state;
    assert_true(parse(words, NULL, &o, &err));
    assert_int_equal(o.jobs, 2);
    assert_string_equal(o.state, "s.db");
    assert_int_equal(o.word_count, 3);
    assert_string_equal(o.words[0], "run");
    assert_string_equal(o.words[2], "b");
    /* Only the first '=' parts name and value. */
    assert_string_equal(json_get_text(o.vars, "x"), "y=z");
    assert_null(o.rest);
    options_release(&o);
}

static void test_rest_is_not_read(void **state)
{
    static const char *const words[] = {"sandbox", "--", "lab", "--json", NULL};
    struct options o = {0};
    struct error err = {0};

    (void)state;
    assert_true(parse(words, NULL, &o, &err));
    assert_false(o.json);
    assert_string_equal(o.rest[0], "lab");
    assert_string_equal(o.rest[1], "--json");
    options_release(&o);
}

static void test_environment_twins(void **state)
{
    static const char *const words[] = {"up", "--jobs", "3", NULL};
    static const char *const env[] = {"LAB_JOBS=9", "LAB_ENDPOINT_URL=http://127.0.0.1:1",
                                      "LAB_YES=1",  "LAB_VAR_role=r",
                                      "LAB_JSON=0", "LAB_STATE=",
                                      NULL};
    struct options o = {0};
    struct error err = {0};

    (void)state;
    assert_true(parse(words, env, &o, &err));
    assert_int_equal(o.jobs, 3); /* the command line wins */
    assert_string_equal(o.endpoint_url, "http://127.0.0.1:1");
    assert_true(o.yes);
    assert_false(o.json); /* 0 is off */
    assert_null(o.state); /* empty is not set */
    assert_string_equal(json_get_text(o.vars, "role"), "r");
    options_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_before_and_after_the_command),
        cmocka_unit_test(test_rest_is_not_read),
        cmocka_unit_test(test_environment_twins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
