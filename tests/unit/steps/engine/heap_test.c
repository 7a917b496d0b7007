#include "steps/engine/heap.h"

#include "aws/crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_order(void **state)
{
    struct random_seeded seeded;
    struct timer_heap h = {0};
    struct timer t;
    struct random r;
    int64_t last = -1;

    (void)state;
    random_seeded_init(&seeded, 1);
    r = random_seeded_source(&seeded);
    assert_false(timer_heap_top(&h, &t));
    assert_false(timer_heap_pop_due(&h, INT64_MAX, &t));
    for (size_t i = 0; i < 500; i++)
        timer_heap_push(&h, (struct timer){(int64_t)random_below(&r, 100), i}); /* many are equal */
    for (size_t i = 0; i < 500; i++) {
        assert_true(timer_heap_pop_due(&h, 99, &t));
        assert_true(t.due_ms >= last);
        last = t.due_ms;
    }
    assert_false(timer_heap_top(&h, &t));
    timer_heap_release(&h);
    timer_heap_release(&h);
}

static void test_only_what_is_due(void **state)
{
    struct timer_heap h = {0};
    struct timer t;

    (void)state;
    timer_heap_push(&h, (struct timer){20, 1});
    timer_heap_push(&h, (struct timer){10, 2});
    assert_false(timer_heap_pop_due(&h, 9, &t));
    assert_true(timer_heap_pop_due(&h, 10, &t));
    assert_int_equal(t.task, 2);
    assert_false(timer_heap_pop_due(&h, 10, &t));
    assert_true(timer_heap_top(&h, &t));
    assert_int_equal(t.due_ms, 20);
    timer_heap_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_only_what_is_due)};

    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
