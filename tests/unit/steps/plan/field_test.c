/* The arguments of a step against the schema of its kind. */

#include "tests/unit/steps/plan/mistakes.h"

#define USER                                                                                                 \
    "  u: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secret: a}, grants: {'a.*': "   \
    "[A]}}}\n"

static const struct mistake_row rows[] = {
    {"with is a mapping", BASE "  x: {uses: rds.cluster, with: c}\n", {{6, 32, "with: has to be a mapping"}}},
    {"with without a value",
     BASE "  x: {uses: rds.cluster, with: }\n",
     {{6, 26, "with: \"identifier\" is missing (DB cluster identifier)"}}},
    {"no with at all",
     BASE "  x: {uses: rds.cluster}\n",
     {{6, 3, "with: \"identifier\" is missing (DB cluster identifier)"}}},
    {"misspelt argument",
     BASE "  x: {uses: rds.cluster, with: {identifer: c}}\n",
     {{6, 26, "\"identifier\" is missing"},
      {6, 33, "with: unknown key \"identifer\"; did you mean \"identifier\"?"}}},
    {"the references of a misspelt argument too",
     BASE "  x: {uses: rds.cluster, with: {identifier: c, i: '${x}'}}\n",
     {{6, 48, "with: unknown key \"i\""},
      {6, 52, "with.i: there is no var \"x\"; the step of that name is ${steps.x}"}}},
    {"text is no list",
     BASE "  x: {uses: rds.cluster, with: {identifier: [c]}}\n",
     {{6, 45, "with.identifier: has to be text, not a list"}}},
    {"text is no mapping",
     BASE "  x: {uses: rds.cluster, with: {identifier: {a: c}}}\n",
     {{6, 45, "with.identifier: has to be text, not a mapping"}}},
    {"a required text without a value",
     BASE "  x: {uses: rds.cluster, with: {identifier: }}\n",
     {{6, 45, "with.identifier: has no value; it has to be text"}}},
    {"a required text that is empty",
     BASE "  x: {uses: rds.cluster, with: {identifier: ''}}\n",
     {{6, 45, "with.identifier: is empty"}}},
    {"a text that is too long, in characters",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: "
          "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
          "aaaaaaaaaaaaaaaaa, admin: {secret: a}, grants: {'a.*': [SELECT]}}}\n",
     {{6, 62, "with.name: is longer than 32 characters"}}},
    {"a text that does not fit its pattern",
     BASE "  x: {uses: secretsmanager.secret, with: {name: n, database: '${steps.db}', user: '${steps.u}', "
          "kms_key: alias/mine}}\n" USER,
     {{6, 106, "with.kms_key: \"alias/mine\" has to be the ARN of a key"}}},
    {"a value of a var that does not",
     BASE "  x: {uses: secretsmanager.secret, with: {name: n, database: '${steps.db}', user: '${steps.u}', "
          "kms_key: '${word}'}}\n" USER,
     {{6, 107, "with.kms_key: ${word}, which is \"abc\", has to be the ARN of a key"}}},
    {"a wrong choice",
     BASE "  x: {uses: sts.identity, with: {from: caler}}\n",
     {{6, 40, "with.from: \"caler\" is not possible here; did you mean \"caller\"?"}}},
    {"a choice in the wrong case",
     BASE "  x: {uses: sts.identity, with: {from: CALLER}}\n",
     {{6, 40, "did you mean \"caller\"?"}}},
    {"a choice near nothing",
     BASE "  x: {uses: sts.identity, with: {from: moon}}\n",
     {{6, 40, "\"moon\" is not possible here; there is instance, caller"}}},
    {"a wrong choice from a var",
     BASE "  x: {uses: sts.identity, with: {from: 'a${word}'}}\n",
     {{6, 42, "${word}, which is \"aabc\", is not possible here; there is"}}},
    {"an integer with a unit",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: 3x}}\n",
     {{6, 55, "with.samples: \"3x\" is not a whole number"}}},
    {"an integer with a fraction",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: 3.0}}\n",
     {{6, 55, "\"3.0\" is not a whole number"}}},
    {"an integer with a zero in front is no octal",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: 010}}\n",
     {{6, 55, "\"010\" is not a whole number"}}},
    {"an integer that is too small",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: 0}}\n",
     {{6, 55, "\"0\" is not between 1 and 100"}}},
    {"an integer that is too large",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: '101'}}\n",
     {{6, 55, "\"101\" is not between 1 and 100"}}},
    {"an integer past 64 bits",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: 99999999999999999999}}\n",
     {{6, 55, "is not a whole number"}}},
    {"an integer from a var that is none",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: '${word}'}}\n",
     {{6, 56, "with.samples: ${word}, which is \"abc\", is not a whole number"}}},
    {"an integer from parts, out of bounds",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: '1${days}'}}\n",
     {{6, 57, "${days}, which is \"130\", is not between 1 and 100"}}},
    {"a value of the environment is not shown",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: '${env.SET}'}}\n",
     {{6, 56, "with.samples: the value of ${env.SET} is not a whole number"}}},
    {"an integer is no list",
     BASE "  x: {uses: lab.access_test, with: {name: s, samples: [3]}}\n",
     {{6, 55, "with.samples: has to be a whole number, not a list"}}},
    {"yes is no boolean",
     BASE "  x: {uses: iam.role, with: {name: n, service: s, shared: yes}}\n",
     {{6, 59, "with.shared: \"yes\" is neither true nor false"}}},
    {"a boolean in quotes",
     BASE "  x: {uses: iam.role, with: {name: n, service: s, shared: 'true'}}\n",
     {{6, 59, "with.shared: has to be true or false, without quotes"}}},
    {"a boolean from a var that is none",
     BASE "  x: {uses: iam.role, with: {name: n, service: s, shared: '${word}'}}\n",
     {{6, 60, "${word}, which is \"abc\", is neither true nor false"}}},
    {"a list is no text",
     BASE "  x: {uses: iam.role, with: {name: n, service: s, managed_policies: a}}\n",
     {{6, 69, "with.managed_policies: has to be a list, not text"}}},
    {"an element of a list",
     BASE "  x: {uses: iam.role, with: {name: n, service: s, managed_policies: [a, {b: c}]}}\n",
     {{6, 73, "with.managed_policies[1]: has to be text, not a mapping"}}},
    {"a map is no list",
     BASE
     "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secret: a}, grants: [A]}}\n",
     {{6, 93, "with.grants: has to be a mapping, not a list"}}},
    {"an element of a map",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secret: a}, grants: "
          "{'a.*': A}}}\n",
     {{6, 101, "with.grants.a.*: has to be a list, not text"}}},
    {"two keys of a map that become one",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secret: a}, grants: "
          "{'${word}': [A], abc: [B]}}}\n",
     {{6, 110, "with.grants: the key \"abc\" stands twice"}}},
    {"a key of a map with an unknown var",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secret: a}, grants: "
          "{'${schema}.*': [A]}}}\n",
     {{6, 95, "with.grants: there is no var \"schema\""}}},
    {"a nested object",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secrt: a}, grants: "
          "{'a.*': [A]}}}\n",
     {{6, 65, "with.admin: one of \"secret\", \"user_env\" has to be given"},
      {6, 73, "with.admin: unknown key \"secrt\"; did you mean \"secret\"?"}}},
    {"both of a group",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: {secret: a, user_env: b}, "
          "grants: {'a.*': [A]}}}\n",
     {{6, 84, "with.admin: only one of \"secret\", \"user_env\" may be given"}}},
    {"none of a group",
     BASE "  x: {uses: lab.access_test}\n",
     {{6, 3, "with: one of \"secret\", \"name\" has to be given"}}},
    {"a field that means nothing alone",
     BASE "  x: {uses: lab.access_test, with: {name: n, pause: 1}}\n",
     {{6, 46, "with: \"pause\" needs \"samples\" beside it"}}},
    {"an object is no text",
     BASE
     "  x: {uses: mysql.user, with: {cluster: '${steps.db}', name: n, admin: a, grants: {'a.*': [A]}}}\n",
     {{6, 72, "with.admin: has to be a mapping, not text"}}},
    {"a step is a reference",
     BASE "  x: {uses: mysql.user, with: {cluster: db, name: n, admin: {secret: a}, grants: {'a.*': [A]}}}\n",
     {{6, 41, "with.cluster: has to be a step; did you mean \"${steps.db}\"?"}}},
    {"a step near one",
     BASE "  x: {uses: mysql.user, with: {cluster: dp, name: n, admin: {secret: a}, grants: {'a.*': [A]}}}\n",
     {{6, 41, "did you mean \"${steps.db}\"?"}}},
    {"a step near nothing",
     BASE "  x: {uses: mysql.user, with: {cluster: somewhere, name: n, admin: {secret: a}, grants: {'a.*': "
          "[A]}}}\n",
     {{6, 41, "has to be a step, like ${steps.ID}, which is rds.cluster"}}},
    {"a step is not one output",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.db.port}', name: n, admin: {secret: a}, grants: "
          "{'a.*': [A]}}}\n",
     {{6, 42, "has to be the whole step: ${steps.db}"}}},
    {"a step alone in the text",
     BASE "  x: {uses: mysql.user, with: {cluster: 'a${steps.db}', name: n, admin: {secret: a}, grants: "
          "{'a.*': [A]}}}\n",
     {{6, 43, "${steps.db} is a whole step; name one of its outputs, like ${steps.db.identifier}"}}},
    {"a step of the wrong kind",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.role}', name: n, admin: {secret: a}, grants: "
          "{'a.*': [A]}}}\n",
     {{6, 42, "with.cluster: step \"role\" is iam.role; this takes rds.cluster"}}},
    {"a step of neither kind",
     BASE "  x: {uses: sts.identity, with: {role: '${steps.db}'}}\n",
     {{6, 41, "step \"db\" is rds.cluster; this takes iam.role or iam.policy"}}},
    {"an unknown step",
     BASE "  x: {uses: mysql.user, with: {cluster: '${steps.bd}', name: n, admin: {secret: a}, grants: "
          "{'a.*': [A]}}}\n",
     {{6, 42, "with.cluster: there is no step \"bd\"; did you mean \"db\"?"}}},
    {"a step as a list",
     BASE
     "  x: {uses: mysql.user, with: {cluster: [db], name: n, admin: {secret: a}, grants: {'a.*': [A]}}}\n",
     {{6, 41, "with.cluster: has to be a step, like ${steps.ID}, not a list"}}},
    {"data without a value",
     BASE "  x: {uses: iam.policy, with: {name: n, document: }}\n",
     {{6, 51, "with.document: has no value"}}},
    {"a reference deep in data",
     BASE "  x: {uses: iam.policy, with: {name: n, document: {a: [{b: '${steps.role.arm}'}]}}}\n",
     {{6, 61, "with.document: step \"role\" (iam.role) has no output \"arm\""}}},
    {"a key of data",
     BASE "  x: {uses: iam.policy, with: {name: n, document: {'${dayz}': 1}}}\n",
     {{6, 53, "no var \"dayz\""}}},
    {"a whole step inside a text of data",
     BASE "  x: {uses: iam.policy, with: {name: n, document: 'x ${steps.db}'}}\n",
     {{6, 54, "is a whole step"}}},
    {"a key from the environment is not shown",
     BASE "  x: {uses: iam.policy, with: {name: n, document: {seven: 1, '${env.SET}': 2}}}\n",
     {{6, 63, "the key \"${env.SET}\" stands twice"}}},
    {"two keys of data that become one",
     BASE "  x: {uses: iam.policy, with: {name: n, document: {a: 1, '$${b}': 2, 'x${word}': 3, xabc: 4}}}\n",
     {{6, 85, "the key \"xabc\" stands twice"}}},
};

static void mistakes(void **state)
{
    (void)state;
    check_mistakes(rows, ARRAY_LEN(rows));
}

/* Past a thousand keys a mapping is refused, not read slowly. */
static void too_many_keys(void **state)
{
    static const char *const places[] = {
        "{uses: iam.policy, with: {name: n, document: {",
        "{uses: mysql.user, with: {cluster: '${steps.db}', admin: {secret: a}, name: n, grants: {"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct plan_problems problems;
        struct buf text = {0};
        struct plan plan;

        buf_printf(&text, "%s  x: %s\n", BASE, places[i]);
        for (int k = 0; k < 1000; k++)
            buf_printf(&text, "    k%d: [],\n", k);
        buf_adds(&text, "    last: []}}}\n");
        assert_false(test_parse(buf_str(&text), NULL, &plan, &problems));
        assert_int_equal(problems.count, 1);
        assert_int_equal(problems.items[0].line, 1007);
        assert_int_equal(problems.items[0].column, 5);
        assert_non_null(strstr(problems.items[0].message, ": more than 1000 keys"));
        plan_problems_release(&problems);
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
        cmocka_unit_test(too_many_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
