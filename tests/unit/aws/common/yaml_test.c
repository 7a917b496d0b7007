#include "aws/common/yaml.h"

#include "aws/common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* STR() as an initialiser of a table. */
#define LIT(literal)                                                                                         \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    }

static void places_and_types(void **state)
{
    static const char text[] = "lab: secrets\n"
                               "\xc3\xa9\xc3\xa9: {x: \"1\"}\n"
                               "steps:\n"
                               "  - a\n"
                               "  - |\n"
                               "    block\n";
    struct yaml_document doc;
    struct yaml_problem problem;
    const struct yaml_node *node;

    (void)state;
    assert_true(yaml_parse(STR("\xef\xbb\xbf"
                               "a: b"),
                           &doc, &problem));
    assert_int_equal(doc.root->keys[0]->column, 1); /* a byte order mark is no column */
    yaml_release(&doc);
    assert_true(yaml_parse(STR(text), &doc, &problem));
    assert_int_equal(doc.root->type, YAML_MAPPING);
    assert_int_equal(doc.root->count, 3);
    node = yaml_get(doc.root, "lab");
    assert_true(str_is(node->text, "secrets"));
    assert_false(node->quoted);
    assert_int_equal(node->line, 1);
    assert_int_equal(node->column, 6);
    node = yaml_get(doc.root, "\xc3\xa9\xc3\xa9");
    assert_int_equal(node->line, 2);
    assert_int_equal(node->column, 5); /* characters, not bytes */
    assert_true(yaml_get(node, "x")->quoted);
    node = yaml_get(doc.root, "steps");
    assert_int_equal(node->type, YAML_SEQUENCE);
    assert_int_equal(node->count, 2);
    assert_true(node->items[1]->quoted);
    assert_true(str_is(node->items[1]->text, "block\n"));
    assert_int_equal(yaml_key(doc.root, "steps")->line, 3);
    assert_null(yaml_get(doc.root, "Lab"));
    assert_null(yaml_get(node, "a"));
    assert_null(yaml_get(NULL, "a"));
    yaml_release(&doc);
    yaml_release(&doc);
    assert_true(yaml_parse(STR("# nothing\n"), &doc, &problem));
    assert_null(doc.root);
    yaml_release(&doc);
    assert_true(yaml_parse((struct str){NULL, 0}, &doc, &problem));
    assert_null(doc.root);
    yaml_release(&doc);
}

static struct json *named(struct str tag, struct json *value)
{
    struct json *out = json_array();

    json_push(out, json_string(tag));
    json_push(out, value);
    return out;
}

static void tags_are_handed_over_when_asked_for(void **state)
{
    static const struct {
        const char *why;
        struct str text;
        const char *json; /* NULL: refused */
    } rows[] = {
        {"on a scalar", LIT("a: !Ref b"), "{\"a\":[\"Ref\",\"b\"]}"},
        {"its type is not the tag's", LIT("a: !Ref 12"), "{\"a\":[\"Ref\",12]}"},
        {"on sequences and mappings, nested", LIT("!T {a: !J [!R b, c]}"),
         "[\"T\",{\"a\":[\"J\",[[\"R\",\"b\"],\"c\"]]}]"},
        {"on a block", LIT("a: !Sub |\n  x\n"), "{\"a\":[\"Sub\",\"x\\n\"]}"},
        {"on nothing", LIT("a: !Ref"), "{\"a\":[\"Ref\",null]}"},
        {"a type of YAML", LIT("a: !!str 2"), NULL},
        {"a type of a program", LIT("a: !!python/object:x 2"), NULL},
        {"spelt out", LIT("a: !<tag:yaml.org,2002:str> 2"), NULL},
        {"without a name", LIT("a: ! 2"), NULL},
        {"on a key", LIT("!Ref a: 2"), NULL},
        {"with a directive", LIT("%TAG ! tag:x,2000:\n---\na: !x 1"), NULL},
        {"anchors stay out", LIT("a: &x !Ref b"), NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(json_freep) struct json *got = NULL;
        CLEANUP(buf_release) struct buf text = {0};
        struct yaml_document doc;
        struct yaml_problem problem;

        if (yaml_parse_tagged(rows[i].text, &doc, &problem) != (rows[i].json != NULL))
            fail_msg("%s: %s", rows[i].why, problem.message);
        if (!rows[i].json)
            continue;
        got = yaml_to_json_tagged(doc.root, named);
        json_write(got, &text);
        assert_string_equal(buf_text(&text), rows[i].json);
        yaml_release(&doc);
    }
}

static void refusals_name_the_place(void **state)
{
    static const struct {
        struct str text;
        int line, column;
        const char *message;
    } rows[] = {
        {LIT("a: &x 1\nb: *x"), 1, 4, "anchors are not allowed"},
        {LIT("a: 1\nb: *x"), 2, 4, "aliases are not allowed"},
        {LIT("a: &x [1]"), 1, 4, "anchors are not allowed"},
        {LIT("\xc3\xa9: !!str 2"), 1, 4, "tags are not allowed"},
        {LIT("a: !x {b: 1}"), 1, 4, "tags are not allowed"},
        {LIT("%TAG ! tag:x,2000:\n---\na: 1"), 1, 1, "tags are not allowed"},
        {LIT("<<: {a: 1}"), 1, 1, "merge keys are not allowed"},
        {LIT("a: 1\nb: 2\na: 3\nb: 4"), 3, 1, "the key \"a\" stands twice, first in line 1"},
        {LIT("a: 1\n\"a\": 3"), 2, 1, "the key \"a\" stands twice, first in line 1"},
        {LIT("[a]: 1"), 1, 1, "a key has to be plain text"},
        {LIT("? {a: 1}\n: 1"), 1, 3, "a key has to be plain text"},
        {LIT("a: 1\n---\nb: 2"), 2, 1, "only one document is allowed"},
        {LIT("a: \"\\0\""), 1, 4, "a NUL character is not allowed"},
        {LIT("a: \0"), 1, 4, "a NUL character is not allowed"},
        {LIT("a: 1\nb: \xff"), 2, 4, "not UTF-8"},
        {LIT("\xff\xfe"
             "a\0:\0"),
         1, 1, "not UTF-8"},
        {LIT("x: 1\ny: \x01"), 2, 4, "control characters are not allowed"},
        {LIT("a: b: c"), 1, 5, "mapping values are not allowed in this context"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct yaml_document doc;
        struct yaml_problem problem;

        assert_false(yaml_parse(rows[i].text, &doc, &problem));
        assert_string_equal(problem.message, rows[i].message);
        assert_int_equal(problem.line, rows[i].line);
        assert_int_equal(problem.column, rows[i].column);
        assert_null(doc.root);
        assert_int_equal(doc.node_count, 0);
    }
}

/* Each of these takes libyaml, or a naive reader, seconds to minutes. */
static void hostile_sizes_end_fast(void **state)
{
    static const struct {
        const char *piece;
        const char *message;
    } rows[] = {
        {"[", "nested deeper than 32"},       {"- ", "nested deeper than 32"},
        {"[[],", "nested deeper than 32"},    {"{a: ", "nested deeper than 32"},
        {"a: [", "nested deeper than 32"},    {"{", "a key has to be plain text"},
        {"? ", "a key has to be plain text"},
    };
    struct yaml_document doc;
    struct yaml_problem problem;
    struct buf text = {0};
    int64_t before = clock_monotonic_ms(&clock_system);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        while (text.len < 250000)
            buf_adds(&text, rows[i].piece);
        assert_false(yaml_parse(buf_str(&text), &doc, &problem));
        assert_string_equal(problem.message, rows[i].message);
        buf_reset(&text);
    }
    for (int i = 0; text.len < 250000; i++)
        buf_printf(&text, "k%d: 1\n", i);
    assert_true(yaml_parse(buf_str(&text), &doc, &problem));
    yaml_release(&doc);
    buf_adds(&text, "k0: 2\n");
    assert_false(yaml_parse(buf_str(&text), &doc, &problem));
    assert_string_equal(problem.message, "the key \"k0\" stands twice, first in line 1");
    while (text.len <= 262144)
        buf_adds(&text, "# a comment\n");
    assert_false(yaml_parse(buf_str(&text), &doc, &problem));
    assert_string_equal(problem.message, "larger than 256 KiB");
    assert_true(clock_monotonic_ms(&clock_system) - before < 10000);
    buf_release(&text);
}

static void depth_32_is_allowed(void **state)
{
    struct yaml_document doc;
    struct yaml_problem problem;
    struct buf text = {0};

    (void)state;
    for (int i = 0; i < 32; i++)
        buf_addc(&text, '[');
    for (int i = 0; i < 32; i++)
        buf_addc(&text, ']');
    assert_true(yaml_parse(buf_str(&text), &doc, &problem));
    yaml_release(&doc);
    buf_release(&text);
}

static void to_json(void **state)
{
    static const char want[] =
        "{\"int\":-5,\"zero\":0,\"account\":\"012345678901\",\"big\":\"9007199254740993\",\"float\":\"1.5\","
        "\"yes\":[\"yes\",\"on\",true,false,\"True\"],\"null\":[null,null,\"Null\"],"
        "\"quoted\":[\"1\",\"true\",\"null\"],\"empty\":null,\"map\":{}}";
    struct yaml_document doc;
    struct yaml_problem problem;
    struct buf b = {0};
    struct json *j;

    (void)state;
    assert_true(yaml_parse(STR("int: -5\nzero: 0\naccount: 012345678901\nbig: 9007199254740993\nfloat: 1.5\n"
                               "yes: [yes, on, true, false, True]\nnull: [null, ~, Null]\n"
                               "quoted: ['1', \"true\", 'null']\nempty:\nmap: {}\n"),
                           &doc, &problem));
    j = yaml_to_json(doc.root);
    json_write(j, &b);
    assert_string_equal(buf_text(&b), want);
    json_free(j);
    yaml_release(&doc);
    buf_release(&b);
    j = yaml_to_json(NULL);
    assert_true(json_is_null(j));
    json_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_and_types),        cmocka_unit_test(tags_are_handed_over_when_asked_for),
        cmocka_unit_test(refusals_name_the_place), cmocka_unit_test(hostile_sizes_end_fast),
        cmocka_unit_test(depth_32_is_allowed),     cmocka_unit_test(to_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
