#include "aws/sandbox/seed.h"
#include "aws/sandbox/ssm.h"

#include <stdio.h>

static const char *const top_keys[] = {"account",   "admin",         "users",    "roles",     "network",
                                       "instances", "subnet_groups", "clusters", "functions", NULL};
static const char *const account_keys[] = {"alias", NULL};
static const char *const function_keys[] = {"role", "command", "timeout_s", NULL};

enum { FUNCTION_TIMEOUT_S = 30 };

bool seed_refuse(struct error *err, const char *place, const char *name, const char *why)
{
    return error_set(err, ERR_USAGE, "world: %s%s%s%s%s", place, *place && *name ? "." : "", name,
                     *place || *name ? ": " : "", why);
}

bool seed_keys(const struct json *object, const char *place, const char *name, const char *const *keys,
               struct error *err)
{
    if (object && !json_is_object(object))
        return seed_refuse(err, place, name, "has to be a mapping");
    for (const struct json *e = json_first(object); e; e = json_next(e)) {
        size_t i = 0;
        char why[128];

        while (keys[i] && strcmp(keys[i], json_key(e)) != 0)
            i++;
        if (keys[i])
            continue;
        (void)snprintf(why, sizeof why, "unknown key \"%.80s\"", json_key(e));
        return seed_refuse(err, place, name, why);
    }
    return true;
}

struct json *seed_tags(const struct json *tags, const char *name)
{
    struct json *list = json_array();

    if (name)
        json_push(list, json_of("Key", "Name", "Value", name, NULL));
    for (const struct json *e = json_first(tags); e; e = json_next(e))
        json_push(list, json_of("Key", json_key(e), "Value", json_text(e), NULL));
    return list;
}

/* --- functions --- */

/** Secrets Manager of this account may invoke it: that is what they are for. */
static struct json *permission(const struct sandbox *s, const char *arn)
{
    struct json *statement = json_of("Sid", "SecretsManagerAccess", "Effect", "Allow", NULL);
    struct json *condition = json_object();

    json_put(statement, "Principal", json_of("Service", "secretsmanager.amazonaws.com", NULL));
    json_put_text(statement, "Action", "lambda:InvokeFunction");
    json_put_text(statement, "Resource", arn);
    json_put(condition, "StringEquals", json_of("AWS:SourceAccount", s->account, NULL));
    json_put(statement, "Condition", condition);
    return statement;
}

static struct json *function_entity(const struct seed *seed, const struct json *f, const struct json *role)
{
    struct sandbox *s = seed->sandbox;
    char arn[2100], revision[37];
    struct json *e, *policy = json_object(), *architectures = json_array();

    sandbox_arn(s, arn, "lambda", s->options.region, "function:%s", json_key(f));
    random_uuid(&s->random, revision);
    e = json_of("FunctionName", json_key(f), "FunctionArn", arn, "Runtime", "python3.12", "Role",
                json_get_text(role, "Arn"), "Handler", "lambda_function.lambda_handler", "LastModified",
                "2024-01-01T00:00:00.000+0000", "Version", "$LATEST", "State", "Active", "LastUpdateStatus",
                "Successful", "PackageType", "Zip", "RevisionId", revision, "CodeSha256",
                "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", NULL);
    json_put_int(e, "Timeout", json_int(json_get(f, "timeout_s"), FUNCTION_TIMEOUT_S));
    json_put_int(e, "MemorySize", 128);
    json_put_int(e, "CodeSize", 0);
    json_push(architectures, json_text_new("x86_64"));
    json_put(e, "Architectures", architectures);
    json_put(e, "Tags", json_object());
    json_put(policy, "SecretsManagerAccess", permission(s, arn));
    json_put(e, "policy", policy);
    json_put(e, "command", json_copy(json_get(f, "command")));
    json_put_int(e, "created_ms", seed->now_s * 1000);
    return e;
}

static bool check_command(const struct json *f, struct error *err)
{
    const struct json *command = json_get(f, "command");

    if (!json_is_array(command) || json_count(command) == 0)
        return seed_refuse(err, "functions", json_key(f), "command has to be a list of words");
    for (const struct json *word = json_first(command); word; word = json_next(word))
        if (!json_is_string(word))
            return seed_refuse(err, "functions", json_key(f), "command has to be a list of words");
    return true;
}

bool seed_functions(struct seed *seed, struct error *err)
{
    const struct json *functions = json_get(seed->document, "functions");

    for (const struct json *f = json_first(functions); f; f = json_next(f)) {
        const struct json *role = world_get(seed->world, "iam.role", json_get_text(f, "role"));

        if (!seed_keys(f, "functions", json_key(f), function_keys, err) || !check_command(f, err))
            return false;
        if (!role)
            return seed_refuse(err, "functions", json_key(f), "role has to name a role of this world");
        world_put(seed->world, "lambda.function", json_key(f), function_entity(seed, f, role));
    }
    return true;
}

/* --- all --- */

static bool seed_account(struct seed *seed, struct error *err)
{
    const struct json *account = json_get(seed->document, "account");
    const char *alias = json_get_text(account, "alias");

    if (!seed_keys(account, "account", "", account_keys, err))
        return false;
    if (*alias)
        world_put(seed->world, "iam.account", "account", json_of("alias", alias, NULL));
    return true;
}

static bool seed_mappings(const struct json *document, struct error *err)
{
    for (const struct json *e = json_first(document); e; e = json_next(e))
        if (strcmp(json_key(e), "admin") != 0 && !json_is_object(e) && !json_is_null(e))
            return seed_refuse(err, json_key(e), "", "has to be a mapping");
    return true;
}

bool seed_world(struct sandbox *s, const struct json *world, struct error *err)
{
    struct seed seed = {.sandbox = s,
                        .world = s->world,
                        .document = world,
                        .now_s = sandbox_now_ms(s) / 1000,
                        .next_address = 10};

    if (!seed_keys(world, "", "", top_keys, err) || !seed_mappings(world, err) || !seed_account(&seed, err) ||
        !seed_identity(&seed, err) || !seed_network(&seed, err) || !seed_instances(&seed, err) ||
        !seed_databases(&seed, err) || !seed_functions(&seed, err))
        return false;
    ssm_agent_report(s); /* the workstation is up */
    return true;
}
