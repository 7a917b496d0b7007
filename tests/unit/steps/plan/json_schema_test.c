#include "steps/plan/plan.h"

#include "tests/unit/steps/plan/kinds.h"

struct row {
    const char *why;
    const char *path; /* keys with "|" between, because kinds have dots */
    const char *want;
};

static const struct row rows[] = {
    {"which draft", "$schema", "\"https://json-schema.org/draft/2020-12/schema\""},
    {"lab and steps have to be there", "required", "[\"lab\",\"steps\"]"},
    {"nothing else may be", "additionalProperties", "false"},
    {"steps are one definition", "properties|steps|additionalProperties", "{\"$ref\":\"#/$defs/step\"}"},
    {"at least one step", "properties|steps|minProperties", "1"},
    {"kinds are offered", "$defs|step|properties|uses|enum|0", "\"rds.cluster\""},
    {"either uses or undo, an undo step without arguments", "$defs|step|oneOf",
     "[{\"required\":[\"uses\"]},{\"required\":[\"undo\"],\"properties\":{\"with\":false,\"expect\":false}}"
     "]"},
    {"arguments by kind; a lookup expects nothing", "$defs|step|allOf|0",
     "{\"if\":{\"required\":[\"uses\"],\"properties\":{\"uses\":{\"const\":\"rds.cluster\"}}},"
     "\"then\":{\"required\":[\"with\"],\"properties\":{\"with\":{\"$ref\":\"#/$defs/rds.cluster\"},"
     "\"expect\":false}}}"},
    {"a test may expect", "$defs|step|allOf|10|then|properties",
     "{\"with\":{\"$ref\":\"#/$defs/lab.access_test\"}}"},
    {"what a kind has to have", "$defs|mysql.user|required", "[\"cluster\",\"admin\",\"name\",\"grants\"]"},
    {"any scalar is text", "$defs|rds.cluster|properties|identifier",
     "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"],\"description\":\"DB cluster identifier\"}"},
    {"choices, or a reference", "$defs|mysql.user|properties|require",
     "{\"anyOf\":[{\"enum\":[\"SSL\",\"NONE\"]},{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}],"
     "\"description\":\"SSL or NONE\",\"default\":\"SSL\"}"},
    {"a pattern, nothing or a reference", "$defs|secretsmanager.secret|properties|kms_key|pattern",
     "\"^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$|\\\\$\\\\{\""},
    {"integer with bounds and a typed default", "$defs|secretsmanager.secret|properties|recovery_days",
     "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":7,\"maximum\":30},"
     "{\"type\":\"string\",\"pattern\":\"^-?[0-9]+$|\\\\$\\\\{\"}],\"description\":\"days\",\"default\":7}"},
    {"boolean default", "$defs|iam.role|properties|shared|default", "false"},
    {"a step is one whole reference", "$defs|mysql.user|properties|cluster|pattern",
     "\"^\\\\$\\\\{steps\\\\.[A-Za-z][A-Za-z0-9_-]{0,63}\\\\}$\""},
    {"map of lists of text", "$defs|mysql.user|properties|grants|additionalProperties|items|type|0",
     "\"string\""},
    {"an object is closed", "$defs|mysql.user|properties|admin|additionalProperties", "false"},
    {"exactly one of a group", "$defs|lab.access_test|oneOf",
     "[{\"required\":[\"secret\"]},{\"required\":[\"name\"]}]"},
    {"data is anything", "$defs|iam.policy|properties|document", "{\"description\":\"the policy document\"}"},
};

static void every_row(void **state)
{
    CLEANUP(json_freep) struct json *schema = NULL;
    struct buf text = {0};
    struct error err;

    (void)state;
    plan_json_schema(kinds, &text);
    assert_true(json_parse(buf_str(&text), &(struct json_limits){.unique_keys = true}, &schema, &err));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct json *at = schema;
        struct str rest = str_of(rows[i].path), part;
        struct buf got = {0};
        uint64_t index;

        while (str_split(&rest, '|', &part))
            at = json_is_array(at) && str_to_u64(part, &index) ? json_at(at, index) : json_getn(at, part);
        if (at)
            json_write(at, &got);
        if (strcmp(buf_text(&got), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].why, buf_text(&got));
        buf_release(&got);
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
