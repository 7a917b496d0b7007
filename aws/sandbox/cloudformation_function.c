/* The hosted function of a nested stack, and its network interface. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/crypto/digest.h"

#include <stdio.h>

#define FUNCTION_LOGICAL "SecretsManagerRDSMySQLRotationSingleUser"
#define FUNCTION_TYPE "AWS::Lambda::Function"

/* A comma-separated text as a list, spaces dropped. */
static struct json *split_list(const struct json *text)
{
    struct json *list = json_array();
    struct str rest = json_str(text), part;

    if (json_is_array(text)) {
        json_free(list);
        return json_copy(text);
    }
    while (rest.len > 0 && str_split(&rest, ',', &part)) {
        if (str_trim(part).len > 0)
            json_push(list, json_string(str_trim(part)));
    }
    return list;
}

static bool check_network(struct sandbox *s, const struct json *subnets, const struct json *groups,
                          struct error *err)
{
    const struct json *e;

    for (e = json_first(subnets); e; e = json_next(e)) {
        if (!world_get(sandbox_world(s), "ec2.subnet", json_text(e)))
            return refuse(
                err, "InvalidParameterValueException",
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 "
                "Error Message: The subnet ID '%s' does not exist",
                json_text(e));
    }
    for (e = json_first(groups); e; e = json_next(e)) {
        if (!world_get(sandbox_world(s), "ec2.security_group", json_text(e)))
            return refuse(
                err, "InvalidParameterValueException",
                "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. "
                "EC2 Error Message: The security group '%s' does not exist",
                json_text(e));
    }
    return true;
}

static struct json *tags_of(const struct stack_step *x)
{
    struct json *tags = json_of(
        "lambda:createdBy", "SAM", "SecretsManagerLambda", "Rotation", "serverlessrepo:applicationId",
        "arn:aws:serverlessrepo:us-east-1:297356227824:applications/" FUNCTION_LOGICAL,
        "aws:cloudformation:stack-name", json_get_text(x->nested, "StackName"), "aws:cloudformation:stack-id",
        json_get_text(x->nested, "StackId"), "aws:cloudformation:logical-id", FUNCTION_LOGICAL, NULL);
    const struct json *e;

    for (e = json_first(json_get(x->nested, "Tags")); e; e = json_next(e))
        json_put_text(tags, json_get_text(e, "Key"), json_get_text(e, "Value"));
    return tags;
}

static void put_vpc(struct stack_step *x, struct json *function, const struct json *subnets,
                    const struct json *groups)
{
    const struct json *subnet =
        world_get(sandbox_world(x->sandbox), "ec2.subnet", json_text(json_at(subnets, 0)));
    struct json *vpc = json_put(function, "VpcConfig", json_object());

    json_put(vpc, "SubnetIds", json_copy(subnets));
    json_put(vpc, "SecurityGroupIds", json_copy(groups));
    json_put_text(vpc, "VpcId", json_get_text(subnet, "VpcId"));
    json_put_bool(vpc, "Ipv6AllowedForDualStack", false);
}

/* LastModified is a text of its own form: "2024-01-01T00:00:00.000+0000". */
static void put_last_modified(struct json *function, int64_t now_ms)
{
    char iso[25], text[40];

    clock_format_iso_ms(now_ms, iso);
    (void)snprintf(text, sizeof(text), "%.23s+0000", iso);
    json_put_text(function, "LastModified", text);
}

static void put_environment(struct stack_step *x, struct json *function)
{
    const struct json *exclude = json_path(x->schedule, "properties.HostedRotationLambda.ExcludeCharacters");
    struct json *variables =
        json_put(json_put(function, "Environment", json_object()), "Variables", json_object());
    CLEANUP(mem_freep)
    char *endpoint = mem_printf("https://secretsmanager.%s.amazonaws.com", sandbox_region(x->sandbox));

    json_put_text(variables, "SECRETS_MANAGER_ENDPOINT", endpoint);
    json_put_text(variables, "EXCLUDE_CHARACTERS", exclude ? json_text(exclude) : "/@\"'\\");
}

static struct json *function_new(struct stack_step *x)
{
    struct json *f = json_of(
        "FunctionName", json_get_text(x->schedule, "function"), "FunctionArn",
        json_get_text(x->schedule, "function_arn"), "Runtime", "python3.10", "Role",
        json_get_text(x->schedule, "role_arn"), "Handler", "lambda_function.lambda_handler", "Description",
        "Conducts an AWS SecretsManager secret rotation for RDS MySQL using single user rotation scheme",
        "Version", "$LATEST", "State", "Active", "LastUpdateStatus", "Successful", "PackageType", "Zip",
        "hosted", "MySQLSingleUser", NULL);
    unsigned char digest[SHA256_BYTES];
    CLEANUP(buf_release) struct buf code = {0};
    char revision[37];

    sha256(STR(FUNCTION_LOGICAL), digest);
    buf_add_base64(&code, digest, sizeof(digest));
    json_put_str(f, "CodeSha256", buf_str(&code));
    json_put_int(f, "CodeSize", 4194304);
    json_put_int(f, "Timeout", 30);
    json_put_int(f, "MemorySize", 128);
    put_last_modified(f, sandbox_now_ms(x->sandbox));
    random_uuid(sandbox_random(x->sandbox), revision);
    json_put_text(f, "RevisionId", revision);
    json_push(json_put(f, "Architectures", json_array()), json_text_new("x86_64"));
    json_put(f, "TracingConfig", json_of("Mode", "PassThrough", NULL));
    json_put_int(json_put(f, "EphemeralStorage", json_object()), "Size", 512);
    put_environment(x, f);
    json_put(f, "Tags", tags_of(x));
    return f;
}

/* Any host of a /24 in the subnet, and a MAC that says the same. */
static void put_address(struct sandbox *s, const struct json *subnet, struct json *eni)
{
    struct str cidr = json_str(json_get(subnet, "CidrBlock")),
               net = str_slice(cidr, 0, str_find_char(cidr, '/'));
    unsigned host = 100 + (unsigned)random_below(sandbox_random(s), 150);

    while (net.len > 0 && net.data[net.len - 1] != '.')
        net.len--;
    CLEANUP(mem_freep) char *address = mem_printf("%.*s%u", STR_ARG(net), host);
    CLEANUP(mem_freep) char *mac = mem_printf("06:5a:1c:77:00:%02x", host);
    json_put_text(eni, "PrivateIpAddress", address);
    json_put_text(eni, "MacAddress", mac);
}

/* The function's door into the network; Lambda owns it (facts 4). */
static void add_interface(struct stack_step *x, const struct json *function)
{
    struct sandbox *s = x->sandbox;
    const struct json *groups = json_path(function, "VpcConfig.SecurityGroupIds"), *e;
    const char *subnet_id = json_text(json_path(function, "VpcConfig.SubnetIds.0"));
    const struct json *subnet = world_get(sandbox_world(s), "ec2.subnet", subnet_id);
    char id[64], attachment[64], uuid[37];
    struct json *eni, *list, *attached;

    sandbox_resource_id(s, "eni-", id);
    sandbox_resource_id(s, "ela-attach-", attachment);
    random_uuid(sandbox_random(s), uuid);
    CLEANUP(mem_freep)
    char *description = mem_printf("AWS Lambda VPC ENI-%s-%s", json_get_text(function, "FunctionName"), uuid);
    eni =
        json_of("NetworkInterfaceId", id, "Description", description, "InterfaceType", "lambda", "Status",
                "in-use", "SubnetId", subnet_id, "VpcId", json_get_text(subnet, "VpcId"), "AvailabilityZone",
                json_get_text(subnet, "AvailabilityZone"), "OwnerId", sandbox_account(s), NULL);
    put_address(s, subnet, eni);
    json_put_bool(eni, "RequesterManaged", true);
    json_put_bool(eni, "SourceDestCheck", true);
    list = json_put(eni, "Groups", json_array());
    for (e = json_first(groups); e; e = json_next(e)) {
        const struct json *group = world_get(sandbox_world(s), "ec2.security_group", json_text(e));

        json_push(list,
                  json_of("GroupId", json_text(e), "GroupName", json_get_text(group, "GroupName"), NULL));
    }
    attached = json_put(
        eni, "Attachment",
        json_of("AttachmentId", attachment, "InstanceOwnerId", "amazon-aws", "Status", "attached", NULL));
    json_put_int(attached, "DeviceIndex", 1);
    json_put_bool(attached, "DeleteOnTermination", false);
    json_put(eni, "Tags", json_array());
    world_put(sandbox_world(s), "ec2.network_interface", id, eni);
}

static bool check_function(struct stack_step *x, const struct json *subnets, const struct json *groups,
                           struct error *err)
{
    const char *name = json_get_text(x->schedule, "function");

    if (world_get(sandbox_world(x->sandbox), FUNCTION_KIND, name))
        return refuse(err, "ResourceConflictException", "Function already exist: %s", name);
    /* The sandbox has no CreateFunction to ask, but the permissions are asked for. */
    return stack_caller_may(x, "lambda", "lambda:CreateFunction", json_get_text(x->schedule, "function_arn"),
                            err) &&
           stack_caller_may(x, "lambda", "iam:PassRole", json_get_text(x->schedule, "role_arn"), err) &&
           check_network(x->sandbox, subnets, groups, err);
}

bool resource_function_create(struct stack_step *x, struct error *err)
{
    const struct json *hosted = json_path(x->schedule, "properties.HostedRotationLambda");
    CLEANUP(json_freep) struct json *subnets = split_list(json_get(hosted, "VpcSubnetIds"));
    CLEANUP(json_freep) struct json *groups = split_list(json_get(hosted, "VpcSecurityGroupIds"));
    const char *name = json_get_text(x->schedule, "function");

    stack_resource(x->sandbox, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE, "", "CREATE_IN_PROGRESS", NULL);
    if (!check_function(x, subnets, groups, err))
        return stack_resource_failed(x, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE, "CREATE_FAILED", "Lambda",
                                     err);
    struct json *function = function_new(x);
    if (json_count(subnets) > 0)
        put_vpc(x, function, subnets, groups);
    world_put(sandbox_world(x->sandbox), FUNCTION_KIND, name, function);
    if (json_count(subnets) > 0)
        add_interface(x, function);
    stack_resource(x->sandbox, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE, name, "CREATE_IN_PROGRESS",
                   "Resource creation Initiated");
    stack_resource(x->sandbox, x->nested, FUNCTION_LOGICAL, FUNCTION_TYPE, NULL, "CREATE_COMPLETE", NULL);
    return true;
}
