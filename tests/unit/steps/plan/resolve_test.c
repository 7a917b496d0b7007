#include "steps/plan/plan.h"

#include "tests/unit/steps/plan/kinds.h"

#define HEAD                                                                                                 \
    "lab: l\n"                                                                                               \
    "vars:\n"                                                                                                \
    "  days: {default: \"30\"}\n"                                                                            \
    "  count: {default: 12}\n"                                                                               \
    "  raw: {default: \"${days} $${x}\"}\n"                                                                  \
    "  flag: {default: true}\n"                                                                              \
    "  schema: {default: mylab}\n"                                                                           \
    "steps:\n"                                                                                               \
    "  db: {uses: rds.cluster, with: {identifier: c}}\n"

/* The outputs a run would have: {"db": {"identifier": …, "port": 3306}, …}. */
static const struct json *outputs_of(void *self, const char *step_id)
{
    return json_get(self, step_id);
}

static struct json *parse_json(const char *text)
{
    struct json *out = NULL;
    struct error err;

    assert_true(json_parse(str_of(text), NULL, &out, &err));
    return out;
}

struct row {
    const char *why;
    const char *step;    /* the body of step x */
    const char *outputs; /* of all steps */
    const char *want;    /* NULL: fails with message */
    const char *message;
    bool lenient;
};

static const struct row rows[] = {
    {"defaults, typed by the schema", "uses: sts.identity", "{}", "{\"from\":\"instance\"}", NULL, false},
    {"integer and boolean defaults", "{uses: iam.role, with: {name: n, service: s}}", "{}",
     "{\"name\":\"n\",\"service\":\"s\",\"shared\":false}", NULL, false},
    {"an integer through a text var", "{uses: lab.access_test, with: {name: s, samples: \"${days}\"}}", "{}",
     "{\"name\":\"s\",\"from\":\"instance\",\"version\":\"AWSCURRENT\",\"samples\":30}", NULL, false},
    {"a literal integer, quoted",
     "{uses: lab.access_test, with: {name: s, samples: \"9\", from: caller, version: v}}", "{}",
     "{\"name\":\"s\",\"from\":\"caller\",\"version\":\"v\",\"samples\":9}", NULL, false},
    {"a number var is text where text belongs", "{uses: rds.cluster, with: {identifier: \"${count}\"}}", "{}",
     "{\"identifier\":\"12\"}", NULL, false},
    {"YAML 1.1 words are text", "{uses: rds.cluster, with: {identifier: no}}", "{}",
     "{\"identifier\":\"no\"}", NULL, false},
    {"a boolean through a var", "{uses: iam.role, with: {name: n, service: s, shared: \"${flag}\"}}", "{}",
     "{\"name\":\"n\",\"service\":\"s\",\"shared\":true}", NULL, false},
    {"one pass: a value with ${ stays as it is", "{uses: rds.cluster, with: {identifier: \"<${raw}>\"}}",
     "{}", "{\"identifier\":\"<${days} $${x}>\"}", NULL, false},
    {"$${ is a literal", "{uses: rds.cluster, with: {identifier: \"$${days} ${days}\"}}", "{}",
     "{\"identifier\":\"${days} 30\"}", NULL, false},
    {"the names that always exist",
     "{uses: rds.cluster, with: {identifier: \"${account}/${region}/${partition}/${learner}\"}}", "{}",
     "{\"identifier\":\"123/eu-west-1/aws/ann\"}", NULL, false},
    {"environment", "{uses: rds.cluster, with: {identifier: \"a-${env.SET}\"}}", "{}",
     "{\"identifier\":\"a-seven\"}", NULL, false},
    {"keys of a map, a whole step, several in one text",
     "{uses: mysql.user, with: {cluster: \"${steps.db}\", admin: {secret: a}, name: \"${schema}@${days}\", "
     "grants: {\"${schema}.*\": [A, \"${schema}\"]}}}",
     "{\"db\":{\"identifier\":\"c\",\"port\":3306}}",
     "{\"cluster\":{\"identifier\":\"c\",\"port\":3306},\"admin\":{\"secret\":\"a\"},\"name\":\"mylab@30\","
     "\"host\":\"%\",\"require\":\"SSL\",\"grants\":{\"mylab.*\":[\"A\",\"mylab\"]}}",
     NULL, false},
    {"data keeps types, alone and inside text",
     "{uses: iam.policy, with: {name: n, document: {a: \"${count}\", b: \"${count}!\", c: "
     "\"${steps.db.port}\", "
     "d: \"${steps.db}\", e: true, f: \"true\", g: 7, h: null, i: [], j: \"${days}\"}}}",
     "{\"db\":{\"port\":3306}}",
     "{\"name\":\"n\",\"document\":{\"a\":12,\"b\":\"12!\",\"c\":3306,\"d\":{\"port\":3306},\"e\":true,"
     "\"f\":\"true\",\"g\":7,\"h\":null,\"i\":[],\"j\":\"30\"}}",
     NULL, false},
    {"an output number as text", "{uses: rds.cluster, with: {identifier: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":3306}}", "{\"identifier\":\"3306\"}", NULL, false},
    {"an output as an integer", "{uses: lab.access_test, with: {name: s, samples: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":\"33\"}}",
     "{\"name\":\"s\",\"from\":\"instance\",\"version\":\"AWSCURRENT\",\"samples\":33}", NULL, false},
    {"a step that has not run", "{uses: rds.cluster, with: {identifier: \"${steps.db.port}\"}}", "{}", NULL,
     "step x: with: identifier: ${steps.db.port} is not known", false},
    {"an output it did not give", "{uses: rds.cluster, with: {identifier: \"a${steps.db.port}\"}}",
     "{\"db\":{}}", NULL, "step x: with: identifier: ${steps.db.port} is not known", false},
    {"a null output is none", "{uses: rds.cluster, with: {identifier: \"a${steps.db.port}\"}}",
     "{\"db\":{\"port\":null}}", NULL, "identifier: ${steps.db.port} is not known", false},
    {"an object where text belongs", "{uses: rds.cluster, with: {identifier: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":{}}}", NULL, "identifier: has to be text", false},
    {"an object inside a text", "{uses: rds.cluster, with: {identifier: \"a${steps.db.port}\"}}",
     "{\"db\":{\"port\":[]}}", NULL, "identifier: ${steps.db.port} is not text", false},
    {"an output that is no integer",
     "{uses: lab.access_test, with: {name: s, samples: \"${steps.db.port}\"}}", "{\"db\":{\"port\":\"x\"}}",
     NULL, "samples: has to be a whole number", false},
    {"a boolean is no integer", "{uses: lab.access_test, with: {name: s, samples: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":true}}", NULL, "samples: has to be a whole number", false},
    {"an output out of bounds", "{uses: lab.access_test, with: {name: s, samples: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":101}}", NULL, "samples: has to be between 1 and 100", false},
    {"an output that is no choice", "{uses: sts.identity, with: {from: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":\"x\"}}", NULL, "from: this value is not possible here", false},
    {"an empty output is no choice", "{uses: sts.identity, with: {from: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":\"\"}}", NULL, "from: this value is not possible here", false},
    {"an output that is no boolean",
     "{uses: iam.role, with: {name: n, service: s, shared: \"${steps.db.port}\"}}",
     "{\"db\":{\"port\":\"yes\"}}", NULL, "shared: has to be true or false", false},
    {"two keys become one", "{uses: iam.policy, with: {name: n, document: {a: 1, \"${steps.db.port}\": 2}}}",
     "{\"db\":{\"port\":\"a\"}}", NULL, "document: the key \"${steps.db.port}\" stands twice", false},
    {"the place inside a list", "{uses: iam.policy, with: {name: n, document: [a, \"${steps.db.port}\"]}}",
     "{}", NULL, "step x: with: document: [1]: ${steps.db.port} is not known", false},
    {"lenient: what is not known is null",
     "{uses: iam.policy, with: {name: \"n${steps.db.port}\", document: [\"${steps.db}\", "
     "\"a${steps.db.port}\", b]}}",
     "{}", "{\"name\":null,\"document\":[null,null,\"b\"]}", NULL, true},
    {"lenient: a key that is not known goes",
     "{uses: iam.policy, with: {name: n, document: {\"${steps.db.port}\": 1, b: 2}}}", "{}",
     "{\"name\":\"n\",\"document\":{\"b\":2}}", NULL, true},
    {"lenient: what does not fit is null",
     "{uses: lab.access_test, with: {name: s, samples: \"${steps.db.port}\"}}", "{\"db\":{\"port\":\"x\"}}",
     "{\"name\":\"s\",\"from\":\"instance\",\"version\":\"AWSCURRENT\",\"samples\":null}", NULL, true},
};

static void resolve_row(const struct row *row, const char *id, const char *more)
{
    CLEANUP(json_freep) struct json *outputs = parse_json(row->outputs), *with = NULL;
    struct buf text = {0}, got = {0};
    struct plan plan;
    struct error err;
    const struct plan_scope scope = {outputs_of, outputs, "123", "eu-west-1", "aws", "ann"};
    bool ok;

    if (row->step[0] == '{')
        buf_printf(&text, "%s  x: %s\n%s", HEAD, row->step, more);
    else
        buf_printf(&text, "%s  x: {%s}\n%s", HEAD, row->step, more);
    must_parse(buf_str(&text), &plan);
    ok = plan_resolve(&plan, plan_find(&plan, str_of(id), NULL), &scope, row->lenient, &with, &err);
    if (ok)
        json_write(with, &got);
    if (row->want ? !ok || strcmp(buf_text(&got), row->want) != 0 : ok || !strstr(err.message, row->message))
        fail_msg("%s: %s", row->why, ok ? buf_text(&got) : err.message);
    if (!ok) {
        assert_int_equal(err.code, ERR_FAILED);
        assert_null(with);
    }
    plan_release(&plan);
    buf_release(&text);
    buf_release(&got);
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        resolve_row(&rows[i], "x", "");
}

static void an_undo_step_has_what_it_undoes(void **state)
{
    static const struct row row = {"undo", "{uses: iam.role, with: {name: \"r${days}\", service: s}}",
                                   "{}",   "{\"name\":\"r30\",\"service\":\"s\",\"shared\":false}",
                                   NULL,   false};

    (void)state;
    resolve_row(&row, "u", "  u: {undo: x}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(an_undo_step_has_what_it_undoes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
