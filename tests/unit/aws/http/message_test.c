#include "aws/http/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void keeps_order_and_duplicates(void **state)
{
    CLEANUP(http_headers_release) struct http_headers h = {0};
    struct error err = {0};

    (void)state;
    assert_true(http_headers_add(&h, "A", STR("1"), &err));
    assert_true(http_headers_add(&h, "b", STR("2"), &err));
    assert_true(http_headers_add(&h, "a", STR("3"), &err));
    assert_int_equal(http_headers_count(&h, "a"), 2);
    assert_string_equal(http_headers_find(&h, "a"), "1");
    assert_string_equal(h.items[2].value, "3");
    assert_true(http_headers_set(&h, "A", STR("4"), &err));
    assert_int_equal(http_headers_count(&h, "a"), 1);
    assert_string_equal(http_headers_find(&h, "a"), "4");
    assert_string_equal(http_headers_find(&h, "B"), "2");
    http_headers_remove(&h, "B");
    assert_null(http_headers_find(&h, "b"));
    assert_int_equal(h.count, 1);
}

static void refuses_line_breaks(void **state)
{
    static const struct {
        const char *why, *name;
        struct str value;
    } table[] = {
        {"a second header", "X", {"a\r\nY: b", 7}},
        {"bare LF", "X", {"a\n", 2}},
        {"bare CR", "X", {"a\r", 2}},
        {"NUL cuts what is checked from what is sent", "X", {"a\0b", 3}},
        {"in the name", "X\nY", {"a", 1}},
        {"no name", "", {"a", 1}},
    };
    CLEANUP(http_headers_release) struct http_headers h = {0};
    struct error err = {0};

    (void)state;
    assert_true(http_headers_add(&h, "X", STR("old"), &err));
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_false(http_headers_add(&h, table[i].name, table[i].value, &err));
        assert_int_equal(err.code, ERR_USAGE);
        assert_false(http_headers_set(&h, table[i].name, table[i].value, &err));
    }
    /* A refused set leaves the old value alone. */
    assert_int_equal(h.count, 1);
    assert_string_equal(http_headers_find(&h, "X"), "old");
}

static void sets_from_its_own_text(void **state)
{
    CLEANUP(http_request_release) struct http_request r = {0};

    (void)state;
    http_request_set(&r, "GET", "/a", NULL);
    http_request_set(&r, r.method, r.path, "q=1");
    assert_string_equal(r.method, "GET");
    assert_string_equal(r.path, "/a");
    assert_string_equal(r.query, "q=1");
    http_request_release(&r);
    http_request_release(&r);
    assert_null(r.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_duplicates),
        cmocka_unit_test(refuses_line_breaks),
        cmocka_unit_test(sets_from_its_own_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
