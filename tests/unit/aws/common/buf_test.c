#include "aws/common/buf.h"

#include "aws/common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void building(void **state)
{
    struct buf b = {0}, other = {0};
    char *text;

    (void)state;
    assert_string_equal(buf_text(&b), "");
    buf_adds(&b, "ab");
    buf_addc(&b, 'c');
    buf_printf(&b, "%d", 12);
    assert_string_equal(buf_text(&b), "abc12");
    buf_add(&b, buf_str(&b)); /* a part of itself */
    for (int i = 0; i < 6; i++)
        buf_add(&b, buf_str(&b));
    assert_int_equal(b.len, 640);
    assert_memory_equal(b.data + 635, "abc12", 6);
    buf_take(&other, &b);
    assert_int_equal(b.len, 0);
    assert_null(b.data);
    assert_int_equal(other.len, 640);
    buf_reset(&other);
    assert_string_equal(buf_text(&other), "");
    assert_non_null(other.data);
    buf_adds(&other, "x");
    text = buf_detach(&other);
    assert_string_equal(text, "x");
    mem_free(text);
    text = buf_detach(&other);
    assert_string_equal(text, "");
    mem_free(text);
    buf_release(&other);
    buf_release(&other);
}

static void limit_stops_for_good(void **state)
{
    struct buf b = {.limit_bytes = 4};

    (void)state;
    buf_adds(&b, "abc");
    buf_adds(&b, "de");
    assert_true(b.overflow);
    assert_string_equal(buf_text(&b), "abc");
    buf_addc(&b, 'd'); /* would fit, but the text would have a hole */
    assert_string_equal(buf_text(&b), "abc");
    buf_reset(&b);
    assert_false(b.overflow);
    buf_adds(&b, "abcd");
    assert_false(b.overflow);
    buf_printf(&b, "%s", "e");
    assert_true(b.overflow);
    buf_release(&b);
    assert_int_equal(b.limit_bytes, 4);
}

/* RFC 4648 section 10. */
static const struct {
    const char *plain, *base64;
} base64_rows[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"}};

static void encodings(void **state)
{
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(base64_rows); i++) {
        buf_reset(&b);
        buf_add_base64(&b, base64_rows[i].plain, strlen(base64_rows[i].plain));
        assert_string_equal(buf_text(&b), base64_rows[i].base64);
        buf_reset(&b);
        assert_true(buf_add_unbase64(&b, str_of(base64_rows[i].base64)));
        assert_string_equal(buf_text(&b), base64_rows[i].plain);
    }
    buf_reset(&b);
    buf_add_base64(&b, "\xfb\xff\x00", 3);
    assert_string_equal(buf_text(&b), "+/8A");
    buf_reset(&b);
    assert_true(buf_add_unbase64(&b, STR("+/8A")));
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "\xfb\xff\x00", 3);
    buf_reset(&b);
    buf_add_hex(&b, "\x00\xfe\x1a", 3);
    assert_string_equal(buf_text(&b), "00fe1a");
    buf_release(&b);
}

static void base64_refused(void **state)
{
    static const struct {
        const char *why, *text;
    } rows[] = {
        {"padding missing", "Zg"},
        {"one digit is no byte", "Z==="},
        {"padding alone", "===="},
        {"padding in the middle", "Zg==Zg=="},
        {"bits behind the last byte", "Zh=="},
        {"bits behind the last two bytes", "Zm9="},
        {"line break", "Zm9v\nZm9v"},
        {"URL alphabet", "-_8A"},
        {"blank", "Zm 9"},
    };
    struct buf b = {0};

    (void)state;
    buf_adds(&b, "before");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_false(buf_add_unbase64(&b, str_of(rows[i].text)));
        assert_string_equal(buf_text(&b), "before");
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(building),
        cmocka_unit_test(limit_stops_for_good),
        cmocka_unit_test(encodings),
        cmocka_unit_test(base64_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
