#include "aws/http/message.h"
#include "tests/support/sandbox_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *text_at(const struct json *j, const char *path)
{
    return json_text(json_path(j, path));
}

static const char *workstation(struct sandbox_fixture *f)
{
    const char *key;

    assert_non_null(world_at(f->sandbox->world, "ec2.instance", 0, &key));
    return key;
}

/** Calls with one member of text, and what more says. */
static bool call_with(struct sandbox_fixture *f, const char *operation, const char *member, const char *value,
                      const char *more, struct json **out, struct error *err)
{
    CLEANUP(buf_release) struct buf in = {0};

    buf_printf(&in, "{\"%s\":\"%s\"%s}", member, value, more);
    return fixture_call(f, "ec2", operation, buf_text(&in), out, err);
}

/* --- associations --- */

static const char by_name[] = ",\"IamInstanceProfile\":{\"Name\":\"new-profile\"}";

/** A second role with a profile, made a while ago. */
static void put_profile(struct sandbox_fixture *f, const char *role)
{
    struct json *profile =
        json_of("InstanceProfileName", "new-profile", "Path", "/", "InstanceProfileId", "AIPANEW", "Arn",
                "arn:aws:iam::1:instance-profile/new-profile", "role", role, NULL);
    struct json *entity = json_copy(world_get(f->sandbox->world, "iam.role", "ide"));

    json_put_int(profile, "created_ms", 0);
    world_put(f->sandbox->world, "iam.instance_profile", "new-profile", profile);
    json_put_text(entity, "RoleName", "new-role");
    json_put_text(entity, "RoleId", "AROANEW");
    json_put_text(entity, "Arn", "arn:aws:iam::1:role/new-role");
    world_put(f->sandbox->world, "iam.role", "new-role", entity);
}

static const char *association_id(struct sandbox_fixture *f)
{
    const struct json *e = fixture_find(f, "ec2.association", "State", "associated");

    assert_non_null(e);
    return json_get_text(e, "AssociationId");
}

/** What Describe says of an association; "" when it is not listed. */
static void described_state(struct sandbox_fixture *f, const char *id, char out[32])
{
    CLEANUP(json_freep) struct json *all = NULL;
    struct error err;

    *out = '\0';
    assert_true(fixture_call(f, "ec2", "DescribeIamInstanceProfileAssociations", NULL, &all, &err));
    for (const struct json *e = json_first(json_get(all, "IamInstanceProfileAssociations")); e;
         e = json_next(e))
        if (strcmp(json_get_text(e, "AssociationId"), id) == 0)
            (void)snprintf(out, 32, "%s", json_get_text(e, "State"));
}

static void assert_state(struct sandbox_fixture *f, const char *id, const char *want)
{
    char state[32];

    described_state(f, id, state);
    assert_string_equal(state, want);
}

/** The role that the metadata service names. */
static void imds_role(struct sandbox_fixture *f, char out[64])
{
    struct http_request req = {0};
    struct http_response token = {0}, role = {0};
    struct error err;

    http_request_set(&req, "PUT", "/latest/api/token", NULL);
    assert_true(http_headers_set(&req.headers, "X-aws-ec2-metadata-token-ttl-seconds", STR("60"), &err));
    assert_true(imds_answer(f->sandbox, &req, &token));
    http_request_release(&req);
    http_request_set(&req, "GET", "/latest/meta-data/iam/security-credentials/", NULL);
    assert_true(http_headers_set(&req.headers, "X-aws-ec2-metadata-token", buf_str(&token.body), &err));
    assert_true(imds_answer(f->sandbox, &req, &role));
    (void)snprintf(out, 64, "%s", buf_text(&role.body));
    http_request_release(&req);
    http_response_release(&token);
    http_response_release(&role);
}

static void assert_role(struct sandbox_fixture *f, const char *want)
{
    char role[64];

    imds_role(f, role);
    assert_string_equal(role, want);
}

static void test_replace(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL, *seen = NULL;
    struct sandbox_fixture f = {0};
    char old[64], new[64];
    struct error err;

    (void)state;
    fixture_start(&f);
    put_profile(&f, "new-role");
    (void)snprintf(old, sizeof old, "%s", association_id(&f));
    assert_role(&f, "ide");
    assert_true(
        call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", old, by_name, &out, &err));
    (void)snprintf(new, sizeof new, "%s", text_at(out, "IamInstanceProfileAssociation.AssociationId"));
    assert_string_not_equal(old, new);
    assert_int_equal(strlen(new), strlen("iip-assoc-") + 17);
    assert_string_equal(text_at(out, "IamInstanceProfileAssociation.State"), "associating");
    assert_string_equal(text_at(out, "IamInstanceProfileAssociation.IamInstanceProfile.Id"), "AIPANEW");
    assert_state(&f, old, "disassociating");
    assert_state(&f, new, "associating");
    assert_role(&f, "ide"); /* never without a role */
    /* The old id is no longer good for anything. */
    assert_false(
        call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", old, by_name, NULL, &err));
    assert_non_null(strstr(err.message, " is not the active association"));
    assert_string_equal(err.remote_code, "IncorrectState");
    fixture_advance(&f, 100);
    assert_state(&f, old, "disassociated");
    assert_state(&f, new, "associated");
    assert_role(&f, "new-role");
    assert_true(fixture_call(&f, "ec2", "DescribeInstances", NULL, &seen, &err));
    assert_string_equal(text_at(seen, "Reservations.0.Instances.0.IamInstanceProfile.Id"), "AIPANEW");
    fixture_advance(&f, 100);
    assert_state(&f, old, "");
    assert_state(&f, new, "associated");
    fixture_stop(&f);
}

static void test_disassociate_and_associate(void **state)
{
    CLEANUP(json_freep) struct json *gone = NULL, *again = NULL;
    struct sandbox_fixture f = {.options.propagation_ms = 3000};
    char id[64], instance[64];
    struct error err;

    (void)state;
    fixture_start(&f);
    put_profile(&f, "new-role");
    (void)snprintf(id, sizeof id, "%s", association_id(&f));
    (void)snprintf(instance, sizeof instance, "%s", workstation(&f));
    assert_false(call_with(&f, "AssociateIamInstanceProfile", "InstanceId", instance, by_name, NULL, &err));
    assert_string_equal(err.remote_code, "IncorrectState");
    assert_non_null(strstr(err.message, "There is an existing association for instance i-"));
    assert_true(call_with(&f, "DisassociateIamInstanceProfile", "AssociationId", id, "", &gone, &err));
    assert_string_equal(text_at(gone, "IamInstanceProfileAssociation.State"), "disassociating");
    assert_false(call_with(&f, "DisassociateIamInstanceProfile", "AssociationId", id, "", NULL, &err));
    assert_false(call_with(&f, "AssociateIamInstanceProfile", "InstanceId", instance, by_name, NULL, &err));
    assert_string_equal(err.remote_code, "IncorrectState");
    fixture_advance(&f, 3100);
    assert_state(&f, id, "disassociated");
    assert_role(&f, "");
    assert_true(call_with(&f, "AssociateIamInstanceProfile", "InstanceId", instance, by_name, &again, &err));
    assert_string_equal(text_at(again, "IamInstanceProfileAssociation.State"), "associating");
    fixture_advance(&f, 3099); /* the propagation delay counts */
    assert_role(&f, "");
    fixture_advance(&f, 1);
    assert_role(&f, "new-role");
    fixture_stop(&f);
}

static void test_disassociate_while_replacing(void **state)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct sandbox_fixture f = {0};
    char new[64];
    struct error err;

    (void)state;
    fixture_start(&f);
    put_profile(&f, "new-role");
    assert_true(call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", association_id(&f),
                          by_name, &out, &err));
    (void)snprintf(new, sizeof new, "%s", text_at(out, "IamInstanceProfileAssociation.AssociationId"));
    assert_true(call_with(&f, "DisassociateIamInstanceProfile", "AssociationId", new, "", NULL, &err));
    fixture_advance(&f, 1000);
    assert_int_equal(world_count(f.sandbox->world, "ec2.association"), 0);
    assert_role(&f, "");
    fixture_stop(&f);
}

static void test_profiles_that_do_not_go(void **state)
{
    static const struct {
        const char *why, *spec, *code, *text;
    } rows[] = {
        {"unknown name", "{\"Name\":\"none\"}", "InvalidParameterValue",
         "Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"},
        {"unknown ARN", "{\"Arn\":\"arn:aws:iam::1:instance-profile/none\"}", "InvalidParameterValue",
         "Value (arn:aws:iam::1:instance-profile/none) for parameter iamInstanceProfile.arn is invalid. "
         "Invalid IAM Instance Profile ARN"},
        {"a name is no ARN", "{\"Arn\":\"new-profile\"}", "InvalidParameterValue",
         "Value (new-profile) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile "
         "ARN"},
        {"an ARN is no name", "{\"Name\":\"arn:aws:iam::1:instance-profile/new-profile\"}",
         "InvalidParameterValue",
         "Value (arn:aws:iam::1:instance-profile/new-profile) for parameter iamInstanceProfile.name is "
         "invalid. Invalid IAM Instance Profile name"},
        {"exactly one, not two",
         "{\"Name\":\"new-profile\",\"Arn\":\"arn:aws:iam::1:instance-profile/new-profile\"}",
         "InvalidParameterCombination",
         "The parameter 'iamInstanceProfile.name' may not be used in combination with "
         "'iamInstanceProfile.arn'"},
        {"exactly one, not none", "{}", "MissingParameter",
         "The request must contain the parameter iamInstanceProfile"},
        {"without a role", "{\"Name\":\"new-profile\"}", "InvalidParameterValue",
         "IAM Instance Profile \"arn:aws:iam::1:instance-profile/new-profile\" has no associated IAM Roles"},
    };
    struct sandbox_fixture f = {.options.propagation_ms = 500};
    char want[400], spec[400];
    struct error err;

    (void)state;
    fixture_start(&f);
    put_profile(&f, "");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)snprintf(spec, sizeof spec, ",\"IamInstanceProfile\":%s", rows[i].spec);
        if (call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", association_id(&f), spec,
                      NULL, &err))
            fail_msg("%s: allowed", rows[i].why);
        (void)snprintf(want, sizeof want, "%s: %s", rows[i].code, rows[i].text);
        if (strcmp(err.message, want) != 0)
            fail_msg("%s: %s", rows[i].why, err.message);
    }
    /* Made just now: EC2 has not heard of it. */
    put_profile(&f, "new-role");
    json_put_int(world_edit(f.sandbox->world, "iam.instance_profile", "new-profile"), "created_ms", f.now_ms);
    assert_false(call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", association_id(&f),
                           by_name, NULL, &err));
    assert_non_null(strstr(err.message, "Invalid IAM Instance Profile name"));
    fixture_advance(&f, 500);
    assert_true(call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", association_id(&f),
                          by_name, NULL, &err));
    fixture_stop(&f);
}

static void test_instances_that_do_not_go(void **state)
{
    struct sandbox_fixture f = {0};
    char id[64], instance[64];
    struct json *state_of;
    struct error err;

    (void)state;
    fixture_start(&f);
    put_profile(&f, "new-role");
    (void)snprintf(id, sizeof id, "%s", association_id(&f));
    (void)snprintf(instance, sizeof instance, "%s", workstation(&f));
    state_of = json_edit(world_edit(f.sandbox->world, "ec2.instance", instance), "State");
    json_put_text(state_of, "Name", "stopped");
    /* A stopped one has to be disassociated first: facts 4. */
    assert_false(
        call_with(&f, "ReplaceIamInstanceProfileAssociation", "AssociationId", id, by_name, NULL, &err));
    assert_string_equal(err.remote_code, "IncorrectState");
    assert_true(call_with(&f, "DisassociateIamInstanceProfile", "AssociationId", id, "", NULL, &err));
    fixture_advance(&f, 200);
    json_put_text(state_of, "Name", "terminated");
    assert_false(call_with(&f, "AssociateIamInstanceProfile", "InstanceId", instance, by_name, NULL, &err));
    assert_string_equal(err.remote_code, "IncorrectInstanceState");
    assert_non_null(strstr(err.message, "' is not in the 'running' or 'stopped' states."));
    json_put_text(state_of, "Name", "stopped");
    assert_true(call_with(&f, "AssociateIamInstanceProfile", "InstanceId", instance, by_name, NULL, &err));
    fixture_stop(&f);
}

/** A user with one inline policy whose Statement is this. */
static void grant(struct sandbox_fixture *f, const char *statement, char key[129])
{
    CLEANUP(buf_release) struct buf document = {0};
    struct json *inlined = json_object();

    buf_printf(&document, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statement);
    json_put_str(inlined, "p", buf_str(&document));
    json_put(world_edit(f->sandbox->world, "iam.user", "student"), "Inline", inlined);
    fixture_user_key(f, "student", key);
}

static bool replace_as(struct sandbox_fixture *f, const char *key, struct error *err)
{
    CLEANUP(buf_release) struct buf in = {0};

    buf_printf(&in, "{\"AssociationId\":\"%s\"%s}", association_id(f), by_name);
    return fixture_call_as(f, key, "ec2", "ReplaceIamInstanceProfileAssociation", buf_text(&in), NULL, err);
}

#define EC2_ALL "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\"},"

static void test_permissions_of_replace(void **state)
{
    static const struct {
        const char *why, *statement, *denied; /* NULL: allowed */
    } rows[] = {
        {"nothing is granted", "", "ec2:ReplaceIamInstanceProfileAssociation on resource: arn:aws:ec2:"},
        {"passing the role is a permission of its own",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\"}",
         "iam:PassRole on resource: arn:aws:iam::1:role/new-role"},
        {"passing another role is not enough",
         EC2_ALL "{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"arn:aws:iam::1:role/x\"}",
         "iam:PassRole on resource: arn:aws:iam::1:role/new-role"},
        {"passing it to another service is not enough",
         EC2_ALL "{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"*\",\"Condition\":{"
                 "\"StringEquals\":{\"iam:PassedToService\":\"lambda.amazonaws.com\"}}}",
         "iam:PassRole on resource: arn:aws:iam::1:role/new-role"},
        {"an instance with another tag",
         "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{"
         "\"aws:ResourceTag/Name\":\"other\"}}}",
         "ec2:ReplaceIamInstanceProfileAssociation on resource: arn:aws:ec2:"},
        {"a profile that may not be attached",
         EC2_ALL "{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"*\"},{\"Effect\":\"Deny\","
                 "\"Action\":\"ec2:*\",\"Resource\":\"*\",\"Condition\":{\"ArnLike\":{"
                 "\"ec2:NewInstanceProfile\":\"arn:aws:iam::*:instance-profile/new-*\"}}}",
         "with an explicit deny in an identity-based policy"},
        {"both, the role to EC2, the instance by ARN",
         "{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"arn:aws:ec2:eu-west-1:*:instance/i-*\"},"
         "{\"Effect\":\"Allow\",\"Action\":\"iam:PassRole\",\"Resource\":\"arn:aws:iam::1:role/new-role\","
         "\"Condition\":{\"StringEquals\":{\"iam:PassedToService\":\"ec2.amazonaws.com\"}}}",
         NULL},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sandbox_fixture f = {0};
        char key[129];
        bool ok;

        fixture_start(&f);
        put_profile(&f, "new-role");
        grant(&f, rows[i].statement, key);
        ok = replace_as(&f, key, &err);
        if (ok != !rows[i].denied)
            fail_msg("%s: %s", rows[i].why, ok ? "allowed" : err.message);
        if (!ok &&
            (!strstr(err.message, rows[i].denied) || strcmp(err.remote_code, "UnauthorizedOperation") != 0))
            fail_msg("%s: %s", rows[i].why, err.message);
        fixture_stop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_disassociate_and_associate),
        cmocka_unit_test(test_disassociate_while_replacing),
        cmocka_unit_test(test_profiles_that_do_not_go),
        cmocka_unit_test(test_instances_that_do_not_go),
        cmocka_unit_test(test_permissions_of_replace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
