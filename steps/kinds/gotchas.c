#include "steps/kinds/gotchas.h"

#include "aws/common/buf.h"

#include <string.h>

static const struct gotcha table[] = {
    /* --- IAM: reads lag behind writes --- */
    /* The role was made a moment ago and not every replica knows it. */
    {"iam:AddRoleToInstanceProfile",
     "NoSuchEntity",
     "",
     {"IAM to find the role for the profile", 500, 5000, 60000}},
    /* Both were made a moment ago. */
    {"iam:AttachRolePolicy", "NoSuchEntity", "", {"IAM to find the role and the policy", 500, 5000, 60000}},
    /* What was taken off the role still counts for a while. */
    {"iam:DeleteRole", "DeleteConflict", "", {"IAM to see that the role is bare", 500, 5000, 60000}},
    {"iam:DeleteInstanceProfile",
     "DeleteConflict",
     "remove roles from instance profile",
     {"IAM to see that the profile is empty", 500, 5000, 60000}},
    /* Detached a moment ago; one with more than one version is another story. */
    {"iam:DeletePolicy",
     "DeleteConflict",
     "attached to entities",
     {"IAM to see that the policy is detached", 500, 5000, 60000}},

    /* --- EC2: learns of profiles later than IAM --- */
    {"ec2:AssociateIamInstanceProfile",
     "InvalidParameterValue",
     "Invalid IAM Instance Profile",
     {"EC2 to know the instance profile", 500, 8000, 180000}},
    {"ec2:AssociateIamInstanceProfile",
     "InvalidParameterValue",
     "no associated IAM Roles",
     {"EC2 to see the role in the instance profile", 500, 8000, 180000}},
    /* The look was stale: the next one shows what is there, to be replaced. */
    {"ec2:AssociateIamInstanceProfile",
     "IncorrectState",
     "existing association",
     {"EC2 to show the association there is", 500, 8000, 180000}},
    {"ec2:AssociateIamInstanceProfile",
     "IncorrectInstanceState",
     "'running' or 'stopped'",
     {"the workstation to have started or stopped", 1000, 8000, 180000}},
    {"ec2:ReplaceIamInstanceProfileAssociation",
     "InvalidParameterValue",
     "Invalid IAM Instance Profile",
     {"EC2 to know the instance profile", 500, 8000, 180000}},
    {"ec2:ReplaceIamInstanceProfileAssociation",
     "InvalidParameterValue",
     "no associated IAM Roles",
     {"EC2 to see the role in the instance profile", 500, 8000, 180000}},
    /* The id changes at every replace: the next look has the new one. */
    {"ec2:ReplaceIamInstanceProfileAssociation",
     "IncorrectState",
     "is not the active association",
     {"EC2 to show the association there is", 500, 8000, 180000}},
    {"ec2:ReplaceIamInstanceProfileAssociation",
     "InvalidAssociationID.NotFound",
     "",
     {"EC2 to show the association there is", 500, 8000, 180000}},
    {"ec2:ReplaceIamInstanceProfileAssociation",
     "IncorrectInstanceState",
     "'running' or 'stopped'",
     {"the workstation to have started or stopped", 1000, 8000, 180000}},

    /* --- STS --- */
    /* A role made a moment ago cannot be assumed yet. */
    {"sts:AssumeRole",
     "AccessDenied",
     "is not authorized to perform: sts:AssumeRole",
     {"STS to let the role be assumed", 1000, 8000, 120000}},

    /* --- Secrets Manager --- */
    /* A purged name stays reserved for seconds. */
    {"secretsmanager:CreateSecret",
     "InvalidRequestException",
     "scheduled for deletion",
     {"the name of a purged secret to be free again", 1000, 10000, 120000}},
    {"secretsmanager:RotateSecret",
     "InvalidRequestException",
     "previous rotation",
     {"an earlier rotation to end", 1000, 10000, 600000}},
    /* The function's policy came with the stack a moment ago. */
    {"secretsmanager:RotateSecret",
     "AccessDeniedException",
     "cannot invoke the specified Lambda function",
     {"Secrets Manager to be let in by the function", 1000, 8000, 120000}},

    /* --- Systems Manager --- */
    {"ssm:GetCommandInvocation",
     "InvocationDoesNotExist",
     "",
     {"Systems Manager to show the command", 500, 3000, 60000}},
    /* The agent works with the old role's keys until it notices. */
    {"ssm:SendCommand",
     "InvalidInstanceId",
     "not in a valid state",
     {"the workstation's agent to reach Systems Manager", 1000, 10000, 300000}},
};

const struct gotcha *gotcha_find(const char *operation, const struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(table[i].operation, operation) == 0 && error_is(err, table[i].code) &&
            strstr(err->message, table[i].part))
            return &table[i];
    }
    return NULL;
}

enum step_status gotcha_or_fail(struct step_context *c, const char *operation, const struct error *err)
{
    const struct gotcha *row = gotcha_find(operation, err);

    return row ? step_wait(c, &row->wait) : STEP_FAILED;
}

const struct gotcha *gotcha_table(size_t *count)
{
    *count = ARRAY_LEN(table);
    return table;
}
