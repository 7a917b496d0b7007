#include "steps/kinds/gotchas.h"

#include "aws/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The engine, in its place. */
static const struct step_wait *waited;

enum step_status step_wait(struct step_context *c, const struct step_wait *wait)
{
    (void)c;
    waited = wait;
    return STEP_WAITING;
}

static void test_answers(void **state)
{
    static const struct {
        const char *why, *operation, *code, *text;
        const char *wait; /* NULL: a failure */
    } rows[] = {
        {"a profile that EC2 has not heard of", "ec2:AssociateIamInstanceProfile", "InvalidParameterValue",
         "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
         "EC2 to know the instance profile"},
        {"by ARN it has other words", "ec2:ReplaceIamInstanceProfileAssociation", "InvalidParameterValue",
         "Value (arn:aws:iam::1:instance-profile/x) for parameter iamInstanceProfile.arn is invalid. Invalid "
         "IAM Instance Profile ARN",
         "EC2 to know the instance profile"},
        {"another parameter is wrong for good", "ec2:AssociateIamInstanceProfile", "InvalidParameterValue",
         "Value (x) for parameter instanceId is invalid.", NULL},
        {"the same words elsewhere are a failure", "ec2:DescribeInstances", "InvalidParameterValue",
         "Invalid IAM Instance Profile name", NULL},
        {"a role that not every replica knows", "iam:AddRoleToInstanceProfile", "NoSuchEntity",
         "The role with name x cannot be found.", "IAM to find the role for the profile"},
        {"the role of a trust policy has to be there", "iam:UpdateAssumeRolePolicy", "NoSuchEntity",
         "The role with name x cannot be found.", NULL},
        {"a role that still counts as attached", "iam:DeleteRole", "DeleteConflict",
         "Cannot delete entity, must detach all policies first.", "IAM to see that the role is bare"},
        {"versions do not go by waiting", "iam:DeletePolicy", "DeleteConflict",
         "This policy has more than one version.", NULL},
        {"a policy detached a moment ago", "iam:DeletePolicy", "DeleteConflict",
         "Cannot delete a policy attached to entities.", "IAM to see that the policy is detached"},
        {"a fresh role cannot be assumed yet", "sts:AssumeRole", "AccessDenied",
         "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: arn",
         "STS to let the role be assumed"},
        {"a purged name is reserved for seconds", "secretsmanager:CreateSecret", "InvalidRequestException",
         "You can\xe2\x80\x99t create this secret because a secret with this name is already scheduled for "
         "deletion.",
         "the name of a purged secret to be free again"},
        {"any other request that is wrong", "secretsmanager:CreateSecret", "InvalidRequestException",
         "You must provide a value.", NULL},
        {"who may not rotate will not by waiting", "secretsmanager:RotateSecret", "AccessDeniedException",
         "User: x is not authorized to perform: secretsmanager:RotateSecret", NULL},
        {"right after SendCommand", "ssm:GetCommandInvocation", "InvocationDoesNotExist", "",
         "Systems Manager to show the command"},
        {"an id of nobody", "ssm:GetCommandInvocation", "InvalidCommandId", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};

        (void)error_aws(&err, rows[i].code, rows[i].text);
        (void)error_wrap(&err, "context");
        waited = NULL;
        enum step_status got = gotcha_or_fail(NULL, rows[i].operation, &err);
        if (got != (rows[i].wait ? STEP_WAITING : STEP_FAILED) ||
            (rows[i].wait && strcmp(waited->reason, rows[i].wait) != 0))
            fail_msg("%s: %s", rows[i].why, waited ? waited->reason : "failed");
    }
}

/* A code of the right name that is no answer of AWS. */
static void test_not_aws(void **state)
{
    struct error err = {.code = ERR_FAILED, .remote_code = "NoSuchEntity"};

    (void)state;
    assert_null(gotcha_find("iam:AttachRolePolicy", &err));
}

/* Operations are spelt as the model spells them, and each row waits its time. */
static void test_rows(void **state)
{
    size_t count;
    const struct gotcha *rows = gotcha_table(&count);

    (void)state;
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        char service[32];
        const char *colon = strchr(rows[i].operation, ':');

        assert_non_null(colon);
        snprintf(service, sizeof service, "%.*s", (int)(colon - rows[i].operation), rows[i].operation);
        assert_non_null(model_service(service));
        if (!model_operation(model_service(service), colon + 1))
            fail_msg("%s", rows[i].operation);
        assert_true(rows[i].wait.first_ms > 0 && rows[i].wait.first_ms <= rows[i].wait.most_ms &&
                    rows[i].wait.most_ms <= rows[i].wait.deadline_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_not_aws),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
