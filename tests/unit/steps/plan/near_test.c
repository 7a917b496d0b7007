#include "steps/plan/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *why;
    const char *word;
    const char *offered[6];
    const char *want;
};

static const struct row rows[] = {
    {"one letter", "uess", {"uses", "undo"}, "; did you mean \"uses\"?"},
    {"two letters swapped", "wiht", {"with"}, "; did you mean \"with\"?"},
    {"the closest wins",
     "iam.role_polcy",
     {"iam.role", "iam.policy", "iam.role_policy"},
     "; did you mean \"iam.role_policy\"?"},
    {"the first of two as close", "ab", {"ac", "ad"}, "; did you mean \"ac\"?"},
    {"letters of another case", "ssl", {"NONE", "SSL"}, "; did you mean \"SSL\"?"},
    {"nothing in common", "foo", {"bar", "bazaar"}, "; there is bar, bazaar"},
    {"a short word is not near all others", "a", {"b", "c"}, "; there is b, c"},
    {"nothing offered", "a", {NULL}, ""},
    {"nothing written", "", {"a"}, "; there is a"},
    {"too many to list",
     "zz",
     {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      "cccccccccccccccccccccccccccccccccccccccc", "dddddddddddddddddddddddddddddddddddddddd"},
     ""},
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct near near;

        near_init(&near, str_of(rows[i].word));
        for (size_t k = 0; k < ARRAY_LEN(rows[i].offered) && rows[i].offered[k]; k++)
            near_offer(&near, rows[i].offered[k]);
        if (strcmp(near_hint(&near), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].why, near_hint(&near));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
