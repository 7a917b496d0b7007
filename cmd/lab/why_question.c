/* Who asks for what, from the words of the command line. */
#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/model/model.h"
#include "cmd/lab/guard.h"
#include "cmd/lab/why.h"

#include <stdio.h>
#include <string.h>

const struct why_kind why_user = {"User", "UserName", "user"};
const struct why_kind why_role = {"Role", "RoleName", "role"};
const struct why_kind why_group = {"Group", "GroupName", "group"};

/* --- the principal --- */

/** GetUser or GetRole; *found false when there is none. */
static bool look(struct why *w, const struct why_kind *kind, const char *name, bool *found, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of(kind->parameter, name, NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    char operation[32];

    *found = false;
    (void)snprintf(operation, sizeof operation, "Get%s", kind->word);
    if (!aws_call(w->client, "iam", operation, in, &out, err)) {
        if (err->code == ERR_AWS && strcmp(err->remote_code, "NoSuchEntity") == 0)
            return true;
        return error_wrap(err, "look up %s %s", kind->shown, name);
    }
    *found = true;
    w->kind = kind;
    mem_free(w->name);
    mem_free(w->principal_arn);
    json_free(w->entity);
    w->name = mem_dup(name);
    w->entity = json_detach(out, kind->word);
    w->principal_arn = mem_dup(json_get_text(w->entity, "Arn"));
    return true;
}

static bool must_find(struct why *w, const struct why_kind *kind, const char *name, struct error *err)
{
    bool found;

    return look(w, kind, name, &found, err) &&
           (found || error_set(err, ERR_FAILED, "there is no %s %s", kind->shown, name));
}

static bool of_arn(struct why *w, const char *arn, struct error *err)
{
    static const struct {
        const char *mark;
        const struct why_kind *kind;
    } shapes[] = {{":user/", &why_user}, {":role/", &why_role}};
    const char *session = strstr(arn, ":assumed-role/");
    CLEANUP(mem_freep) char *own = mem_printf(":%s:", w->session->account);

    if (!strstr(arn, own))
        return error_set(err, ERR_USAGE, "%s is not of account %s, whose policies can be read", arn,
                         w->session->account);
    if (session) {
        session += strlen(":assumed-role/");
        CLEANUP(mem_freep) char *role = mem_copy((struct str){session, strcspn(session, "/")});
        const char *name = session + strlen(role);

        w->session_name = mem_dup(*name ? name + 1 : "");
        return must_find(w, &why_role, role, err);
    }
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        if (strstr(arn, shapes[i].mark))
            return must_find(w, shapes[i].kind, strrchr(arn, '/') + 1, err);
    if (!str_ends(str_of(arn), STR(":root")))
        return error_set(err, ERR_USAGE, "%s is no user, role or session", arn);
    w->principal_arn = mem_dup(arn);
    return true;
}

/** NAME alone: a role, for roles are what this is mostly about, or a user. */
static bool of_name(struct why *w, const char *word, struct error *err)
{
    const char *slash = strchr(word, '/');
    bool found;

    if (strncmp(word, "role/", 5) == 0)
        return must_find(w, &why_role, slash + 1, err);
    if (strncmp(word, "user/", 5) == 0)
        return must_find(w, &why_user, slash + 1, err);
    if (!look(w, &why_role, word, &found, err) || (!found && !look(w, &why_user, word, &found, err)))
        return false;
    return found || error_set(err, ERR_FAILED, "there is no role and no user %s", word);
}

static bool find_principal(struct why *w, const char *word, struct error *err)
{
    bool ok;

    if (strstr(word, ".amazonaws.com")) {
        w->principal_arn = mem_dup(word);
        ok = true;
    } else {
        ok = strncmp(word, "arn:", 4) == 0 ? of_arn(w, word, err) : of_name(w, word, err);
    }
    if (ok)
        w->principal = mem_dup(strncmp(word, "arn:", 4) == 0 ? word : w->principal_arn);
    return ok;
}

/* --- the action --- */

static bool same_name(const char *a, struct str b)
{
    return str_equal_ignore_case(str_of(a), b);
}

/** The model's spelling, "secretsmanager:GetSecretValue"; what it does not know
 * stays as it is. */
static bool find_action(struct why *w, const char *word, struct error *err)
{
    bool full = strchr(word, ':') != NULL;

    for (size_t s = 0; aws_services[s]; s++) {
        for (size_t i = 0; i < aws_services[s]->operation_count; i++) {
            const char *action = aws_services[s]->operations[i].action;

            if (!same_name(full ? action : aws_services[s]->operations[i].name, str_of(word)))
                continue;
            w->action = mem_dup(action);
            return true;
        }
    }
    if (!full)
        return error_set(err, ERR_USAGE,
                         "%s is no action: write SERVICE:Action, as secretsmanager:GetSecretValue", word);
    w->action = mem_dup(word);
    return true;
}

/* --- the circumstances --- */

/** Adds {prefix}/{Key} for each tag. */
static void add_tags(struct json *context, const char *prefix, const struct json *tags)
{
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        CLEANUP(mem_freep) char *key = mem_printf("%s/%s", prefix, json_get_text(t, "Key"));

        json_put_text(context, key, json_get_text(t, "Value"));
    }
}

/** What is known without asking; --context adds the rest and has the last word. */
static void add_circumstances(struct why *w)
{
    const struct session *s = w->session;
    struct json *c = w->context;
    char now[21];

    clock_format_iso(clock_wall_ms(&clock_system) / 1000, now);
    if (!json_get(c, "aws:CurrentTime"))
        json_put_text(c, "aws:CurrentTime", now);
    json_put_text(c, "aws:PrincipalArn", w->principal_arn);
    json_put_text(c, "aws:PrincipalAccount", s->account);
    json_put_text(c, "aws:ResourceAccount", s->account);
    json_put_text(c, "aws:RequestedRegion",
                  strncmp(w->action, "iam:", 4) == 0 ? "us-east-1" : s->settings.region);
    json_put_text(c, "aws:SecureTransport", guard_session_is_real(s) ? "true" : "false");
    json_put_text(c, "aws:ViaAWSService", "false");
    json_put_text(c, "aws:PrincipalType",
                  w->kind == &why_user        ? "User"
                  : w->kind == &why_role      ? "AssumedRole"
                  : strchr(w->principal, ':') ? "Account"
                                              : "Service");
    if (w->kind == &why_user) {
        json_put_text(c, "aws:username", w->name);
        json_put_text(c, "aws:userid", json_get_text(w->entity, "UserId"));
    } else if (w->kind == &why_role) {
        json_put_text(c, "aws:MultiFactorAuthPresent", "false");
    }
    add_tags(c, "aws:PrincipalTag", json_get(w->entity, "Tags"));
    for (const struct json *m = json_first(s->options->context); m; m = json_next(m))
        json_put_text(c, json_key(m), json_text(m));
}

/* --- the resource --- */

/** The operation's template with the name in its one place. */
static bool of_template(struct why *w, const char *name, struct error *err)
{
    const struct aws_operation *op = NULL;
    CLEANUP(buf_release) struct buf out = {0};
    struct str rest, part;

    for (size_t s = 0; aws_services[s] && !op; s++)
        for (size_t i = 0; i < aws_services[s]->operation_count && !op; i++)
            if (strcmp(aws_services[s]->operations[i].action, w->action) == 0)
                op = &aws_services[s]->operations[i];
    if (!op || strncmp(op->resource, "arn:", 4) != 0)
        return error_set(err, ERR_USAGE, "write the resource of %s as an ARN, or * for all", w->action);
    rest = str_slice(str_of(op->resource), 0, str_find_char(str_of(op->resource), ' '));
    while (str_split(&rest, '{', &part)) {
        size_t end = str_find_char(part, '}');
        struct str word = str_slice(part, 0, end);

        if (end == part.len) {
            buf_add(&out, part);
            continue;
        }
        buf_adds(&out, str_is(word, "partition") ? w->session->partition
                       : str_is(word, "region")  ? w->session->settings.region
                       : str_is(word, "account") ? w->session->account
                                                 : name);
        buf_add(&out, str_slice(part, end + 1, part.len));
    }
    mem_free(w->resource);
    w->resource = buf_detach(&out);
    return true;
}

/** Name, ARN or part of an ARN: the policies speak of the whole one. */
static bool of_secret(struct why *w, struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("SecretId", w->resource, NULL);
    CLEANUP(json_freep) struct json *secret = NULL;
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *document = NULL;

    if (!aws_call(w->client, "secretsmanager", "DescribeSecret", in, &secret, err)) {
        if (err->code != ERR_AWS || strcmp(err->remote_code, "ResourceNotFoundException") != 0)
            return error_wrap(err, "look up the secret");
        return strncmp(w->resource, "arn:", 4) == 0 || of_template(w, w->resource, err);
    }
    mem_free(w->resource);
    w->resource = mem_dup(json_get_text(secret, "ARN"));
    w->resource_name = mem_dup(json_get_text(secret, "Name"));
    json_put_text(w->context, "secretsmanager:SecretId", w->resource);
    add_tags(w->context, "aws:ResourceTag", json_get(secret, "Tags"));
    add_tags(w->context, "secretsmanager:ResourceTag", json_get(secret, "Tags"));
    if (strcmp(w->action, "secretsmanager:GetSecretValue") == 0 &&
        !json_get(w->context, "secretsmanager:VersionStage"))
        json_put_text(w->context, "secretsmanager:VersionStage", "AWSCURRENT");
    if (!aws_call(w->client, "secretsmanager", "GetResourcePolicy", in, &out, err))
        return error_wrap(err, "read the secret's policy");
    if (str_empty(json_str(json_get(out, "ResourcePolicy"))))
        return true;
    if (!json_parse(json_str(json_get(out, "ResourcePolicy")), NULL, &document, err))
        return error_wrap(err, "read the secret's policy");
    why_add(w, PLACE_SECRET, NULL, "", w->resource_name, document);
    document = NULL;
    return true;
}

static bool of_trust(struct why *w, struct error *err)
{
    CLEANUP(json_freep) struct json *in = NULL;
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(json_freep) struct json *document = NULL;
    const char *slash = strrchr(w->resource, '/');

    in = json_of("RoleName", slash ? slash + 1 : w->resource, NULL);
    if (!aws_call(w->client, "iam", "GetRole", in, &out, err))
        return error_wrap(err, "look up the role");
    mem_free(w->resource);
    w->resource = mem_dup(json_text(json_path(out, "Role.Arn")));
    w->resource_name = mem_dup(json_text(json_path(out, "Role.RoleName")));
    if (!json_parse(json_str(json_path(out, "Role.AssumeRolePolicyDocument")), NULL, &document, err))
        return error_wrap(err, "read the role's trust policy");
    why_add(w, PLACE_TRUST, NULL, "", w->resource_name, document);
    document = NULL;
    return true;
}

bool why_resource(struct why *w, struct error *err)
{
    bool name = strncmp(w->resource, "arn:", 4) != 0;

    if (strcmp(w->resource, "*") == 0)
        return true;
    if (strncmp(w->action, "secretsmanager:", 15) == 0)
        return of_secret(w, err);
    if (policy_resource_type(str_of(w->action)) == POLICY_TRUST)
        return of_trust(w, err);
    return !name || of_template(w, w->resource, err);
}

bool why_ask(struct why *w, const char *principal, const char *action, const char *resource,
             struct error *err)
{
    if (!w->context)
        w->context = json_object();
    w->resource = mem_dup(resource);
    if (!find_principal(w, principal, err) || !find_action(w, action, err))
        return false;
    add_circumstances(w);
    return why_resource(w, err);
}
