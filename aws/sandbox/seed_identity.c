/* Users, roles and the policies AWS manages. */
#include "aws/sandbox/seed.h"

#include "aws/policy/policy.h"
#include "aws/sandbox/managed_policies.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const user_keys[] = {"policies", "inline", "tags", NULL};
static const char *const role_keys[] = {"trust", "description",      "policies", "inline",
                                        "tags",  "instance_profile", NULL};

static const char upper_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void managed_arn(const struct seed *seed, const struct managed_policy *p, char out[2100])
{
    (void)snprintf(out, 2100, "arn:%s:iam::aws:policy%s%s", sandbox_partition(seed->sandbox), p->path,
                   p->name);
}

static void seed_managed(struct seed *seed)
{
    for (size_t i = 0; i < managed_policy_count; i++) {
        const struct managed_policy *p = &managed_policies[i];
        struct json *policy, *version, *versions = json_object();
        char arn[2100], id[22];

        managed_arn(seed, p, arn);
        sandbox_unique_id(seed->sandbox, "ANPA", id);
        policy = json_of("PolicyName", p->name, "Path", p->path, "PolicyId", id, "Arn", arn,
                         "DefaultVersionId", p->version, NULL);
        version = json_of("VersionId", p->version, "Document", p->document, NULL);
        json_put_int(version, "CreateDate", seed->now_s);
        json_put(versions, p->version, version);
        json_put(policy, "versions", versions);
        json_put_int(policy, "next_version", strtol(p->version + 1, NULL, 10) + 1);
        json_put_int(policy, "CreateDate", seed->now_s);
        json_put_int(policy, "UpdateDate", seed->now_s);
        json_put(policy, "Tags", json_array());
        json_put_bool(policy, "aws_managed", true);
        world_put(seed->world, "iam.policy", arn, policy);
    }
}

/** [NAME…] as attachments that have always been there. */
static struct json *attachments(const struct seed *seed, const struct json *names, const char *place,
                                const char *name, struct error *err)
{
    struct json *list = json_array();

    for (const struct json *e = json_first(names); e; e = json_next(e)) {
        char arn[2100] = "";
        struct json *attachment;

        for (size_t i = 0; i < managed_policy_count; i++)
            if (strcmp(managed_policies[i].name, json_text(e)) == 0)
                managed_arn(seed, &managed_policies[i], arn);
        if (!*arn) {
            seed_refuse(err, place, name, "policies names one that AWS does not manage");
            json_free(list);
            return NULL;
        }
        attachment = json_of("PolicyArn", arn, NULL);
        json_put_int(attachment, "from_ms", 0);
        json_push(list, attachment);
    }
    return list;
}

/** {NAME: DOCUMENT} with each document as its text. */
static struct json *inline_policies(const struct json *policies, const char *place, const char *name,
                                    struct error *err)
{
    struct json *out = json_object();

    for (const struct json *e = json_first(policies); e; e = json_next(e)) {
        CLEANUP(buf_release) struct buf text = {0};
        struct policy *parsed = NULL;
        struct error why;

        json_write(e, &text);
        if (!policy_parse(buf_str(&text), POLICY_IDENTITY, &parsed, &why)) {
            seed_refuse(err, place, name, why.message);
            json_free(out);
            return NULL;
        }
        policy_free(parsed);
        json_put_str(out, json_key(e), buf_str(&text));
    }
    return out;
}

/** What users and roles have in common. Takes nothing on failure. */
static bool add_policies(const struct seed *seed, struct json *entity, const struct json *from,
                         const char *place, struct error *err)
{
    struct json *list = attachments(seed, json_get(from, "policies"), place, json_key(from), err);
    struct json *documents =
        list ? inline_policies(json_get(from, "inline"), place, json_key(from), err) : NULL;

    if (!documents) {
        json_free(list);
        return false;
    }
    json_put(entity, "attachments", list);
    json_put(entity, "Inline", documents);
    json_put(entity, "Tags", seed_tags(json_get(from, "tags"), NULL));
    json_put_int(entity, "CreateDate", seed->now_s);
    json_put_int(entity, "created_ms", 0); /* known everywhere from the start */
    return true;
}

static bool seed_user(struct seed *seed, const struct json *from, struct error *err)
{
    char arn[2100], id[22];
    struct json *user;

    if (!seed_keys(from, "users", json_key(from), user_keys, err))
        return false;
    sandbox_arn(seed->sandbox, arn, "iam", "", "user/%s", json_key(from));
    sandbox_unique_id(seed->sandbox, "AIDA", id);
    user = json_of("UserName", json_key(from), "Path", "/", "UserId", id, "Arn", arn, NULL);
    json_put(user, "Groups", json_array());
    world_put(seed->world, "iam.user", json_key(from), user);
    return add_policies(seed, user, from, "users", err);
}

static void seed_profile(struct seed *seed, const char *name, const char *role)
{
    char arn[2100], id[22];
    struct json *profile;

    sandbox_arn(seed->sandbox, arn, "iam", "", "instance-profile/%s", name);
    sandbox_unique_id(seed->sandbox, "AIPA", id);
    profile = json_of("InstanceProfileName", name, "Path", "/", "InstanceProfileId", id, "Arn", arn, "role",
                      role, NULL);
    json_put_int(profile, "CreateDate", seed->now_s);
    json_put_int(profile, "created_ms", 0);
    json_put(profile, "Tags", json_array());
    world_put(seed->world, "iam.instance_profile", name, profile);
}

static bool seed_role(struct seed *seed, const struct json *from, struct error *err)
{
    const char *trust = json_get_text(from, "trust"), *profile = json_get_text(from, "instance_profile");
    char arn[2100], id[22];
    CLEANUP(buf_release) struct buf document = {0};
    struct json *role;

    if (!seed_keys(from, "roles", json_key(from), role_keys, err))
        return false;
    if (!*trust)
        return seed_refuse(err, "roles", json_key(from), "trust has to name a service, as ec2.amazonaws.com");
    sandbox_arn(seed->sandbox, arn, "iam", "", "role/%s", json_key(from));
    sandbox_unique_id(seed->sandbox, "AROA", id);
    buf_adds(&document,
             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":");
    json_write_string(str_of(trust), &document);
    buf_adds(&document, "},\"Action\":\"sts:AssumeRole\"}]}");
    role =
        json_of("RoleName", json_key(from), "Path", "/", "RoleId", id, "Arn", arn, "AssumeRolePolicyDocument",
                buf_text(&document), "Description", json_get_text(from, "description"), NULL);
    json_put_int(role, "MaxSessionDuration", 3600);
    world_put(seed->world, "iam.role", json_key(from), role);
    if (*profile)
        seed_profile(seed, profile, json_key(from));
    return add_policies(seed, role, from, "roles", err);
}

/** Keys of the administrator: random, worthless elsewhere. */
static bool seed_admin(struct seed *seed, struct error *err)
{
    struct sandbox *s = seed->sandbox;
    const char *name = json_get_text(seed->document, "admin");
    char secret[41];
    struct json *key;

    if (!world_get(seed->world, "iam.user", name))
        return seed_refuse(err, "admin", "", "has to name a user of this world");
    (void)snprintf(s->admin_key, sizeof s->admin_key, "AKIA");
    random_text(&s->random, upper_and_digits, s->admin_key + 4, 16);
    random_text(&s->random, base64_letters, secret, 40);
    key = json_of("AccessKeyId", s->admin_key, "UserName", name, "Status", "Active", "secret", secret, NULL);
    json_put_int(key, "CreateDate", seed->now_s);
    world_put(seed->world, "iam.access_key", s->admin_key, key);
    return true;
}

bool seed_identity(struct seed *seed, struct error *err)
{
    seed_managed(seed);
    for (const struct json *e = json_first(json_get(seed->document, "users")); e; e = json_next(e))
        if (!seed_user(seed, e, err))
            return false;
    for (const struct json *e = json_first(json_get(seed->document, "roles")); e; e = json_next(e))
        if (!seed_role(seed, e, err))
            return false;
    return seed_admin(seed, err);
}
