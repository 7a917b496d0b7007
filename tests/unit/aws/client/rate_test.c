/* The rate of adaptive mode, at times that are told. */
#include "aws/client/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START_MS 1000000

/* Ten requests a second for five seconds. */
static int64_t ask_steadily(struct rate *r)
{
    int64_t now_ms = START_MS;

    for (; now_ms < START_MS + 5000; now_ms += 100) {
        assert_int_equal(rate_take(r, now_ms), 0);
        rate_note(r, false, now_ms);
    }
    return now_ms;
}

static void holds_nothing_back_before_a_throttle(void **state)
{
    struct rate r = {0};

    (void)state;
    ask_steadily(&r);
    assert_false(r.limits);
    assert_float_equal(r.measured, 10, 1);
}

static void slows_down_and_recovers(void **state)
{
    struct rate r = {0};
    int64_t now_ms = ask_steadily(&r), wait_ms;

    (void)state;
    rate_note(&r, true, now_ms);
    /* 0.7 of what was sent. */
    assert_float_equal(r.fill_rate, 7, 0.7);
    /* What is left in the bucket, at most a second's worth, then a seventh of a
     * second each, one behind the other. */
    for (int i = 0; i < 7 && rate_take(&r, now_ms) == 0; i++)
        ;
    wait_ms = rate_take(&r, now_ms);
    assert_in_range(wait_ms, 1, 320);
    assert_in_range(rate_take(&r, now_ms) - wait_ms, 130, 160);
    /* After the cubic's window, (10 * 0.3 / 0.4)^(1/3) = 1.96 s, the rate is what it was. */
    for (int i = 0; i < 20; i++) {
        now_ms += 100;
        rate_note(&r, false, now_ms);
    }
    assert_float_equal(r.fill_rate, r.last_max, 0.5);
}

static void never_stands_still(void **state)
{
    struct rate r = {0};

    (void)state;
    rate_note(&r, true, START_MS);
    for (int i = 0; i < 20; i++)
        rate_note(&r, true, START_MS + i);
    assert_float_equal(r.fill_rate, 0.5, 0);
    assert_int_equal(rate_take(&r, START_MS + 20), 1980);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_nothing_back_before_a_throttle),
        cmocka_unit_test(slows_down_and_recovers),
        cmocka_unit_test(never_stands_still),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
