#include "aws/common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct json *parsed(const char *text)
{
    struct json *j = NULL;
    struct error err;

    if (!json_parse(str_of(text), NULL, &j, &err))
        fail_msg("%s: %s", text, err.message);
    return j;
}

static void assert_written(const struct json *j, const char *want)
{
    struct buf b = {0};

    json_write(j, &b);
    assert_string_equal(buf_text(&b), want);
    buf_release(&b);
}

static void refusals_name_the_byte(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "JSON: value expected, but the text ends at byte 0"},
        {"[1,]", "JSON: digit expected at byte 3"},
        {"{\"a\":1,}", "JSON: name in quotes expected at byte 7"},
        {"[01]", "JSON: ',' or ']' expected at byte 2"},
        {"[2.e3]", "JSON: digit expected at byte 3"},
        {"{\"a\" 1}", "JSON: ':' expected at byte 5"},
        {"{} x", "JSON: text after the value at byte 3"},
        {"[\"\t\"]", "JSON: raw control character in a string at byte 2"},
        {"[\"\xc3\"]", "JSON: ill-formed UTF-8 at byte 2"},
        {"[\"a\xff\"]", "JSON: ill-formed UTF-8 at byte 3"},
        {"[\"\x1f\xc3\xa9\"]", "JSON: raw control character in a string at byte 2"},
        {"\"\\ud800x\"", "JSON: half of a surrogate pair at byte 7"},
        {"\"\\udc00\"", "JSON: half of a surrogate pair at byte 7"},
        {"\"\\x\"", "JSON: unknown escape at byte 2"},
        {"\"\\u12g4\"", "JSON: a \\u escape wants four hex digits at byte 5"},
        {"\"abc", "JSON: unterminated string at byte 4"},
        {"tru", "JSON: value expected at byte 0"},
        {"[}", "JSON: digit expected at byte 1"},
        {"{\"a\":[1}", "JSON: ',' or ']' expected at byte 7"},
        {"\xef\xbb\xbf{}", "JSON: digit expected at byte 0"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_false(json_check(str_of(rows[i].text), NULL, &err));
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(err.code, ERR_SYNTAX);
    }
    assert_false(json_check((struct str){"1\0", 2}, NULL, &err));
    /* strchr() finds a NUL in any set. */
    assert_false(json_check((struct str){"\"\\\0\"", 4}, NULL, &err));
    assert_false(json_check((struct str){NULL, 0}, NULL, &err));
}

static void depth_is_bounded(void **state)
{
    struct buf deep = {0};
    struct error err;
    struct json *j;

    (void)state;
    for (int i = 0; i < 32; i++)
        buf_addc(&deep, '[');
    for (int i = 0; i < 32; i++)
        buf_addc(&deep, ']');
    assert_true(json_check(buf_str(&deep), NULL, &err));
    assert_true(json_parse(buf_str(&deep), NULL, &j, &err));
    json_free(j);
    assert_false(json_check(buf_str(&deep), &(struct json_limits){.depth = 31}, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    /* An empty bracket is a level too. */
    assert_true(json_check(STR("[\"\xc3\xa9\",\"a\xc3\xa9\\n\xc3\xa9\"]"), NULL, &err));
    assert_false(json_check(STR("[[]]"), &(struct json_limits){.depth = 1}, &err));
    assert_true(json_check(STR("[[],{}]"), &(struct json_limits){.depth = 2}, &err));
    buf_reset(&deep);
    for (int i = 0; i < 100000; i++)
        buf_addc(&deep, '[');
    assert_false(json_check(buf_str(&deep), &(struct json_limits){.depth = 1u << 20}, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    buf_release(&deep);
}

static void parse_is_stricter(void **state)
{
    static const struct {
        const char *why, *text;
        enum error_code code;
    } rows[] = {
        {"text is without NUL", "[\"a\\u0000\"]", ERR_SYNTAX},
        {"infinite as a double", "1e400", ERR_SYNTAX},
        {"infinite as a double", "[-1E+400]", ERR_SYNTAX},
        {"cJSON would cut it", "1.0000000000000000000000000000000000000000000000000000000000000000001",
         ERR_LIMIT},
    };
    struct error err;
    struct json *j;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(json_check(str_of(rows[i].text), NULL, &err));
        assert_false(json_parse(str_of(rows[i].text), NULL, &j, &err));
        assert_int_equal(err.code, rows[i].code);
        assert_null(j);
    }
    /* Not a whole buffer: what is behind the length is not looked at. */
    assert_true(json_parse((struct str){"12345", 2}, NULL, &j, &err));
    assert_int_equal(json_int(j, 0), 12);
    json_free(j);
}

static void unique_names(void **state)
{
    const struct json_limits unique = {.unique_keys = true};
    struct json *j;
    struct error err;

    (void)state;
    assert_true(json_check(STR("{\"a\":1,\"A\":2,\"b\":{\"a\":1}}"), &unique, &err));
    assert_false(json_check(STR("{\"a\":1,\"\\u0061\":2}"), &unique, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_false(json_parse(STR("[{\"x\":[{\"k\":1,\"l\":1,\"k\":1}]}]"), &unique, &j, &err));
    assert_string_equal(err.message, "JSON: the name \"k\" stands twice in one object");
    /* Without the limit the first one counts. */
    assert_true(json_parse(STR("{\"a\":1,\"a\":2}"), NULL, &j, &err));
    assert_int_equal(json_int(json_get(j, "a"), 0), 1);
    json_free(j);
}

static void reading(void **state)
{
    CLEANUP(json_freep)
    struct json *j = parsed("{\"Key\":\"v\",\"list\":[1,{\"x\":true}],\"n\":null,\"f\":2.5,\"big\":1e30,"
                            "\"Name\":\"\\ud83d\\ude00\"}");

    (void)state;
    assert_string_equal(json_get_text(j, "Key"), "v");
    assert_null(json_get(j, "key"));
    assert_null(json_get(j, "Ke"));
    assert_null(json_getn(j, STR("Keyx")));
    assert_non_null(json_getn(j, (struct str){"Keyx", 3}));
    assert_true(json_bool(json_path(j, "list.1.x"), false));
    assert_null(json_path(j, "list.2"));
    assert_null(json_path(j, "list.x"));
    assert_null(json_path(j, "Key.x"));
    assert_true(json_is_null(json_get(j, "n")));
    assert_false(json_is_null(json_get(j, "absent")));
    assert_int_equal(json_int(json_get(j, "f"), 0), 2);
    assert_int_equal(json_int(json_get(j, "big"), -7), -7);
    assert_int_equal(json_int(json_get(j, "Key"), -7), -7);
    assert_int_equal(json_count(j), 6);
    assert_int_equal(json_count(json_get(j, "list")), 2);
    assert_int_equal(json_count(NULL), 0);
    assert_string_equal(json_key(json_at(j, 1)), "list");
    assert_string_equal(json_key(json_first(json_get(j, "list"))), "");
    assert_string_equal(json_get_text(j, "Name"), "\xf0\x9f\x98\x80");
    assert_string_equal(json_text(json_get(j, "f")), "");
    assert_null(json_next(NULL));
    assert_null(json_get(NULL, "x"));
    assert_null(json_first(json_get(j, "Key")));
}

static void building(void **state)
{
    struct json *j = json_of("RoleName", "r", "Path", NULL, "Tag", "t", NULL), *list, *taken;

    (void)state;
    assert_written(j, "{\"RoleName\":\"r\",\"Tag\":\"t\"}");
    json_put_int(j, "Tag", 9007199254740992);
    json_put_bool(j, "b", true);
    json_put_text(j, "none", NULL);
    json_put_str(j, "cut", (struct str){"abcd", 2});
    list = json_put(j, "list", json_array());
    for (int i = 0; i < 3; i++)
        json_push(list, json_integer(i));
    assert_written(j, "{\"RoleName\":\"r\",\"Tag\":9007199254740992,\"b\":true,\"none\":null,\"cut\":\"ab\","
                      "\"list\":[0,1,2]}");
    /* A member that moves into a list leaves its name behind. */
    taken = json_detach(j, "RoleName");
    assert_string_equal(json_key(taken), "");
    json_push(json_edit(j, "list"), taken);
    json_remove(j, "none");
    json_remove(j, "absent");
    json_free(json_detach_at(json_edit(j, "list"), 0));
    assert_null(json_detach_at(json_edit(j, "list"), 9));
    json_push(json_edit(j, "list"), json_integer(5)); /* appending still works at the end */
    assert_written(j, "{\"Tag\":9007199254740992,\"b\":true,\"cut\":\"ab\",\"list\":[1,2,\"r\",5]}");
    json_put(j, "list", json_object()); /* replaced in its place */
    json_put(json_edit(j, "list"), "x", json_null());
    assert_written(j, "{\"Tag\":9007199254740992,\"b\":true,\"cut\":\"ab\",\"list\":{\"x\":null}}");
    /* What cannot be put is freed, not leaked. */
    assert_null(json_put(json_edit(j, "cut"), "x", json_integer(1)));
    assert_null(json_push(j, json_integer(1)));
    assert_null(json_put(j, "x", NULL));
    json_free(j);
    json_free(NULL);
}

static void writing(void **state)
{
    CLEANUP(json_freep) struct json *j = parsed("{\"b\":[1,{}],\"a\":{\"y\":[],\"x\":\"\\u007f\"}}");
    struct buf b = {0};

    (void)state;
    json_write_pretty(j, &b);
    assert_string_equal(
        buf_text(&b),
        "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": {\n    \"y\": [],\n    \"x\": \"\x7f\"\n  }\n}");
    buf_reset(&b);
    json_write_sorted(j, &b);
    assert_string_equal(
        buf_text(&b),
        "{\n  \"a\": {\n    \"x\": \"\x7f\",\n    \"y\": []\n  },\n  \"b\": [\n    1,\n    {}\n  ]\n}");
    buf_reset(&b);
    json_write_string(STR("a\"\\/\b\f\n\r\t\x01\xc3\xa9"), &b);
    assert_string_equal(buf_text(&b), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\xc3\xa9\"");
    buf_release(&b);
}

static void numbers_are_written_plainly(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"1e15", "1000000000000000"},
        {"9007199254740991", "9007199254740991"},
        {"-9007199254740992", "-9007199254740992"},
        {"1440938160123", "1440938160123"},
        {"1.50", "1.5"},
        {"0.1", "0.1"},
        {"1e300", "1e+300"},
        {"-0", "0"},
        {"1440938160.123", "1440938160.123"},
        {"0.30000000000000004", "0.30000000000000004"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *j = parsed(rows[i].in);

        assert_written(j, rows[i].out);
    }
}

static void equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1.0}", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1]", false},
        {"{\"a\":1}", "{\"A\":1}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"\"1\"", "1", false},
        {"true", "false", false},
        {"null", "null", true},
        {"{}", "[]", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *a = parsed(rows[i].a);
        CLEANUP(json_freep) struct json *b = parsed(rows[i].b);
        CLEANUP(json_freep) struct json *copy = json_copy(a);

        assert_int_equal(json_equal(a, b), rows[i].equal);
        assert_true(json_equal(a, copy));
        assert_false(json_equal(a, NULL));
    }
    assert_true(json_equal(NULL, NULL));
    assert_null(json_copy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_the_byte),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(parse_is_stricter),
        cmocka_unit_test(unique_names),
        cmocka_unit_test(reading),
        cmocka_unit_test(building),
        cmocka_unit_test(writing),
        cmocka_unit_test(numbers_are_written_plainly),
        cmocka_unit_test(equality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
