#include "aws/sandbox/keep.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char *directory, *path;

static int set_up(void **state)
{
    struct error err;

    (void)state;
    if (!file_temp_dir("lab-keep", &directory, &err))
        return -1;
    path = mem_printf("%s/world", directory);
    return 0;
}

static int tear_down(void **state)
{
    struct error err;
    bool ok = file_remove_tree(directory, &err);

    (void)state;
    mem_free(path);
    mem_free(directory);
    return ok ? 0 : -1;
}

/* --- the file alone --- */

static void put(struct world *w, const char *key, const char *value)
{
    (void)world_put(w, "thing", key, json_of("value", value, NULL));
}

/** Two things, of which one is changed and one removed in a commit of its own
 * each, and one that comes in the last. */
static void write_some(void)
{
    CLEANUP(json_freep) struct json *meta = json_of("account", "123456789012", NULL);
    struct world *w = world_new();
    struct keep *k = NULL;
    struct error err;

    put(w, "a", "1");
    put(w, "b", "1");
    assert_true(keep_write(path, w, meta, &k, &err));
    assert_false(world_changed(w));
    assert_true(keep_commit(k, w, &err));
    json_put_text(world_edit(w, "thing", "a"), "value", "2");
    assert_true(world_changed(w));
    assert_true(keep_commit(k, w, &err));
    assert_false(world_changed(w));
    world_remove(w, "thing", "b");
    assert_true(keep_commit(k, w, &err));
    put(w, "c", "3\n\"\xc3\xa9");
    json_put_text(world_edit(w, "thing", "c"), "more", "edited after it was put");
    assert_true(keep_commit(k, w, &err));
    keep_free(k);
    world_free(w);
}

static bool read_back(struct world **out, struct error *err)
{
    struct json *meta = NULL;
    bool ok;

    *out = world_new();
    ok = keep_read(path, *out, &meta, err);
    if (ok && meta)
        assert_string_equal(json_get_text(meta, "account"), "123456789012");
    json_free(meta);
    return ok;
}

static const char *value_of(const struct world *w, const char *key)
{
    return json_get_text(world_get(w, "thing", key), "value");
}

static void test_comes_back_as_it_was(void **state)
{
    struct world *w;
    struct error err;
    struct stat info;

    (void)state;
    write_some();
    assert_true(read_back(&w, &err));
    assert_string_equal(value_of(w, "a"), "2");
    assert_null(world_get(w, "thing", "b"));
    assert_string_equal(value_of(w, "c"), "3\n\"\xc3\xa9");
    assert_string_equal(json_get_text(world_get(w, "thing", "c"), "more"), "edited after it was put");
    assert_int_equal(world_count(w, "thing"), 2);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    world_free(w);
}

static void test_no_file_is_no_world(void **state)
{
    struct world *w = world_new();
    struct json *meta = NULL;
    struct error err;

    (void)state;
    assert_true(keep_read(path, w, &meta, &err));
    assert_null(meta);
    world_free(w);
}

static void replace_file(struct str text)
{
    struct error err;

    assert_true(file_replace(path, text, &err));
}

/* Wherever the last write was cut off: what came before it is there, whole. */
static void test_cut_off_anywhere(void **state)
{
    CLEANUP(buf_release) struct buf text = {0};
    size_t last;
    struct error err;

    (void)state;
    write_some();
    assert_true(file_read(path, 1 << 20, &text, &err));
    for (last = text.len - 1; text.data[last - 1] != '\n';)
        last--; /* its JSON */
    for (last--; text.data[last - 1] != '\n';)
        last--; /* its head */
    for (size_t len = last; len < text.len; len++) {
        struct world *w;

        replace_file(str_slice(buf_str(&text), 0, len));
        assert_true(read_back(&w, &err));
        assert_string_equal(value_of(w, "a"), "2");
        assert_null(world_get(w, "thing", "b"));
        assert_null(world_get(w, "thing", "c"));
        world_free(w);
    }
}

/* A bit that turns over before the last record is no cut: nothing is guessed. */
static void test_damage_is_refused(void **state)
{
    CLEANUP(buf_release) struct buf text = {0};
    size_t last;
    struct error err;

    (void)state;
    write_some();
    assert_true(file_read(path, 1 << 20, &text, &err));
    for (last = text.len - 1; text.data[last - 1] != '\n';)
        last--;
    for (last--; text.data[last - 1] != '\n';)
        last--;
    for (size_t at = 0; at < last; at++) {
        struct world *w;

        text.data[at] ^= 1;
        replace_file(buf_str(&text));
        text.data[at] ^= 1;
        if (read_back(&w, &err))
            fail_msg("byte %zu", at);
        assert_int_equal(err.code, ERR_STORE);
        assert_non_null(strstr(err.message, "is damaged at byte"));
        world_free(w);
    }
}

static void test_what_is_no_world_is_refused(void **state)
{
    static const struct {
        const char *why, *text;
    } rows[] = {
        {"empty: the file appears whole", ""},
        {"something else", "hello\n"},
        {"zeros of a disk that lost power", "\0\0\0\0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world *w;
        struct error err;

        replace_file(str_of(rows[i].text));
        if (read_back(&w, &err))
            fail_msg("%s", rows[i].why);
        assert_int_equal(err.code, ERR_STORE);
        world_free(w);
    }
}

/* The history does not grow with the number of changes. */
static void test_is_written_anew(void **state)
{
    CLEANUP(json_freep) struct json *meta = json_of("account", "123456789012", NULL);
    enum { BIG_BYTES = 512 * 1024 };
    CLEANUP(mem_freep) char *big = mem_alloc(BIG_BYTES + 1);
    struct world *w = world_new();
    struct keep *k = NULL;
    struct error err;
    struct stat info;

    (void)state;
    memset(big, 'x', BIG_BYTES);
    assert_true(keep_write(path, w, meta, &k, &err));
    for (int i = 0; i < 40; i++) {
        put(w, "big", big);
        assert_true(keep_commit(k, w, &err));
    }
    put(w, "a", "last");
    assert_true(keep_commit(k, w, &err));
    assert_int_equal(stat(path, &info), 0);
    assert_in_range(info.st_size, BIG_BYTES, 6 << 20);
    keep_free(k);
    world_free(w);
    assert_true(read_back(&w, &err));
    assert_string_equal(value_of(w, "a"), "last");
    assert_string_equal(value_of(w, "big"), big);
    world_free(w);
}

/* --- a sandbox that starts again --- */

static void start(struct sandbox_fixture *f)
{
    f->options.data_file = path;
    fixture_start(f);
}

static void keep_all(struct sandbox_fixture *f)
{
    assert_true(sandbox_must_keep(f->sandbox));
    assert_true(sandbox_keep(f->sandbox));
    assert_false(sandbox_must_keep(f->sandbox));
}

static void call(struct sandbox_fixture *f, const char *service, const char *operation, const char *in)
{
    struct error err;

    if (!fixture_call(f, service, operation, in, NULL, &err))
        fail_msg("%s: %s", operation, err.message);
}

static void test_is_the_same_sandbox(void **state)
{
    CLEANUP(buf_release) struct buf before = {0}, after = {0};
    struct sandbox_fixture f = {0};
    char account[13], key[129];

    (void)state;
    start(&f);
    call(&f, "secretsmanager", "CreateSecret", "{\"Name\":\"s\",\"SecretString\":\"v\"}");
    keep_all(&f);
    (void)snprintf(account, sizeof account, "%s", f.sandbox->account);
    (void)snprintf(key, sizeof key, "%s", f.admin_key);
    sandbox_dump(f.sandbox, &before);
    fixture_stop(&f);

    f.options.seed = 99; /* another one makes no other world */
    start(&f);
    sandbox_dump(f.sandbox, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    assert_string_equal(f.sandbox->account, account);
    assert_string_equal(f.admin_key, key);
    fixture_stop(&f);
}

/* The same seed must not make the ids of before once more. */
static void test_ids_do_not_repeat(void **state)
{
    struct sandbox_fixture f = {0};
    size_t before = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *vpc;
        char in[160];

        start(&f);
        assert_non_null(world_at(f.sandbox->world, "ec2.vpc", 0, &vpc));
        (void)snprintf(in, sizeof in, "{\"GroupName\":\"g%d\",\"Description\":\"d\",\"VpcId\":\"%.40s\"}", i,
                       vpc);
        call(&f, "ec2", "CreateSecurityGroup", in);
        if (i == 0)
            before = world_count(f.sandbox->world, "ec2.security_group");
        assert_int_equal(world_count(f.sandbox->world, "ec2.security_group"), before + (size_t)i);
        keep_all(&f);
        fixture_stop(&f);
    }
}

static size_t events_named(struct sandbox_fixture *f, const char *name)
{
    CLEANUP(mem_freep)
    char *in = mem_printf("{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\","
                          "\"AttributeValue\":\"%s\"}]}",
                          name);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err;

    fixture_advance(f, 10000); /* LookupEvents is slow to be asked again */
    if (!fixture_call(f, "cloudtrail", "LookupEvents", in, &out, &err))
        fail_msg("%s", err.message);
    return json_count(json_get(out, "Events"));
}

/* A line that was cut off is left out, and nothing else. */
static void test_the_history_goes_on(void **state)
{
    CLEANUP(mem_freep) char *trail = mem_printf("%s.trail", path);
    CLEANUP(buf_release) struct buf text = {0};
    struct sandbox_fixture f = {0};
    struct error err;

    (void)state;
    start(&f);
    call(&f, "iam", "CreateUser", "{\"UserName\":\"one\"}");
    call(&f, "iam", "CreateUser", "{\"UserName\":\"two\"}");
    keep_all(&f);
    fixture_stop(&f);
    assert_true(file_read(trail, 1 << 20, &text, &err));
    assert_true(file_replace(trail, str_slice(buf_str(&text), 0, text.len - 20), &err));

    start(&f);
    assert_int_equal(events_named(&f, "CreateUser"), 1);
    call(&f, "iam", "CreateUser", "{\"UserName\":\"three\"}");
    assert_int_equal(events_named(&f, "CreateUser"), 2);
    fixture_stop(&f);
}

static void test_timers_go_on(void **state)
{
    struct sandbox_fixture f = {0};

    (void)state;
    start(&f);
    call(&f, "secretsmanager", "CreateSecret", "{\"Name\":\"s\",\"SecretString\":\"v\"}");
    call(&f, "secretsmanager", "DeleteSecret", "{\"SecretId\":\"s\",\"RecoveryWindowInDays\":7}");
    keep_all(&f);
    fixture_stop(&f);

    start(&f);
    assert_non_null(fixture_find(&f, "secretsmanager.secret", "Name", "s"));
    fixture_advance(&f, INT64_C(7) * 86400 * 1000 + 1000);
    assert_null(fixture_find(&f, "secretsmanager.secret", "Name", "s"));
    fixture_stop(&f);
}

static void test_reading_a_secret_again_is_no_change(void **state)
{
    struct sandbox_fixture f = {0};

    (void)state;
    start(&f);
    call(&f, "secretsmanager", "GetSecretValue", "{\"SecretId\":\"secretClusterAdminUser\"}");
    keep_all(&f);
    call(&f, "secretsmanager", "GetSecretValue", "{\"SecretId\":\"secretClusterAdminUser\"}");
    assert_false(sandbox_must_keep(f.sandbox));
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_file_is_no_world, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_off_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_world_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_is_written_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_is_the_same_sandbox, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ids_do_not_repeat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_history_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timers_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reading_a_secret_again_is_no_change, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
