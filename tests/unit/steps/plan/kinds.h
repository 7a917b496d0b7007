/* A table of step kinds that looks like the real one, with every type of
 * field in it, and what the tests of plans do again and again. */
#ifndef TESTS_UNIT_STEPS_PLAN_KINDS_H
#define TESTS_UNIT_STEPS_PLAN_KINDS_H

#include "aws/common/mem.h"
#include "steps/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const cluster_kinds[] = {"rds.cluster", NULL};
static const char *const user_kinds[] = {"mysql.user", NULL};
static const char *const secret_kinds[] = {"secretsmanager.secret", NULL};
static const char *const role_kinds[] = {"iam.role", NULL};
static const char *const policy_kinds[] = {"iam.policy", NULL};
static const char *const profile_kinds[] = {"iam.instance_profile", NULL};
static const char *const instance_kinds[] = {"ec2.instance", NULL};
static const char *const either_kinds[] = {"iam.role", "iam.policy", NULL};
static const char *const require_words[] = {"SSL", "NONE", NULL};
static const char *const who_words[] = {"instance", "caller", NULL};

static const struct schema_field text_element[] = {{.name = "", .type = FIELD_TEXT}};

static const struct schema_field cluster_with[] = {
    {.name = "identifier", .type = FIELD_TEXT, .required = true, .help = "DB cluster identifier"}, {0}};
static const struct schema_field name_with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "Name tag; * and ? are wildcards"}, {0}};

static const struct schema_field admin_fields[] = {
    {.name = "secret", .type = FIELD_TEXT, .any_of_group = true, .help = "secret of the admin"},
    {.name = "user_env", .type = FIELD_TEXT, .any_of_group = true, .help = "environment variable"},
    {.name = "password_env", .type = FIELD_TEXT, .help = "environment variable"},
    {0}};
static const struct schema_field grants_element[] = {
    {.name = "", .type = FIELD_LIST, .element = text_element}};
static const struct schema_field user_with[] = {
    {.name = "cluster",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = cluster_kinds,
     .help = "the DB cluster"},
    {.name = "admin",
     .type = FIELD_OBJECT,
     .required = true,
     .fields = admin_fields,
     .help = "who makes the user"},
    {.name = "name", .type = FIELD_TEXT, .required = true, .max = 32, .help = "user name"},
    {.name = "host", .type = FIELD_TEXT, .otherwise = "%", .help = "where it may connect from"},
    {.name = "require",
     .type = FIELD_TEXT,
     .otherwise = "SSL",
     .choices = require_words,
     .help = "SSL or NONE"},
    {.name = "grants",
     .type = FIELD_MAP,
     .required = true,
     .element = grants_element,
     .help = "schema.* to privileges"},
    {0}};

static const struct schema_field secret_with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name of the secret"},
    {.name = "description", .type = FIELD_TEXT, .help = "description"},
    {.name = "database",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = cluster_kinds,
     .help = "the DB cluster"},
    {.name = "user",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = user_kinds,
     .help = "the database user"},
    {.name = "dbname", .type = FIELD_TEXT, .help = "schema to connect to"},
    {.name = "kms_key",
     .type = FIELD_TEXT,
     .pattern = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
     .form = "the ARN of a key",
     .help = "ARN of a KMS key"},
    {.name = "recovery_days", .type = FIELD_INTEGER, .otherwise = "7", .min = 7, .max = 30, .help = "days"},
    {0}};

static const struct schema_field policy_with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name of the policy"},
    {.name = "document", .type = FIELD_DATA, .required = true, .help = "the policy document"},
    {.name = "decrypts", .type = FIELD_STEP, .step_kinds = secret_kinds, .help = "a secret"},
    {0}};
static const struct schema_field role_with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name of the role"},
    {.name = "service", .type = FIELD_TEXT, .required = true, .help = "service that may assume it"},
    {.name = "description", .type = FIELD_TEXT, .help = "description"},
    {.name = "managed_policies", .type = FIELD_LIST, .element = text_element, .help = "by name"},
    {.name = "shared", .type = FIELD_BOOLEAN, .otherwise = "false", .help = "a boolean"},
    {0}};
static const struct schema_field role_policy_with[] = {
    {.name = "role", .type = FIELD_STEP, .required = true, .step_kinds = role_kinds, .help = "the role"},
    {.name = "policy",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = policy_kinds,
     .help = "the policy"},
    {0}};
static const struct schema_field profile_with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name of the instance profile"},
    {.name = "role",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = role_kinds,
     .help = "the role inside"},
    {0}};
static const struct schema_field instance_profile_with[] = {{.name = "instance",
                                                             .type = FIELD_STEP,
                                                             .required = true,
                                                             .step_kinds = instance_kinds,
                                                             .help = "the workstation"},
                                                            {.name = "profile",
                                                             .type = FIELD_STEP,
                                                             .required = true,
                                                             .step_kinds = profile_kinds,
                                                             .help = "the profile"},
                                                            {0}};
static const struct schema_field identity_with[] = {
    {.name = "from", .type = FIELD_TEXT, .otherwise = "instance", .choices = who_words, .help = "who asks"},
    {.name = "role", .type = FIELD_STEP, .step_kinds = either_kinds, .help = "the role it has to be"},
    {.name = "instance", .type = FIELD_STEP, .step_kinds = instance_kinds, .help = "the workstation"},
    {0}};
static const struct schema_field access_with[] = {
    {.name = "secret",
     .type = FIELD_STEP,
     .step_kinds = secret_kinds,
     .any_of_group = true,
     .help = "as a step"},
    {.name = "name", .type = FIELD_TEXT, .any_of_group = true, .help = "by name or ARN"},
    {.name = "from",
     .type = FIELD_TEXT,
     .otherwise = "instance",
     .choices = who_words,
     .help = "who tries it"},
    {.name = "version", .type = FIELD_TEXT, .otherwise = "AWSCURRENT", .help = "staging label"},
    {.name = "samples", .type = FIELD_INTEGER, .otherwise = "3", .min = 1, .max = 100, .help = "in a row"},
    {.name = "pause", .type = FIELD_INTEGER, .beside = "samples", .max = 60, .help = "between two of them"},
    {.name = "instance", .type = FIELD_STEP, .step_kinds = instance_kinds, .help = "the workstation"},
    {0}};
static const struct schema_field rotation_with[] = {
    {.name = "secret",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = secret_kinds,
     .help = "the secret"},
    {.name = "cluster",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = cluster_kinds,
     .help = "the cluster"},
    {.name = "function", .type = FIELD_TEXT, .required = true, .help = "rotation function"},
    {.name = "stack", .type = FIELD_TEXT, .required = true, .help = "stack"},
    {.name = "days", .type = FIELD_INTEGER, .otherwise = "30", .min = 1, .max = 1000, .help = "days"},
    {0}};
static const struct schema_field events_with[] = {
    {.name = "event", .type = FIELD_TEXT, .required = true, .help = "event name"},
    {.name = "secret",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = secret_kinds,
     .help = "the secret"},
    {.name = "shows", .type = FIELD_LIST, .element = text_element, .help = "who has to be there"},
    {0}};

static const struct output_field cluster_outputs[] = {
    {"identifier", false, "identifier"}, {"endpoint", false, "endpoint"}, {"port", false, "port"}, {0}};
static const struct output_field instance_outputs[] = {{"id", false, "instance id"}, {0}};
static const struct output_field user_outputs[] = {
    {"name", false, "user name"}, {"password", true, "the password"}, {0}};
static const struct output_field arn_outputs[] = {{"arn", false, "ARN"}, {"name", false, "name"}, {0}};
static const struct output_field no_outputs[] = {{0}};

static const struct kind_schema rds_cluster = {"rds.cluster", "Finds the DB cluster", KIND_LOOKUP,
                                               false,         cluster_with,           cluster_outputs};
static const struct kind_schema ec2_instance = {"ec2.instance", "Finds the workstation", KIND_LOOKUP, false,
                                                name_with,      instance_outputs};
static const struct kind_schema mysql_user = {"mysql.user", "A database user", KIND_RESOURCE,
                                              false,        user_with,         user_outputs};
static const struct kind_schema sm_secret = {
    "secretsmanager.secret", "A secret", KIND_RESOURCE, false, secret_with, arn_outputs};
static const struct kind_schema iam_policy = {"iam.policy", "A policy",  KIND_RESOURCE,
                                              false,        policy_with, arn_outputs};
static const struct kind_schema iam_role = {"iam.role", "A role",  KIND_RESOURCE,
                                            false,      role_with, arn_outputs};
static const struct kind_schema iam_role_policy = {"iam.role_policy", "An attachment", KIND_RESOURCE, false,
                                                   role_policy_with,  arn_outputs};
static const struct kind_schema iam_profile = {"iam.instance_profile", "A profile", KIND_RESOURCE, false,
                                               profile_with,           arn_outputs};
static const struct kind_schema ec2_profile = {"ec2.instance_profile", "An association", KIND_RESOURCE, false,
                                               instance_profile_with,  no_outputs};
static const struct kind_schema sts_identity = {"sts.identity", "Who acts",    KIND_TEST,
                                                false,          identity_with, arn_outputs};
static const struct kind_schema access_test = {"lab.access_test", "Tries the secret", KIND_TEST, true,
                                               access_with,       no_outputs};
static const struct kind_schema sm_rotation = {
    "secretsmanager.rotation", "Rotation", KIND_RESOURCE, false, rotation_with, no_outputs};
static const struct kind_schema trail_events = {"cloudtrail.events", "Who read it", KIND_TEST, false,
                                                events_with,         no_outputs};

static const struct kind_schema *const kinds[] = {
    &rds_cluster, &ec2_instance, &mysql_user,   &sm_secret,   &iam_policy,  &iam_role,     &iam_role_policy,
    &iam_profile, &ec2_profile,  &sts_identity, &access_test, &sm_rotation, &trail_events, NULL};

/* The environment of every test: SET is "seven" and NUMBER is "9". */
static const char *test_environment(void *self, const char *name)
{
    (void)self;
    if (strcmp(name, "SET") == 0)
        return "seven";
    if (strcmp(name, "BAD") == 0)
        return "\xff";
    return strcmp(name, "NUMBER") == 0 ? "9" : NULL;
}

static inline bool test_parse(struct str text, const struct json *overrides, struct plan *plan,
                              struct plan_problems *problems)
{
    const struct plan_options options = {
        .file = "lab.yaml", .kinds = kinds, .var_overrides = overrides, .getenv = test_environment};

    return plan_parse(text, &options, plan, problems);
}

/* A plan that has to be right; its mistakes are printed. */
static inline void must_parse(struct str text, struct plan *plan)
{
    struct plan_problems problems = {0};
    struct buf shown = {0};

    if (test_parse(text, NULL, plan, &problems))
        return;
    plan_problems_print(&problems, "lab.yaml", &shown);
    print_error("%s", buf_text(&shown));
    buf_release(&shown);
    plan_problems_release(&problems);
    fail();
}

static inline const struct plan_step *test_step(const struct plan *p, const char *id)
{
    const struct plan_step *step = plan_find(p, str_of(id), NULL);

    assert_non_null(step);
    return step;
}

#endif
