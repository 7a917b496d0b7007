/* iam.policy: a customer managed policy. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"

static const char *const secret_kinds[] = {"secretsmanager.secret", NULL};

static const struct schema_field with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .max = 128, .help = "name of the policy"},
    {.name = "document", .type = FIELD_DATA, .required = true, .help = "the policy document"},
    {.name = "description", .type = FIELD_TEXT, .help = "description"},
    {.name = "decrypts",
     .type = FIELD_STEP,
     .step_kinds = secret_kinds,
     .help = "a secret: when it has a KMS key of its own, the policy also allows kms:Decrypt on that"},
    {0},
};

static const struct output_field outputs[] = {
    {"name", false, "name of the policy"}, {"arn", false, "ARN of the policy"}, {0}};

/* The policy as it is: *policy NULL when absent; *same says whether its default
 * version is the wanted document. */
struct policy_look {
    char *arn;
    struct json *policy; /* GetPolicy's reply */
    bool ours, same;
};

static void look_release(struct policy_look *l)
{
    mem_free(l->arn);
    json_free(l->policy);
}

/* Secrets Manager decrypts in the reader's name, and only that is allowed. */
static struct json *decrypt_statement(const struct step_context *c, const char *key)
{
    CLEANUP(mem_freep) char *service = mem_printf("secretsmanager.%s.amazonaws.com", step_region(c));
    struct json *statement = json_of("Effect", "Allow", "Action", "kms:Decrypt", "Resource", key, NULL);
    struct json *condition = json_put(statement, "Condition", json_object());

    json_put(condition, "StringEquals", json_of("kms:ViaService", service, NULL));
    return statement;
}

/* The plan's document and what `decrypts` adds. */
static struct json *document_of(const struct step_context *c)
{
    const char *key = json_text(json_path(step_with(c), "decrypts.kms_key"));
    struct json *document = json_copy(json_get(step_with(c), "document"));
    const struct json *statements = json_get(document, "Statement");

    if (!*key)
        return document;
    if (json_is_object(statements)) {
        struct json *list = json_array();

        json_push(list, json_copy(statements));
        json_put(document, "Statement", list);
    }
    if (json_is_array(json_get(document, "Statement")))
        json_push(json_edit(document, "Statement"), decrypt_statement(c, key));
    return document;
}

static char *own_arn(const struct step_context *c)
{
    return iam_arn(c, "policy", json_get_text(step_with(c), "name"));
}

static bool look(struct step_context *c, struct policy_look *l, struct error *err)
{
    CLEANUP(json_freep) struct json *document = document_of(c);
    CLEANUP(json_freep) struct json *version = NULL;

    l->arn = own_arn(c);
    if (!look_up(c, "iam", "GetPolicy", json_of("PolicyArn", l->arn, NULL), "NoSuchEntity", &l->policy, err))
        return false;
    if (!l->policy)
        return true;
    l->ours = step_tags_ours(c, json_path(l->policy, "Policy.Tags"));
    const char *id = json_text(json_path(l->policy, "Policy.DefaultVersionId"));
    if (!look_up(c, "iam", "GetPolicyVersion", json_of("PolicyArn", l->arn, "VersionId", id, NULL),
                 "NoSuchEntity", &version, err))
        return false;
    l->same = same_document(json_str(json_path(version, "PolicyVersion.Document")), document);
    return true;
}

static void give(struct step_context *c, const struct policy_look *l)
{
    step_output_text(c, "name", json_get_text(step_with(c), "name"));
    step_output_text(c, "arn", l->arn);
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(look_release) struct policy_look l = {0};

    if (!look(c, &l, err))
        return false;
    if (!l.policy) {
        o->state = OBSERVED_ABSENT;
        return true;
    }
    o->ours = l.ours;
    o->state = l.same ? OBSERVED_PRESENT : OBSERVED_DIFFERS;
    if (!l.same)
        set_detail(o, "its document is another one");
    give(c, &l);
    return true;
}

static struct json *create_input(const struct step_context *c)
{
    const struct json *args = step_with(c);
    CLEANUP(json_freep) struct json *wanted = document_of(c);
    CLEANUP(mem_freep) char *document = document_text(wanted);
    struct json *in = json_of("PolicyName", json_get_text(args, "name"), "PolicyDocument", document, NULL);

    if (*json_get_text(args, "description"))
        json_put_text(in, "Description", json_get_text(args, "description"));
    json_put(in, "Tags", step_tags(c));
    return in;
}

static bool create(struct step_context *c, struct error *err)
{
    return make(c, json_get_text(step_with(c), "name"), "iam", "CreatePolicy", create_input(c),
                "EntityAlreadyExists", err);
}

/* A policy holds five versions: the oldest that is not the default makes room. */
static bool prune_versions(struct step_context *c, const struct policy_look *l, size_t keep,
                           struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up_all(c, "iam", "ListPolicyVersions", json_of("PolicyArn", l->arn, NULL), "NoSuchEntity", &out,
                     err))
        return false;
    const struct json *versions = json_get(out, "Versions");
    size_t left = json_count(versions);
    for (size_t i = json_count(versions); i-- > 0 && left > keep;) {
        const struct json *v = json_at(versions, i);
        if (json_bool(json_get(v, "IsDefaultVersion"), false))
            continue;
        if (!change(c, l->arn, "iam", "DeletePolicyVersion",
                    json_of("PolicyArn", l->arn, "VersionId", json_get_text(v, "VersionId"), NULL),
                    "NoSuchEntity", NULL, err))
            return false;
        left--;
    }
    return true;
}

static bool update(struct step_context *c, const struct policy_look *l, struct error *err)
{
    CLEANUP(json_freep) struct json *wanted = document_of(c);
    CLEANUP(mem_freep) char *document = document_text(wanted);
    struct json *in;

    if (!prune_versions(c, l, 4, err))
        return false;
    in = json_of("PolicyArn", l->arn, "PolicyDocument", document, NULL);
    json_put_bool(in, "SetAsDefault", true);
    return change(c, l->arn, "iam", "CreatePolicyVersion", in, "", NULL, err);
}

static bool adopt(struct step_context *c, const struct policy_look *l, struct error *err)
{
    struct json *in = json_of("PolicyArn", l->arn, NULL);

    json_put(in, "Tags", step_tags(c));
    return change(c, l->arn, "iam", "TagPolicy", in, "", NULL, err);
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait seen = {"IAM to show the policy", 200, 5000, 120000};
    CLEANUP(look_release) struct policy_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.policy) {
        /* Created and not seen yet: IAM's reads are only eventually consistent
         * (facts 4). */
        if (once(c, "created") && !create(c, err) && !again(c, "created"))
            return STEP_FAILED;
        look_release(&l);
        l = (struct policy_look){0};
        if (!look(c, &l, err))
            return STEP_FAILED;
        if (!l.policy)
            return step_wait(c, &seen);
    }
    if (!l.ours && !step_adopts(c)) {
        not_ours("policy", l.arn, err);
        return STEP_FAILED;
    }
    if (!l.ours && !adopt(c, &l, err))
        return STEP_FAILED;
    if (!l.same && !update(c, &l, err))
        return STEP_FAILED;
    give(c, &l);
    return STEP_FINISHED;
}

/* Detaches it from roles of this lab; stops at a stranger. */
static bool detach_ours(struct step_context *c, const struct policy_look *l, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up_all(c, "iam", "ListEntitiesForPolicy", json_of("PolicyArn", l->arn, NULL), "NoSuchEntity",
                     &out, err))
        return false;
    if (json_count(json_get(out, "PolicyUsers")) + json_count(json_get(out, "PolicyGroups")) > 0)
        return error_set(err, ERR_NOT_OURS, "policy %s is attached to a user or group that is not ours",
                         l->arn);
    const struct json *roles = json_get(out, "PolicyRoles");
    for (const struct json *r = json_first(roles); r; r = json_next(r)) {
        const char *name = json_get_text(r, "RoleName");
        CLEANUP(json_freep) struct json *role = NULL;
        if (!look_up(c, "iam", "GetRole", json_of("RoleName", name, NULL), "NoSuchEntity", &role, err))
            return false;
        if (role && !tags_of_lab(c, json_path(role, "Role.Tags")))
            return error_set(err, ERR_NOT_OURS, "policy %s is attached to role %s, which is not ours", l->arn,
                             name);
        if (!change(c, name, "iam", "DetachRolePolicy", json_of("RoleName", name, "PolicyArn", l->arn, NULL),
                    "NoSuchEntity", NULL, err))
            return false;
    }
    return true;
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    static const struct step_wait gone = {"IAM to forget the policy", 200, 5000, 120000};
    CLEANUP(look_release) struct policy_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.policy)
        return STEP_FINISHED;
    if (!l.ours) {
        not_ours("policy", l.arn, err);
        return STEP_FAILED;
    }
    if (!once(c, "deleted"))
        return step_wait(c, &gone);
    if ((!detach_ours(c, &l, err) || !prune_versions(c, &l, 1, err)) && !again(c, "deleted"))
        return STEP_FAILED;
    if (!change(c, l.arn, "iam", "DeletePolicy", json_of("PolicyArn", l.arn, NULL), "NoSuchEntity", NULL,
                err)) {
        again(c, "deleted");
        return gotcha_or_fail(c, "iam:DeletePolicy", err);
    }
    return undo(c, err);
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_call(items, "iam", "CreatePolicy", create_input(c));
    return true;
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    CLEANUP(mem_freep) char *arn = own_arn(c);

    (void)err;
    explain_call(items, "iam", "DeletePolicy", json_of("PolicyArn", arn, NULL));
    return true;
}

static const struct explain_find finds[] = {{.output = "arn", .text = own_arn}, {0}};

const struct step_kind kind_iam_policy = {
    .schema = {"iam.policy", "a customer managed policy", KIND_RESOURCE, false, with, outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_policy,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
