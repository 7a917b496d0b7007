#include "steps/kinds/permissions.h"

#include "aws/common/mem.h"

#include <string.h>

#define IAM "arn:{partition}:iam::{account}:"
#define SECRET(name)                                                                                         \
    "arn:{partition}:secretsmanager:{region}:{account}:secret:" name                                         \
    " arn:{partition}:secretsmanager:{region}:{account}:secret:" name "-??????"
#define CLOUDFORMATION "arn:{partition}:cloudformation:{region}:"
#define MANAGED "arn:{partition}:iam::aws:policy/"

/* One kind's wants. Words are separated by spaces. In templates {partition},
 * {region} and {account} are the run's, {world:NAME} is of the account, and
 * anything else is an argument of the step, where "secret.name" is the argument
 * `name` of the step that `secret` names. A list stands for each of its
 * elements, an ARN for the whole template. A row whose argument is absent does
 * not hold. */
struct row {
    const char *kind;  /* NULL: any plan */
    const char *when;  /* "argument=value", NULL always; an absent `from` is what a run would choose */
    const char *group; /* the statement it becomes part of */
    const char *actions, *resources;
    const char *test, *key, *values; /* of a condition; NULL none */
};

static const struct row rows[] = {
    /* lab doctor's own questions. */
    {NULL, NULL, "Look", "iam:GetAccountSummary iam:ListAccountAliases iam:SimulatePrincipalPolicy", "*",
     NULL, NULL, NULL},
    {"rds.cluster", NULL, "Database", "rds:DescribeDBClusters",
     "arn:{partition}:rds:{region}:{account}:cluster:{identifier}", NULL, NULL, NULL},
    /* These take no resource. */
    {"ec2.instance", NULL, "Look", "ec2:DescribeInstances ssm:DescribeInstanceInformation", "*", NULL, NULL,
     NULL},
    /* The profile is whichever the workstation has. */
    {"ec2.instance_profile", NULL, "Look",
     "ec2:DescribeIamInstanceProfileAssociations iam:GetInstanceProfile ssm:DescribeInstanceInformation", "*",
     NULL, NULL, NULL},
    {"mysql.user", NULL, "Look", "secretsmanager:ListSecrets", "*", NULL, NULL, NULL},
    {"cloudtrail.events", NULL, "Look", "cloudtrail:LookupEvents", "*", NULL, NULL, NULL},
    /* Lambda looks at the function's network in the name of who makes it. */
    {"secretsmanager.rotation", NULL, "Look",
     "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs ec2:DescribeVpcEndpoints "
     "ec2:DescribeVpcAttribute ec2:DescribeRouteTables ec2:DescribeNetworkInterfaces "
     "logs:DescribeLogGroups",
     "*", NULL, NULL, NULL},

    /* lab check looks for a policy under any name, and inside any role. */
    {"iam.policy", NULL, "Look", "iam:ListPolicies iam:ListRoles secretsmanager:ListSecrets", "*", NULL, NULL,
     NULL},
    {"iam.policy", NULL, "Look", "iam:GetPolicyVersion iam:ListRolePolicies iam:GetRolePolicy", "*", NULL,
     NULL, NULL},
    {"iam.role", NULL, "Look", "iam:GetPolicy iam:GetPolicyVersion", "*", NULL, NULL, NULL},
    {"secretsmanager.secret", NULL, "Secret", "secretsmanager:GetResourcePolicy", SECRET("{name}"), NULL,
     NULL, NULL},

    {"mysql.user", NULL, "AdminSecret", "secretsmanager:GetSecretValue", SECRET("{admin.secret}"), NULL, NULL,
     NULL},
    /* CreateSecret is asked for on the name, the others on the name with its
     * random end. */
    {"secretsmanager.secret", NULL, "Secret",
     "secretsmanager:CreateSecret secretsmanager:TagResource secretsmanager:DescribeSecret "
     "secretsmanager:GetSecretValue secretsmanager:PutSecretValue secretsmanager:UpdateSecret "
     "secretsmanager:UpdateSecretVersionStage secretsmanager:RestoreSecret secretsmanager:DeleteSecret",
     SECRET("{name}"), NULL, NULL, NULL},
    /* Secrets Manager uses the key in the caller's name; it encrypts anew what
     * was under another key. */
    {"secretsmanager.secret", NULL, "Key", "kms:Decrypt kms:Encrypt kms:GenerateDataKey", "{kms_key}",
     "StringEquals", "kms:ViaService", "secretsmanager.{region}.amazonaws.com"},
    {"lab.access_test", "from=caller", "Secret", "secretsmanager:GetSecretValue", SECRET("{secret.name}"),
     NULL, NULL, NULL},
    {"lab.access_test", "from=caller", "Secret", "secretsmanager:GetSecretValue", SECRET("{name}"), NULL,
     NULL, NULL},
    /* The script on the workstation; the document is AWS's own. */
    {"sts.identity", "from=ssm", "Look", "ssm:DescribeInstanceInformation ssm:GetCommandInvocation", "*",
     NULL, NULL, NULL},
    {"lab.access_test", "from=ssm", "Look", "ssm:DescribeInstanceInformation ssm:GetCommandInvocation", "*",
     NULL, NULL, NULL},
    {"sts.identity", "from=ssm", "Workstation", "ssm:SendCommand",
     "arn:{partition}:ec2:{region}:{account}:instance/{world:instance} "
     "arn:{partition}:ssm:{region}::document/AWS-RunShellScript",
     NULL, NULL, NULL},
    {"lab.access_test", "from=ssm", "Workstation", "ssm:SendCommand",
     "arn:{partition}:ec2:{region}:{account}:instance/{world:instance} "
     "arn:{partition}:ssm:{region}::document/AWS-RunShellScript",
     NULL, NULL, NULL},
    {"sts.identity", "from=assume-role", "AssumeRole", "sts:AssumeRole", IAM "role/{role.name}", NULL, NULL,
     NULL},
    {"lab.access_test", "from=assume-role", "AssumeRole", "sts:AssumeRole", IAM "role/{role.name}", NULL,
     NULL, NULL},
    {"secretsmanager.rotation", NULL, "Secret",
     "secretsmanager:DescribeSecret secretsmanager:RotateSecret secretsmanager:CancelRotateSecret",
     SECRET("{secret.name}"), NULL, NULL, NULL},

    {"iam.policy", NULL, "Policy",
     "iam:GetPolicy iam:GetPolicyVersion iam:CreatePolicy iam:TagPolicy iam:ListPolicyVersions "
     "iam:CreatePolicyVersion iam:DeletePolicyVersion iam:ListEntitiesForPolicy iam:DeletePolicy",
     IAM "policy/{name}", NULL, NULL, NULL},
    {"iam.role", NULL, "Role",
     "iam:GetRole iam:CreateRole iam:TagRole iam:UpdateAssumeRolePolicy iam:ListAttachedRolePolicies "
     "iam:ListInstanceProfilesForRole iam:ListRolePolicies iam:DeleteRolePolicy iam:DeleteRole",
     IAM "role/{name}", NULL, NULL, NULL},
    {"iam.role_policy", NULL, "Role", "iam:GetRole iam:ListAttachedRolePolicies", IAM "role/{role.name}",
     NULL, NULL, NULL},
    /* Whoever may attach anything to a role may do anything: these policies only. */
    {"iam.role", NULL, "RolePolicies", "iam:AttachRolePolicy iam:DetachRolePolicy", IAM "role/{name}",
     "ArnEquals", "iam:PolicyARN", MANAGED "{managed_policies}"},
    {"iam.role_policy", NULL, "RolePolicies", "iam:AttachRolePolicy iam:DetachRolePolicy",
     IAM "role/{role.name}", "ArnEquals", "iam:PolicyARN", IAM "policy/{policy.name}"},
    {"iam.instance_profile", NULL, "Profile",
     "iam:GetInstanceProfile iam:CreateInstanceProfile iam:TagInstanceProfile iam:AddRoleToInstanceProfile "
     "iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile",
     IAM "instance-profile/{name}", NULL, NULL, NULL},
    {"iam.instance_profile", NULL, "PassRole", "iam:PassRole", IAM "role/{role.name}", "StringEquals",
     "iam:PassedToService", "ec2.amazonaws.com"},
    {"ec2.instance_profile", NULL, "Profile", "iam:GetInstanceProfile iam:TagInstanceProfile",
     IAM "instance-profile/{profile.name}", NULL, NULL, NULL},
    /* The original role is passed back to the workstation. */
    {"ec2.instance_profile", NULL, "PassRole", "iam:PassRole", "{world:original_role}", "StringEquals",
     "iam:PassedToService", "ec2.amazonaws.com"},
    {"ec2.instance_profile", NULL, "PassRole", "iam:PassRole", IAM "role/{profile.role.name}", "StringEquals",
     "iam:PassedToService", "ec2.amazonaws.com"},
    {"ec2.instance_profile", NULL, "Instance",
     "ec2:AssociateIamInstanceProfile ec2:ReplaceIamInstanceProfileAssociation "
     "ec2:DisassociateIamInstanceProfile",
     "arn:{partition}:ec2:{region}:{account}:instance/{world:instance}", NULL, NULL, NULL},

    {"secretsmanager.rotation", NULL, "Database", "rds:DescribeDBSubnetGroups",
     "arn:{partition}:rds:{region}:{account}:subgrp:{world:subnet_group}", NULL, NULL, NULL},
    {"secretsmanager.rotation", NULL, "Stack",
     "cloudformation:CreateStack cloudformation:DescribeStacks cloudformation:DescribeStackEvents "
     "cloudformation:DeleteStack",
     CLOUDFORMATION "{account}:stack/{stack}/* " CLOUDFORMATION "{account}:stack/{stack}-*/*", NULL, NULL,
     NULL},
    {"secretsmanager.rotation", NULL, "Stack", "cloudformation:CreateStack cloudformation:CreateChangeSet",
     CLOUDFORMATION "aws:transform/SecretsManager-2024-09-16", NULL, NULL, NULL},
    /* The rest CloudFormation does in the caller's name, its looks at what it
     * made among it. */
    {"secretsmanager.rotation", NULL, "Function",
     "lambda:CreateFunction lambda:GetFunction lambda:GetFunctionConfiguration "
     "lambda:GetFunctionCodeSigningConfig lambda:GetPolicy lambda:TagResource lambda:AddPermission "
     "lambda:InvokeFunction lambda:RemovePermission lambda:DeleteFunction",
     "arn:{partition}:lambda:{region}:{account}:function:{function}", NULL, NULL, NULL},
    {"secretsmanager.rotation", NULL, "Function", "logs:DeleteLogGroup",
     "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{function}:*", NULL, NULL, NULL},
    {"secretsmanager.rotation", NULL, "FunctionRole",
     "iam:CreateRole iam:GetRole iam:TagRole iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy "
     "iam:DeleteRole",
     IAM "role/{stack:20}*", NULL, NULL, NULL},
    {"secretsmanager.rotation", NULL, "FunctionRolePolicies", "iam:AttachRolePolicy iam:DetachRolePolicy",
     IAM "role/{stack:20}*", "ArnEquals", "iam:PolicyARN",
     MANAGED "service-role/AWSLambdaBasicExecutionRole " MANAGED
             "service-role/AWSLambdaVPCAccessExecutionRole"},
    {"secretsmanager.rotation", NULL, "PassFunctionRole", "iam:PassRole", IAM "role/{stack:20}*",
     "StringEquals", "iam:PassedToService", "lambda.amazonaws.com"},
};

/* --- arguments --- */

/* What is known of steps before they run: their arguments stand for outputs. */
struct expander {
    const struct plan *plan;
    const struct permissions_world *world;
    struct json *arguments; /* step id: resolved `with` */
    const struct json *with;
};

static const struct json *outputs(void *self, const char *step_id)
{
    const struct expander *e = self;

    return json_get(e->arguments, step_id);
}

/* In topological order, so that a reference finds the arguments it names. */
static bool resolve_all(struct expander *e, struct error *err)
{
    const struct plan_scope scope = {.outputs = outputs,
                                     .self = e,
                                     .account = e->world->account,
                                     .region = e->world->region,
                                     .partition = e->world->partition,
                                     .learner = e->world->learner};

    for (size_t i = 0; i < e->plan->step_count; i++) {
        const struct plan_step *step = &e->plan->steps[e->plan->order[i]];
        struct json *with = NULL;
        if (step->undoes)
            continue;
        if (!plan_resolve(e->plan, step, &scope, true, &with, err))
            return error_wrap(err, "step %s", step->id);
        json_put(e->arguments, step->id, with);
    }
    return true;
}

/* --- templates --- */

/* NULL: not such a word, or there is no such thing. */
static const char *find_of_world(const struct expander *e, struct str name)
{
    const struct {
        const char *name, *value;
    } words[] = {
        {"partition", e->world->partition},
        {"region", e->world->region},
        {"account", e->world->account},
        {"world:instance", e->world->instance},
        {"world:subnet_group", e->world->subnet_group},
        {"world:original_role", e->world->original_role},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_is(name, words[i].name))
            return words[i].value;
    }
    return NULL;
}

static void push_once(struct json *list, struct str text)
{
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        if (str_equal(json_str(e), text))
            return;
    }
    json_push(list, json_string(text));
}

static bool expand(const struct expander *e, struct str head, struct str rest, struct json *out);

/* "stack:20": at most so many characters, as CloudFormation cuts names. */
static struct str cut(struct str value, struct str limit)
{
    int64_t n = 0;

    return str_to_i64(limit, &n) && value.len > (size_t)n ? str_slice(value, 0, (size_t)n) : value;
}

static bool expand_value(const struct expander *e, struct str head, struct str value, struct str rest,
                         struct json *out)
{
    CLEANUP(buf_release) struct buf longer = {0};

    if (str_starts(value, STR("arn:"))) {
        push_once(out, value);
        return true;
    }
    buf_add(&longer, head);
    buf_add(&longer, value);
    return expand(e, buf_str(&longer), rest, out);
}

static bool expand_argument(const struct expander *e, struct str head, struct str name, struct str rest,
                            struct json *out)
{
    size_t colon = str_find_char(name, ':');
    CLEANUP(mem_freep) char *path = mem_copy(str_slice(name, 0, colon));
    const struct json *value = json_path(e->with, path);
    bool any = false;

    for (const struct json *v = json_is_array(value) ? json_first(value) : NULL; v; v = json_next(v))
        any = expand_value(e, head, json_str(v), rest, out) || any;
    if (json_str(value).len > 0)
        return expand_value(e, head,
                            colon < name.len ? cut(json_str(value), str_slice(name, colon + 1, name.len))
                                             : json_str(value),
                            rest, out);
    return any;
}

/* head is done; adds what comes of head and rest. False when an argument is absent. */
static bool expand(const struct expander *e, struct str head, struct str rest, struct json *out)
{
    size_t open = str_find_char(rest, '{');
    CLEANUP(buf_release) struct buf longer = {0};

    buf_add(&longer, head);
    buf_add(&longer, str_slice(rest, 0, open));
    if (open == rest.len) {
        push_once(out, buf_str(&longer));
        return true;
    }
    rest = str_slice(rest, open + 1, rest.len);
    size_t close = str_find_char(rest, '}');
    struct str name = str_slice(rest, 0, close);
    rest = str_slice(rest, close + 1, rest.len);
    const char *known = find_of_world(e, name);
    if (!known)
        return expand_argument(e, buf_str(&longer), name, rest, out);
    buf_adds(&longer, known);
    return expand(e, buf_str(&longer), rest, out);
}

/* NULL when an argument of one of them is absent. */
static struct json *expand_words(const struct expander *e, const char *templates)
{
    struct json *out = json_array();
    struct str rest = str_of(templates), one;

    while (str_split(&rest, ' ', &one)) {
        if (!expand(e, STR(""), one, out)) {
            json_free(out);
            return NULL;
        }
    }
    return out;
}

static struct json *words(const char *text)
{
    struct json *out = json_array();
    struct str rest = str_of(text), one;

    while (str_split(&rest, ' ', &one))
        json_push(out, json_string(one));
    return out;
}

/* --- the list --- */

static struct str argument(const struct expander *e, struct str name)
{
    struct str value = json_str(json_getn(e->with, name));

    if (str_is(name, "from") && value.len == 0 && e->world->elsewhere && json_get(e->with, "instance"))
        return STR("ssm");
    return value;
}

static bool holds(const struct expander *e, const char *when)
{
    struct str rest = when ? str_of(when) : STR("");
    struct str name;

    if (!when || !str_split(&rest, '=', &name))
        return true;
    return str_equal(argument(e, name), rest);
}

static void add_row(const struct expander *e, const struct row *row, const char *step, struct json *out)
{
    if (!holds(e, row->when))
        return;
    struct json *resources = expand_words(e, row->resources);
    struct json *values = row->values ? expand_words(e, row->values) : NULL;
    if (!resources || (row->values && !values)) {
        json_free(resources);
        json_free(values);
        return;
    }
    struct json *one = json_push(out, json_of("group", row->group, "step", step, NULL));
    json_put(one, "actions", words(row->actions));
    json_put(one, "resources", resources);
    if (values) {
        struct json *condition = json_put(one, "condition", json_object());
        json_put(json_put(condition, row->test, json_object()), row->key, values);
    }
}

bool permissions_of_plan(const struct plan *plan, const struct permissions_world *world, struct json **out,
                         struct error *err)
{
    struct expander e = {.plan = plan, .world = world, .arguments = json_object()};
    bool ok = resolve_all(&e, err);

    *out = ok ? json_array() : NULL;
    for (size_t r = 0; ok && r < ARRAY_LEN(rows); r++) {
        if (!rows[r].kind)
            add_row(&e, &rows[r], "", *out);
        for (size_t i = 0; rows[r].kind && i < plan->step_count; i++) {
            const struct plan_step *step = &plan->steps[i];
            e.with = json_get(e.arguments, step->id);
            if (!step->undoes && strcmp(step->kind->name, rows[r].kind) == 0)
                add_row(&e, &rows[r], step->id, *out);
        }
    }
    json_free(e.arguments);
    return ok;
}

/* --- the document --- */

static void join(struct json *to, const char *member, const struct json *from)
{
    struct json *list = json_edit(to, member);

    if (!list)
        list = json_put(to, member, json_array());
    for (const struct json *e = json_first(from); e; e = json_next(e))
        push_once(list, json_str(e));
}

static void join_condition(struct json *statement, const struct json *condition)
{
    const struct json *test = json_first(condition);
    const struct json *key = json_first(test);

    if (!key)
        return;
    struct json *own = json_edit(statement, "Condition");
    if (!own)
        own = json_put(statement, "Condition", json_object());
    struct json *keys = json_edit(own, json_key(test));
    if (!keys)
        keys = json_put(own, json_key(test), json_object());
    join(keys, json_key(key), json_get(test, json_key(key)));
}

static struct json *statement_of(struct json *statements, const char *group)
{
    for (size_t i = 0; i < json_count(statements); i++) {
        if (strcmp(json_get_text(json_at(statements, i), "Sid"), group) == 0)
            return json_edit_at(statements, i);
    }
    return json_push(statements, json_of("Sid", group, "Effect", "Allow", NULL));
}

struct json *permissions_document(const struct json *permissions)
{
    struct json *document = json_of("Version", "2012-10-17", NULL);
    struct json *statements = json_put(document, "Statement", json_array());

    for (const struct json *p = json_first(permissions); p; p = json_next(p)) {
        struct json *statement = statement_of(statements, json_get_text(p, "group"));
        join(statement, "Action", json_get(p, "actions"));
        join(statement, "Resource", json_get(p, "resources"));
        join_condition(statement, json_get(p, "condition"));
    }
    return document;
}
