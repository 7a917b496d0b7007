#include "steps/kinds/sweep.h"

#include "aws/common/mem.h"
#include "steps/kinds/look.h"
#include "steps/mysql/rotation.h"
#include "steps/plan/reference.h"

#include <assert.h>
#include <string.h>

/* --- the kinds --- */

static const struct schema_field name_only[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name"}, {0}};
static const struct schema_field secret_fields[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name"},
    {.name = "recovery_days", .type = FIELD_INTEGER, .otherwise = "7", .help = "days"},
    {0}};
static const struct schema_field stack_fields[] = {
    {.name = "stack", .type = FIELD_TEXT, .required = true, .help = "name of the stack"},
    {.name = "function", .type = FIELD_TEXT, .help = "name of the function"},
    {.name = "secret", .type = FIELD_DATA, .help = "the secret"},
    {0}};
static const struct schema_field association_fields[] = {
    {.name = "instance", .type = FIELD_DATA, .required = true, .help = "the instance"},
    {.name = "profile", .type = FIELD_DATA, .required = true, .help = "the profile"},
    {0}};
static const struct schema_field user_fields[] = {
    {.name = "cluster", .type = FIELD_DATA, .required = true, .help = "the cluster"},
    {.name = "admin", .type = FIELD_DATA, .required = true, .help = "who drops it"},
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "name"},
    {.name = "host", .type = FIELD_TEXT, .required = true, .help = "host"},
    {0}};

/* lambda.function: no plan makes one by itself; a stack that was deleted
 * halfway leaves it. */
static enum step_status undo_function(struct step_context *c, struct error *err)
{
    static const struct step_wait gone = {"Lambda to forget the function", 200, 5000, 120000};
    const char *name = json_get_text(step_with(c), "name");
    CLEANUP(mem_freep) char *group = mem_printf("/aws/lambda/%s", name);
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up(c, "lambda", "GetFunction", json_of("FunctionName", name, NULL), "ResourceNotFoundException",
                 &out, err))
        return STEP_FAILED;
    if (out) {
        CLEANUP(json_freep) struct json *tags = json_array();
        const struct json *map = json_get(out, "Tags");
        for (const struct json *t = json_first(map); t; t = json_next(t))
            json_push(tags, json_of("Key", json_key(t), "Value", json_text(t), NULL));
        if (!step_tags_ours(c, tags)) {
            not_ours("function", name, err);
            return STEP_FAILED;
        }
        if (!once(c, "deleted"))
            return step_wait(c, &gone);
        /* Its log group first: once the function is gone nothing says whose it was. */
        if (!change(c, group, "logs", "DeleteLogGroup", json_of("logGroupName", group, NULL),
                    "ResourceNotFoundException", NULL, err) ||
            !change(c, name, "lambda", "DeleteFunction", json_of("FunctionName", name, NULL),
                    "ResourceNotFoundException", NULL, err)) {
            again(c, "deleted");
            return STEP_FAILED;
        }
        return undo_function(c, err);
    }
    return STEP_FINISHED;
}

static const struct output_field no_outputs[] = {{0}};
static const struct step_kind kind_function = {
    .schema = {"lambda.function", "a function", KIND_RESOURCE, false, name_only, no_outputs},
    .observe = observe_test,
    .undo = undo_function,
};

/* In teardown order (facts 4). */
static const struct {
    const char *name;
    const struct step_kind *kind;
    const struct schema_field *with;
} rows[] = {
    {"secretsmanager.rotation", &kind_secretsmanager_rotation, stack_fields},
    {"lambda.function", &kind_function, name_only},
    {"mysql.user", &kind_mysql_user, user_fields},
    {"ec2.instance_profile", &kind_ec2_instance_profile, association_fields},
    {"iam.instance_profile", &kind_iam_instance_profile, name_only},
    {"iam.role", &kind_iam_role, name_only},
    {"iam.policy", &kind_iam_policy, name_only},
    {"secretsmanager.secret", &kind_secretsmanager_secret, secret_fields},
};
static_assert(ARRAY_LEN(rows) == ARRAY_LEN(((struct sweep_kinds *)0)->kinds), "room for every kind");

void sweep_kinds_init(struct sweep_kinds *k)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        k->kinds[i] = *rows[i].kind;
        k->kinds[i].schema.with = rows[i].with;
        k->list[i] = &k->kinds[i];
    }
    k->list[ARRAY_LEN(rows)] = NULL;
}

/* --- from things to steps --- */

#define BATCH_STEPS_MAX 100

static bool same_owner(const struct json *a, const struct json *b)
{
    return strcmp(json_get_text(a, "lab"), json_get_text(b, "lab")) == 0 &&
           strcmp(json_get_text(a, "learner"), json_get_text(b, "learner")) == 0;
}

/* A batch of this lab and learner in which the step id is free. */
static struct json *batch_for(struct json *batches, const struct json *item, const char *id)
{
    for (size_t i = 0; i < json_count(batches); i++) {
        struct json *batch = json_edit_at(batches, i);
        const struct json *steps = json_get(batch, "steps");
        if (same_owner(batch, item) && !json_get(steps, id) && json_count(steps) < BATCH_STEPS_MAX)
            return batch;
    }
    struct json *batch = json_push(
        batches, json_of("lab", json_get_text(item, "lab"), "learner", json_get_text(item, "learner"), NULL));
    json_put(batch, "steps", json_object());
    return batch;
}

static void add_step(struct json *batches, const struct json *item, const char *id, const char *kind,
                     struct json *with)
{
    struct json *steps = json_edit(batch_for(batches, item, id), "steps");

    json_put(json_put(steps, id, json_of("uses", kind, NULL)), "with", with);
}

static bool read(const struct sweep_request *r, const char *service, const char *operation, struct json *in,
                 struct json **out, struct error *err)
{
    bool ok = aws_call_all(r->client, service, operation, in, out, err);

    json_free(in);
    return ok;
}

/* What the stack holds: the function whose log group outlives it, the secret
 * whose rotation is switched off first. */
static bool read_parts(const struct sweep_request *r, const char *stack, struct json *with, bool nested,
                       struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!read(r, "cloudformation", "DescribeStackResources", json_of("StackName", stack, NULL), &out, err))
        return false;
    const struct json *list = json_get(out, "StackResources");
    for (const struct json *p = json_first(list); p; p = json_next(p)) {
        const char *type = json_get_text(p, "ResourceType");
        const char *id = json_get_text(p, "PhysicalResourceId");
        if (!*id || strcmp(json_get_text(p, "ResourceStatus"), "DELETE_COMPLETE") == 0)
            continue;
        if (strcmp(type, "AWS::Lambda::Function") == 0)
            json_put_text(with, "function", id);
        else if (strcmp(type, "AWS::SecretsManager::RotationSchedule") == 0)
            json_put(with, "secret", json_of("arn", id, NULL));
        else if (strcmp(type, "AWS::CloudFormation::Stack") == 0 && !nested &&
                 !read_parts(r, id, with, true, err))
            return false;
    }
    return true;
}

static bool add_stack(const struct sweep_request *r, const struct json *item, struct json *batches,
                      struct error *err)
{
    CLEANUP(json_freep) struct json *with = json_of("stack", json_get_text(item, "name"), NULL);

    if (!read_parts(r, json_get_text(item, "id"), with, false, err))
        return error_wrap(err, "stack %s", json_get_text(item, "name"));
    add_step(batches, item, json_get_text(item, "step"), "secretsmanager.rotation", with);
    with = NULL;
    return true;
}

/* Instances that still have our profile get their own one back. */
static bool add_associations(const struct sweep_request *r, const struct json *item, struct json *batches,
                             struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!read(r, "ec2", "DescribeIamInstanceProfileAssociations", json_object(), &out, err))
        return false;
    const struct json *list = json_get(out, "IamInstanceProfileAssociations");
    for (const struct json *a = json_first(list); a; a = json_next(a)) {
        const char *instance = json_get_text(a, "InstanceId");
        if (strcmp(json_text(json_path(a, "IamInstanceProfile.Arn")), json_get_text(item, "id")) != 0 ||
            strcmp(json_get_text(a, "State"), "disassociated") == 0)
            continue;
        CLEANUP(mem_freep) char *id = mem_printf("on-%s", instance);
        struct json *with = json_object();
        json_put(with, "instance", json_of("id", instance, NULL));
        json_put(with, "profile", json_of("arn", json_get_text(item, "id"), NULL));
        add_step(batches, item, id, "ec2.instance_profile", with);
    }
    return true;
}

/* The user a swept secret names. Its host has to be the cluster's endpoint as
 * RDS tells it: the admin's password is sent nowhere else. */
static bool add_user(const struct sweep_request *r, const struct json *item, struct json *batches,
                     struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(mysql_login_release) struct mysql_login login = {0};
    struct error why;

    if (!r->cluster || strcmp(json_get_text(item, "state"), "left") != 0)
        return true;
    if (!read(r, "secretsmanager", "GetSecretValue", json_of("SecretId", json_get_text(item, "id"), NULL),
              &out, err))
        return error_is(err, "ResourceNotFoundException");
    if (!mysql_login_parse(json_str(json_get(out, "SecretString")), NULL, &login, &why) ||
        strcmp(login.host, json_get_text(r->cluster, "endpoint")) != 0 ||
        strcmp(login.user, r->admin_user) == 0)
        return true;
    CLEANUP(mem_freep) char *id = mem_printf("user-of-%s", json_get_text(item, "step"));
    struct json *with = json_of("name", login.user, "host", r->host, NULL);
    json_put(with, "cluster", json_copy(r->cluster));
    json_put(with, "admin", json_copy(r->admin));
    add_step(batches, item, id, "mysql.user", with);
    return true;
}

/* Whether a stack among the items made it and takes it along. */
static bool part_of_stack(const struct json *items, const struct json *item)
{
    const char *what = json_get_text(item, "what");
    const char *parent = json_get_text(item, "parent");

    if (strcmp(what, "role") != 0 && strcmp(what, "function") != 0 && !*parent)
        return false;
    for (const struct json *i = json_first(items); i; i = json_next(i)) {
        if (*json_get_text(i, "parent") || strcmp(json_get_text(i, "what"), "stack") != 0 ||
            !same_owner(i, item))
            continue;
        if (*parent ? strcmp(parent, json_get_text(i, "id")) == 0
                    : strcmp(json_get_text(i, "step"), json_get_text(item, "step")) == 0)
            return true;
    }
    return false;
}

static bool add_item(const struct sweep_request *r, const struct json *items, const struct json *item,
                     struct json *batches, struct error *err)
{
    const char *kind = json_get_text(item, "kind");

    /* Tags that no plan of ours can have given. */
    if (!reference_is_id(json_str(json_get(item, "step"))) ||
        !reference_is_id(json_str(json_get(item, "lab"))) || part_of_stack(items, item))
        return true;
    if (strcmp(kind, "secretsmanager.rotation") == 0)
        return add_stack(r, item, batches, err);
    if (strcmp(kind, "iam.instance_profile") == 0 && !add_associations(r, item, batches, err))
        return false;
    if (strcmp(kind, "secretsmanager.secret") == 0 && !add_user(r, item, batches, err))
        return false;
    add_step(batches, item, json_get_text(item, "step"), *kind ? kind : "lambda.function",
             json_of("name", json_get_text(item, "name"), NULL));
    return true;
}

static size_t rank_of(const struct json *step)
{
    size_t i = 0;

    while (i < ARRAY_LEN(rows) && strcmp(json_get_text(step, "uses"), rows[i].name) != 0)
        i++;
    return i;
}

/* The undo walks backwards: what goes first needs all that goes later. */
static void order_steps(struct json *steps)
{
    for (const struct json *s = json_first(steps); s; s = json_next(s)) {
        struct json *needs = json_array();
        for (const struct json *other = json_first(steps); other; other = json_next(other)) {
            if (rank_of(other) > rank_of(s))
                json_push(needs, json_text_new(json_key(other)));
        }
        if (json_count(needs) > 0)
            json_put(json_edit(steps, json_key(s)), "needs", needs);
        else
            json_free(needs);
    }
}

bool sweep_plan(const struct sweep_request *request, const struct json *items, struct json **out,
                struct error *err)
{
    CLEANUP(json_freep) struct json *batches = json_array();

    for (const struct json *i = json_first(items); i; i = json_next(i)) {
        if (!add_item(request, items, i, batches, err))
            return false;
    }
    for (size_t i = 0; i < json_count(batches); i++)
        order_steps(json_edit(json_edit_at(batches, i), "steps"));
    *out = batches;
    batches = NULL;
    return true;
}
