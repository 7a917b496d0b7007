#include "aws/crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Hands out one kind of byte some times, then another for ever. */
struct script {
    int times;
    unsigned char first, then;
    int calls;
};

static void scripted(void *self, void *out, size_t len)
{
    struct script *s = self;

    memset(out, s->calls++ < s->times ? s->first : s->then, len);
}

static void below_is_unbiased(void **state)
{
    struct script s = {.times = 2, .first = 0, .then = 0xff};
    struct random r = {scripted, &s};

    (void)state;
    /* 2^64 mod 3 is 1: the word 0 is the surplus one, and is drawn again. */
    assert_int_equal(random_below(&r, 3), 0); /* 2^64-1 is a multiple of 3 */
    assert_int_equal(s.calls, 3);
    /* A power of two has no surplus. */
    s = (struct script){.times = 1, .first = 0, .then = 0xff};
    assert_int_equal(random_below(&r, 8), 0);
    assert_int_equal(s.calls, 1);
    assert_int_equal(random_below(&r, 8), 7);
    assert_int_equal(random_below(&r, 1), 0);
    assert_true(random_unit(&r) < 1.0);
}

static void seeded_repeats(void **state)
{
    struct random_seeded a, b, c;
    struct random ra = random_seeded_source(&a), rb = random_seeded_source(&b), rc = random_seeded_source(&c);
    char one[41], two[41], three[41];
    bool seen[10] = {false};

    (void)state;
    random_seeded_init(&a, 42);
    random_seeded_init(&b, 42);
    random_seeded_init(&c, 43);
    random_text(&ra, "abcdefghij", one, 40);
    random_text(&rb, "abcdefghij", two, 40);
    random_text(&rc, "abcdefghij", three, 40);
    assert_string_equal(one, two);
    assert_string_not_equal(one, three);
    for (int i = 0; i < 1000; i++) {
        double unit = random_unit(&ra);

        assert_true(unit >= 0.0 && unit < 1.0);
        seen[random_below(&ra, 10)] = true;
    }
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        assert_true(seen[i]);
}

static void uuid_form(void **state)
{
    struct script s = {.times = 1, .first = 0xff};
    struct random r = {scripted, &s};
    char text[37], other[37];

    (void)state;
    random_uuid(&r, text);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    random_uuid(&r, text);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    random_uuid(&random_system, text);
    random_uuid(&random_system, other);
    assert_string_not_equal(text, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_is_unbiased),
        cmocka_unit_test(seeded_repeats),
        cmocka_unit_test(uuid_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
