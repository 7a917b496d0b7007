/* The strict check against nst/JSONTestSuite: every document that must be
 * accepted is, every one that must be refused is, whatever its reason. */
#include "aws/common/file.h"
#include "aws/common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static const char vectors[] = "../shared/vectors/json/parsing.jsonl";

struct tally {
    int accepted, refused, either;
};

static void judge(const struct json *row, struct tally *tally)
{
    const char *expect = json_get_text(row, "expect");
    struct buf text = {0};
    struct json *parsed = NULL;
    struct error err;
    bool ok;

    assert_true(buf_add_unbase64(&text, json_str(json_get(row, "raw_b64"))));
    ok = json_check(buf_str(&text), NULL, &err);
    if (strcmp(expect, "accept") == 0) {
        if (!ok)
            fail_msg("%s: %s", json_get_text(row, "name"), err.message);
        tally->accepted++;
    } else if (strcmp(expect, "reject") == 0) {
        if (ok)
            fail_msg("%s was accepted", json_get_text(row, "name"));
        tally->refused++;
    } else {
        assert_string_equal(expect, "either");
        tally->either++;
    }
    /* What is parsed was always checked; the parser may only be stricter. */
    if (json_parse(buf_str(&text), NULL, &parsed, &err) && !ok)
        fail_msg("%s was parsed without being accepted", json_get_text(row, "name"));
    json_free(parsed);
    buf_release(&text);
}

static void test_suite(void **state)
{
    struct buf file = {0};
    struct tally tally = {0};
    struct error err;
    struct str rest, line;

    (void)state;
    if (access(vectors, R_OK) != 0)
        skip();
    assert_true(file_read(vectors, 4u << 20, &file, &err));
    for (rest = buf_str(&file); str_split(&rest, '\n', &line);) {
        CLEANUP(json_freep) struct json *row = NULL;

        if (str_empty(line))
            continue;
        assert_true(json_parse(line, NULL, &row, &err));
        judge(row, &tally);
    }
    assert_int_equal(tally.accepted, 95);
    assert_int_equal(tally.refused, 188);
    assert_int_equal(tally.either, 35);
    buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suite)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
