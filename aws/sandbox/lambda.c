/* Lambda's operations on functions, and whether a service may invoke one. */
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/policy/policy.h"

#include <stdio.h>

#define LIST_MAX 50

/* Members of ours that no answer shows. */
static const char *const hidden[] = {"Tags", "policy", "hosted", "command", "log_stream", "created_ms"};

static struct str strip_qualifier(struct str name)
{
    size_t colon = str_find_char(name, ':');

    return str_slice(name, 0, colon);
}

const struct json *lambda_find(struct world *w, struct str name)
{
    static const char marker[] = "function:";
    struct str rest = name;

    for (size_t i = 0; i + sizeof(marker) - 1 <= name.len; i++) {
        if (memcmp(name.data + i, marker, sizeof(marker) - 1) == 0) {
            rest = str_slice(name, i + sizeof(marker) - 1, name.len);
            break;
        }
    }
    CLEANUP(mem_freep) char *key = mem_copy(strip_qualifier(rest));
    const struct json *function = world_get(w, FUNCTION_KIND, key);
    struct str arn = json_str(json_get(function, "FunctionArn"));

    /* A whole ARN has to be this one, not one of another account or region. */
    if (function && str_starts(name, STR("arn:")) && !str_starts(name, arn))
        return NULL;
    return function;
}

/* The function of the call. NULL with AWS's error when there is none. */
static const struct json *function_get(struct call *c, struct error *err)
{
    struct str name = json_str(json_get(c->in, "FunctionName"));
    const struct json *function = lambda_find(c->world, name);
    char arn[2100];

    if (function)
        return function;
    sandbox_arn(c->sandbox, arn, "lambda", sandbox_region(c->sandbox), "function:%.*s", STR_ARG(name));
    refuse(err, "ResourceNotFoundException", "Function not found: %.*s",
           STR_ARG(str_starts(name, STR("arn:")) ? name : str_of(arn)));
    return NULL;
}

bool lambda_exists(struct call *c, struct error *err)
{
    return function_get(c, err) != NULL;
}

static struct json *configuration(const struct json *function)
{
    struct json *out = json_copy(function);

    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        json_remove(out, hidden[i]);
    return out;
}

static bool get_function(struct call *c, struct error *err)
{
    const struct json *function = function_get(c, err);

    if (!function)
        return false;
    c->out = json_object();
    json_put(c->out, "Configuration", configuration(function));
    json_put(c->out, "Code", json_of("RepositoryType", "S3", NULL));
    if (json_count(json_get(function, "Tags")) > 0)
        json_put(c->out, "Tags", json_copy(json_get(function, "Tags")));
    return true;
}

static bool get_configuration(struct call *c, struct error *err)
{
    const struct json *function = function_get(c, err);

    if (function)
        c->out = configuration(function);
    return function != NULL;
}

static bool list_functions(struct call *c, struct error *err)
{
    struct str marker = json_str(json_get(c->in, "Marker"));
    size_t limit = (size_t)json_int(json_get(c->in, "MaxItems"), LIST_MAX);
    const struct json *function;
    const char *key, *last = NULL;

    (void)err;
    c->out = json_object();
    struct json *list = json_put(c->out, "Functions", json_array());
    for (size_t i = 0; (function = world_at(c->world, FUNCTION_KIND, i, &key)); i++) {
        if (marker.len > 0 && str_compare(str_of(key), marker) <= 0)
            continue;
        if (json_count(list) == limit) {
            json_put_text(c->out, "NextMarker", last);
            break;
        }
        json_push(list, configuration(function));
        last = key;
    }
    return true;
}

static bool list_versions(struct call *c, struct error *err)
{
    const struct json *function = function_get(c, err);

    if (!function)
        return false;
    c->out = json_object();
    json_push(json_put(c->out, "Versions", json_array()), configuration(function));
    return true;
}

/* No configuration is an empty name: the model requires the member. */
static bool code_signing(struct call *c, struct error *err)
{
    const struct json *function = function_get(c, err);

    if (function)
        c->out = json_of("CodeSigningConfigArn", "", "FunctionName", json_get_text(function, "FunctionName"),
                         NULL);
    return function != NULL;
}

static bool list_tags(struct call *c, struct error *err)
{
    struct str arn = json_str(json_get(c->in, "Resource"));
    const struct json *function = lambda_find(c->world, arn), *tags = json_get(function, "Tags");

    if (!function)
        return refuse(err, "ResourceNotFoundException", "Function not found: %.*s", STR_ARG(arn));
    c->out = json_object();
    json_put(c->out, "Tags", tags ? json_copy(tags) : json_object());
    return true;
}

/* --- permissions --- */

static struct json *policy_document(const struct json *function)
{
    struct json *document = json_of("Version", "2012-10-17", "Id", "default", NULL), *list;
    const struct json *e;

    list = json_put(document, "Statement", json_array());
    for (e = json_first(json_get(function, "policy")); e; e = json_next(e))
        json_push(list, json_copy(e));
    return document;
}

static bool get_policy(struct call *c, struct error *err)
{
    const struct json *function = function_get(c, err);
    CLEANUP(json_freep) struct json *document = NULL;
    CLEANUP(buf_release) struct buf text = {0};

    if (!function)
        return false;
    if (json_count(json_get(function, "policy")) == 0)
        return error_aws(err, "ResourceNotFoundException", "The resource you requested does not exist.");
    document = policy_document(function);
    json_write(document, &text);
    c->out = json_of("Policy", buf_text(&text), "RevisionId", json_get_text(function, "RevisionId"), NULL);
    return true;
}

static struct json *principal_element(const struct sandbox *s, const char *principal)
{
    char root[2100];
    uint64_t number;

    if (strcmp(principal, "*") == 0)
        return json_text_new("*");
    if (str_ends(str_of(principal), STR(".amazonaws.com")))
        return json_of("Service", principal, NULL);
    if (strlen(principal) != 12 || !str_to_u64(str_of(principal), &number))
        return json_of("AWS", principal, NULL);
    (void)snprintf(root, sizeof(root), "arn:%s:iam::%s:root", sandbox_partition(s), principal);
    return json_of("AWS", root, NULL);
}

struct json *lambda_statement(const struct sandbox *s, const char *sid, const char *function_arn,
                              const char *principal, const char *action, const char *source_account,
                              const char *source_arn)
{
    struct json *statement = json_of("Sid", sid, "Effect", "Allow", NULL), *condition;

    json_put(statement, "Principal", principal_element(s, principal));
    json_put_text(statement, "Action", action);
    json_put_text(statement, "Resource", function_arn);
    condition = json_object();
    if (*source_account)
        json_put(condition, "StringEquals", json_of("AWS:SourceAccount", source_account, NULL));
    if (*source_arn)
        json_put(condition, "ArnLike", json_of("AWS:SourceArn", source_arn, NULL));
    if (json_count(condition) > 0)
        json_put(statement, "Condition", condition);
    else
        json_free(condition);
    return statement;
}

static struct json *function_edit(struct call *c, const struct json *function)
{
    return world_edit(c->world, FUNCTION_KIND, json_get_text(function, "FunctionName"));
}

static bool add_permission(struct call *c, struct error *err)
{
    const struct json *found = function_get(c, err);
    const char *sid = json_get_text(c->in, "StatementId");
    CLEANUP(buf_release) struct buf text = {0};
    char revision[37];

    if (!found)
        return false;
    if (json_get(json_get(found, "policy"), sid))
        return refuse(err, "ResourceConflictException",
                      "The statement id (%s) provided already exists. Please provide a new statement id, or "
                      "remove the existing statement.",
                      sid);
    struct json *function = function_edit(c, found);
    struct json *statement =
        lambda_statement(c->sandbox, sid, json_get_text(found, "FunctionArn"),
                         json_get_text(c->in, "Principal"), json_get_text(c->in, "Action"),
                         json_get_text(c->in, "SourceAccount"), json_get_text(c->in, "SourceArn"));
    if (!json_get(function, "policy"))
        json_put(function, "policy", json_object());
    json_put(json_edit(function, "policy"), sid, statement);
    random_uuid(sandbox_random(c->sandbox), revision);
    json_put_text(function, "RevisionId", revision);
    json_write(statement, &text);
    c->out = json_of("Statement", buf_text(&text), NULL);
    return true;
}

static bool remove_permission(struct call *c, struct error *err)
{
    const struct json *found = function_get(c, err);
    const char *sid = json_get_text(c->in, "StatementId");

    if (!found)
        return false;
    if (!json_get(json_get(found, "policy"), sid))
        return refuse(err, "ResourceNotFoundException", "Statement %s is not found in resource policy.", sid);
    json_remove(json_edit(function_edit(c, found), "policy"), sid);
    return true;
}

bool lambda_invocable(struct sandbox *s, const char *function_arn, const char *service_principal,
                      const char *source_arn, bool *exists)
{
    const struct json *function = lambda_find(sandbox_world(s), str_of(function_arn));
    CLEANUP(json_freep) struct json *document = NULL, *context = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(policy_freep) struct policy *policy = NULL;
    struct policy_result result;
    struct error ignored;

    *exists = function != NULL;
    if (json_count(json_get(function, "policy")) == 0)
        return false;
    document = policy_document(function);
    json_write(document, &text);
    if (!policy_parse(buf_str(&text), POLICY_RESOURCE, &policy, &ignored))
        return false;
    context = json_of("aws:SourceAccount", sandbox_account(s), "aws:SourceArn", source_arn, NULL);
    const struct policy_request request = {
        .principal = str_of(service_principal),
        .action = STR("lambda:InvokeFunction"),
        .resource = json_str(json_get(function, "FunctionArn")),
        .resource_account = str_of(sandbox_account(s)),
        .context = context,
    };
    const struct policy_set set = {.resource = policy, .resource_policy_mandatory = true};
    policy_decide(&request, &set, &result);
    return result.decision == POLICY_ALLOWED;
}

/* --- delete and invoke --- */

static bool delete_function(struct call *c, struct error *err)
{
    const struct json *function = function_get(c, err);

    if (!function)
        return false;
    CLEANUP(mem_freep) char *name = mem_dup(json_get_text(function, "FunctionName"));
    lambda_interfaces_release(c->sandbox, name);
    world_remove(c->world, FUNCTION_KIND, name);
    return true;
}

static const struct handler rows[] = {
    {"AddPermission", add_permission, NULL, NULL},
    {"DeleteFunction", delete_function, NULL, NULL},
    {"GetFunction", get_function, NULL, NULL},
    {"GetFunctionCodeSigningConfig", code_signing, NULL, NULL},
    {"GetFunctionConfiguration", get_configuration, NULL, NULL},
    {"GetPolicy", get_policy, NULL, NULL},
    {"Invoke", lambda_invoke, NULL, NULL},
    {"ListFunctions", list_functions, NULL, NULL},
    {"ListTags", list_tags, NULL, NULL},
    {"ListVersionsByFunction", list_versions, NULL, NULL},
    {"RemovePermission", remove_permission, NULL, NULL},
};

const struct handler_table lambda_handlers = {"lambda", rows, ARRAY_LEN(rows)};
