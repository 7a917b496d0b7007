#include "aws/sandbox/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_puts_finds_and_removes(void **state)
{
    struct world *w = world_new();
    struct json *first = json_of("RoleName", "b", NULL);
    const char *key;

    (void)state;
    assert_null(world_get(w, "iam.role", "b"));
    assert_ptr_equal(world_put(w, "iam.role", "b", first), first);
    world_put(w, "iam.role", "a", json_object());
    world_put(w, "iam.user", "b", json_object());
    assert_ptr_equal(world_get(w, "iam.role", "b"), first);
    assert_int_equal(world_count(w, "iam.role"), 2);
    assert_int_equal(world_count(w, "iam.none"), 0);
    assert_non_null(world_at(w, "iam.role", 0, &key));
    assert_string_equal(key, "a");
    assert_null(world_at(w, "iam.role", 2, &key));
    assert_null(world_at(w, "iam.none", 0, &key));
    world_remove(w, "iam.role", "b");
    world_remove(w, "iam.role", "b"); /* a second time does nothing */
    world_remove(w, "iam.none", "b");
    assert_null(world_get(w, "iam.role", "b"));
    assert_non_null(world_get(w, "iam.role", "a"));
    assert_non_null(world_get(w, "iam.user", "b"));
    world_free(w);
}

static void test_put_replaces_and_edit_stays(void **state)
{
    struct world *w = world_new();

    (void)state;
    world_put(w, "k", "x", json_of("n", "1", NULL));
    world_put(w, "k", "x", json_of("n", "2", NULL));
    assert_int_equal(world_count(w, "k"), 1);
    json_put_text(world_edit(w, "k", "x"), "n", "3");
    assert_string_equal(json_get_text(world_get(w, "k", "x"), "n"), "3");
    assert_null(world_edit(w, "k", "y"));
    assert_null(world_get(w, "k", NULL));
    /* Putting an entity where it already is keeps it. */
    world_put(w, "k", "x", world_edit(w, "k", "x"));
    assert_string_equal(json_get_text(world_get(w, "k", "x"), "n"), "3");
    world_free(w);
}

static void test_keeps_order_over_many_keys(void **state)
{
    struct world *w = world_new();
    const char *key, *before = "";
    char name[16];

    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof name, "%03u", i * 7919 % 500);
        world_put(w, "k", name, json_object());
    }
    assert_int_equal(world_count(w, "k"), 500);
    for (size_t i = 0; world_at(w, "k", i, &key); i++) {
        assert_true(strcmp(before, key) < 0);
        before = key;
    }
    world_free(w);
}

static void test_dump_hides_secrets_and_what_aws_manages(void **state)
{
    CLEANUP(buf_release) struct buf out = {0};
    struct world *w = world_new();
    struct json *secret = json_of("Name", "s", NULL), *versions = json_object();

    (void)state;
    /* sha256("abc"), FIPS 180-4. */
    json_put(versions, "v1", json_of("secret_string", "abc", "VersionId", "v1", NULL));
    json_put(secret, "versions", versions);
    world_put(w, "secretsmanager.secret", "arn", secret);
    world_put(w, "iam.policy", "managed", json_object());
    json_put_bool(world_edit(w, "iam.policy", "managed"), "aws_managed", true);
    world_put(w, "gone", "x", json_object());
    world_remove(w, "gone", "x");
    world_dump(w, &out);
    assert_string_equal(buf_text(&out),
                        "{\n  \"secretsmanager.secret\": {\n    \"arn\": {\n      \"Name\": \"s\",\n"
                        "      \"versions\": {\n        \"v1\": {\n          \"VersionId\": \"v1\",\n"
                        "          \"secret_string\": "
                        "\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n"
                        "        }\n      }\n    }\n  }\n}");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts_finds_and_removes),
        cmocka_unit_test(test_put_replaces_and_edit_stays),
        cmocka_unit_test(test_keeps_order_over_many_keys),
        cmocka_unit_test(test_dump_hides_secrets_and_what_aws_manages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
