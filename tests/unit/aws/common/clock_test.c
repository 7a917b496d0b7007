#include "aws/common/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

/* Worked out with date(1) from coreutils. */
static const struct {
    const char *why;
    int64_t epoch_s;
    const char *basic, *iso, *http;
} moments[] = {
    {"SigV4 suite", 1440938160, "20150830T123600Z", "2015-08-30T12:36:00Z", "Sun, 30 Aug 2015 12:36:00 GMT"},
    {"epoch", 0, "19700101T000000Z", "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"before the epoch", -1, "19691231T235959Z", "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
    {"leap day", 1709210096, "20240229T123456Z", "2024-02-29T12:34:56Z", "Thu, 29 Feb 2024 12:34:56 GMT"},
    {"leap century", 951782400, "20000229T000000Z", "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {"no leap century", 4107542400, "21000301T000000Z", "2100-03-01T00:00:00Z",
     "Mon, 01 Mar 2100 00:00:00 GMT"},
    {"highest", 253402300799, "99991231T235959Z", "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
};

static void both_ways(void **state)
{
    char text[40];
    int64_t value;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        clock_format_basic(moments[i].epoch_s, text);
        assert_string_equal(text, moments[i].basic);
        clock_format_iso(moments[i].epoch_s, text);
        assert_string_equal(text, moments[i].iso);
        clock_format_http(moments[i].epoch_s, text);
        assert_string_equal(text, moments[i].http);
        assert_true(clock_parse_basic(str_of(moments[i].basic), &value));
        assert_true(value == moments[i].epoch_s);
        assert_true(clock_parse_iso(str_of(moments[i].iso), &value));
        assert_true(value == moments[i].epoch_s * 1000);
        assert_true(clock_parse_http(str_of(moments[i].http), &value));
        assert_true(value == moments[i].epoch_s);
    }
    clock_format_iso_ms(1440938160007, text);
    assert_string_equal(text, "2015-08-30T12:36:00.007Z");
    clock_format_iso_ms(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void iso_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t epoch_ms;
    } rows[] = {
        {"2015-08-30T12:36:00.5Z", 1440938160500},    {"2015-08-30T12:36:00.123456789Z", 1440938160123},
        {"2015-08-30T14:36:00+02:00", 1440938160000}, {"2015-08-30T12:06:00-0030", 1440938160000},
        {"20150830T123600Z", 1440938160000},          {"2015-08-30 12:36:00", 1440938160000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
    };
    static const char *const refused[] = {"",
                                          "2015-08-30",
                                          "2015-8-30T12:36:00Z",
                                          "2015-02-29T00:00:00Z",
                                          "2015-13-01T00:00:00Z",
                                          "2015-08-30T24:00:00Z",
                                          "2015-08-30T12:60:00Z",
                                          "2015-08-30T12:36:61Z",
                                          "2015-08-30T12:36:00.Z",
                                          "2015-08-30T12:36:00Zx",
                                          "2015-0830T12:36:00Z",
                                          "2015-08-30T1236:00Z",
                                          "2015-08-30T12:36:00+2",
                                          "-015-08-30T12:36:00Z"};
    static const char *const not_basic[] = {"2015-08-30T12:36:00Z", "20150830T123600", "20150830T123600+",
                                            "20150830 123600Z"};
    int64_t value;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(clock_parse_iso(str_of(rows[i].text), &value));
        assert_true(value == rows[i].epoch_ms);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_false(clock_parse_iso(str_of(refused[i]), &value));
    for (size_t i = 0; i < ARRAY_LEN(not_basic); i++)
        assert_false(clock_parse_basic(str_of(not_basic[i]), &value));
    assert_false(clock_parse_http(STR("Sun, 30 Aug 2015 12:36:00 UTC"), &value));
    assert_false(clock_parse_http(STR("Sun, 30 Aug 2015 12:36:00"), &value));
    assert_false(clock_parse_http(STR("Sun, 31 Sep 2015 12:36:00 GMT"), &value));
}

static void waiting(void **state)
{
    int64_t before = clock_monotonic_ms(&clock_system);
    int ends[2];

    (void)state;
    assert_false(clock_wait(20, -1));
    assert_true(clock_monotonic_ms(&clock_system) - before >= 20);
    assert_false(clock_wait(0, -1));
    assert_false(clock_wait(-5, -1));
    assert_int_equal(pipe(ends), 0);
    assert_false(clock_wait(1, ends[0]));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(clock_wait(INT64_MAX, ends[0]));
    close(ends[0]);
    close(ends[1]);
    assert_true(clock_wall_ms(&clock_system) > 1700000000000);
}

/* Once or often, the counter empty or full; and nobody's errno changes. */
static void waking(void **state)
{
    const uint64_t nearly_full = UINT64_MAX - 2;
    uint64_t count = 0;
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    (void)state;
    assert_true(event >= 0);
    assert_false(clock_wait(0, event));
    errno = ENOENT;
    clock_wake(event);
    clock_wake(event);
    assert_true(clock_wait(0, event));
    assert_int_equal(read(event, &count, sizeof count), sizeof count);
    assert_int_equal(count, 2);
    assert_false(clock_wait(0, event));
    assert_int_equal(write(event, &nearly_full, sizeof nearly_full), sizeof nearly_full);
    clock_wake(event);
    clock_wake(event);
    assert_true(clock_wait(0, event));
    close(event);
    clock_wake(-1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(iso_forms),
        cmocka_unit_test(waiting),
        cmocka_unit_test(waking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
