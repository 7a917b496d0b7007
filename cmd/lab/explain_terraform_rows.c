#include "cmd/lab/explain_terraform_rows.h"

#include <string.h>

#define TAGS                                                                                                 \
    {                                                                                                        \
        "Tags", "tags", ARGUMENT_TAGS, NULL, NULL                                                            \
    }
#define PLAIN(member, name)                                                                                  \
    {                                                                                                        \
        member, name, ARGUMENT_VALUE, NULL, NULL                                                             \
    }
#define DOCUMENT(member, name)                                                                               \
    {                                                                                                        \
        member, name, ARGUMENT_DOCUMENT, NULL, NULL                                                          \
    }
#define NAMES(member, name, of, attribute)                                                                   \
    {                                                                                                        \
        member, name, ARGUMENT_VALUE, of, attribute                                                          \
    }
#define NONE(member)                                                                                         \
    {                                                                                                        \
        member, NULL, ARGUMENT_NONE, NULL, NULL                                                              \
    }
#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, ARGUMENT_NONE, NULL, NULL                                                                \
    }

static const struct terraform_argument secret[] = {PLAIN("Name", "name"),
                                                   PLAIN("Description", "description"),
                                                   PLAIN("KmsKeyId", "kms_key_id"),
                                                   NONE("SecretString"),
                                                   TAGS,
                                                   END};
static const struct terraform_argument secret_value[] = {
    NONE("Name"),     NONE("Description"),
    NONE("KmsKeyId"), DOCUMENT("SecretString", "secret_string"),
    NONE("Tags"),     END};
static const struct terraform_parent of_secret = {"aws_secretsmanager_secret", "secret_id"};
static const struct terraform_argument policy[] = {PLAIN("PolicyName", "name"),
                                                   PLAIN("Description", "description"),
                                                   DOCUMENT("PolicyDocument", "policy"), TAGS, END};
static const struct terraform_argument role[] = {
    PLAIN("RoleName", "name"), PLAIN("Description", "description"),
    DOCUMENT("AssumeRolePolicyDocument", "assume_role_policy"), TAGS, END};
static const struct terraform_argument attachment[] = {
    NAMES("RoleName", "role", "aws_iam_role", "name"),
    NAMES("PolicyArn", "policy_arn", "aws_iam_policy", "arn"), END};
static const struct terraform_argument profile[] = {PLAIN("InstanceProfileName", "name"), TAGS, END};
static const struct terraform_argument profile_role[] = {
    NONE("InstanceProfileName"), NAMES("RoleName", "role", "aws_iam_role", "name"), END};
static const struct terraform_argument stack[] = {PLAIN("StackName", "name"),
                                                  PLAIN("Capabilities", "capabilities"),
                                                  DOCUMENT("TemplateBody", "template_body"), TAGS, END};

const struct terraform_resource terraform_resources[] = {
    {"secretsmanager", "CreateSecret", "aws_secretsmanager_secret", secret, "Name", NULL, NULL, NULL, NULL},
    {"secretsmanager", "CreateSecret", "aws_secretsmanager_secret_version", secret_value, "", NULL, NULL,
     &of_secret, "\n  lifecycle {\n    ignore_changes = [secret_string] # rotation changes it\n  }\n"},
    {"iam", "CreatePolicy", "aws_iam_policy", policy, "PolicyName", NULL, NULL, NULL, NULL},
    {"iam", "CreateRole", "aws_iam_role", role, "RoleName", NULL, NULL, NULL, NULL},
    {"iam", "AttachRolePolicy", "aws_iam_role_policy_attachment", attachment, "", NULL, NULL, NULL, NULL},
    {"iam", "CreateInstanceProfile", "aws_iam_instance_profile", profile, "InstanceProfileName",
     "AddRoleToInstanceProfile", profile_role, NULL, NULL},
    {"cloudformation", "CreateStack", "aws_cloudformation_stack", stack, "StackName", NULL, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

static const struct terraform_argument none[] = {END};
static const struct terraform_argument of_cluster[] = {PLAIN("DBClusterIdentifier", "cluster_identifier"),
                                                       END};
static const struct terraform_argument of_group[] = {PLAIN("DBSubnetGroupName", "name"), END};
static const struct terraform_argument of_instance[] = {
    {"Filters", "instance_state_names", ARGUMENT_FILTERS, "instance-state-name", NULL}, END};
static const struct terraform_argument of_secret_id[] = {PLAIN("SecretId", "name"), END};
static const struct terraform_argument of_role[] = {PLAIN("RoleName", "name"), END};

static const struct terraform_attribute account[] = {{"Account", "account_id", false}, {NULL, NULL, false}};
static const struct terraform_attribute cluster[] = {
    {"DBClusters.0.DBClusterArn", "arn", false},
    {"DBClusters.0.Endpoint", "endpoint", false},
    {"DBClusters.0.Port", "port", false},
    {"DBClusters.0.Engine", "engine", false},
    {"DBClusters.0.DBSubnetGroup", "db_subnet_group_name", false},
    {"DBClusters.0.VpcSecurityGroups.*.VpcSecurityGroupId", "vpc_security_group_ids", true},
    {NULL, NULL, false}};
static const struct terraform_attribute group[] = {
    {"DBSubnetGroups.0.Subnets.*.SubnetIdentifier", "subnet_ids", true}, {NULL, NULL, false}};
static const struct terraform_attribute instance[] = {
    {"Reservations.0.Instances.0.InstanceId", "ids[0]", false}, {NULL, NULL, false}};
static const struct terraform_attribute secret_found[] = {{"ARN", "arn", false}, {NULL, NULL, false}};
static const struct terraform_attribute role_found[] = {{"Role.RoleId", "unique_id", false},
                                                        {NULL, NULL, false}};

static const struct terraform_source sources[] = {
    {"sts", "GetCallerIdentity", "aws_caller_identity", none, account},
    {"rds", "DescribeDBClusters", "aws_rds_cluster", of_cluster, cluster},
    {"rds", "DescribeDBSubnetGroups", "aws_db_subnet_group", of_group, group},
    {"ec2", "DescribeInstances", "aws_instances", of_instance, instance},
    {"secretsmanager", "DescribeSecret", "aws_secretsmanager_secret", of_secret_id, secret_found},
    {"iam", "GetRole", "aws_iam_role", of_role, role_found},
};

#define UNDONE "Not here: taking back. Without its resource in the configuration the next apply does it."
#define NO_ASSOCIATION                                                                                       \
    "Not here: the profile of the instance. The provider has it only as iam_instance_profile of an "         \
    "aws_instance that it manages, and this instance is found, not made."

static const struct {
    const char *service, *operation, *reason;
} reasons[] = {
    {"ec2", "ReplaceIamInstanceProfileAssociation", NO_ASSOCIATION},
    {"iam", "TagInstanceProfile", NO_ASSOCIATION},
    {"iam", "DetachRolePolicy", UNDONE},
    {"iam", "DeletePolicy", UNDONE},
    {"iam", "DeleteRole", UNDONE},
    {"iam", "RemoveRoleFromInstanceProfile", UNDONE},
    {"iam", "DeleteInstanceProfile", UNDONE},
    {"secretsmanager", "DeleteSecret", UNDONE},
    {"secretsmanager", "CancelRotateSecret", UNDONE},
    {"cloudformation", "DeleteStack", UNDONE},
    {"logs", "DeleteLogGroup", "Not here: the log group. The stack's function made it, and outlives it."},
    {"ssm", "SendCommand", "Not here: the script on the workstation. A configuration runs no command."},
    {"secretsmanager", "GetSecretValue",
     "Not here: reading the secret. Its value would stand in Terraform's state."},
    {"secretsmanager", "GetRandomPassword",
     "Not here: making up a password. It would stand in Terraform's state."},
    {"cloudtrail", "LookupEvents",
     "Not here: asking the trail. The provider has no data source for its events."},
};

bool terraform_row_is(const char *service, const char *operation, const struct json *item)
{
    return strcmp(json_get_text(item, "service"), service) == 0 &&
           strcmp(json_get_text(item, "operation"), operation) == 0;
}

bool terraform_is_joined(const struct json *item)
{
    for (const struct terraform_resource *r = terraform_resources; r->type; r++) {
        if (r->joined && terraform_row_is(r->service, r->joined, item))
            return true;
    }
    return false;
}

const struct terraform_source *terraform_find_source(const struct json *item)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (terraform_row_is(sources[i].service, sources[i].operation, item))
            return &sources[i];
    }
    return NULL;
}

const struct terraform_attribute *terraform_find_attribute(const struct terraform_source *source,
                                                           const char *path)
{
    for (const struct terraform_attribute *a = source->attributes; a->path; a++) {
        if (strcmp(a->path, path) == 0)
            return a;
    }
    return NULL;
}

const char *terraform_find_reason(const struct json *item)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (terraform_row_is(reasons[i].service, reasons[i].operation, item))
            return reasons[i].reason;
    }
    return NULL;
}
