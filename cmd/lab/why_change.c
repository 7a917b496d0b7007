/* What a document is called, and the calls that put a change into the world. */
#include "aws/common/mem.h"
#include "cmd/lab/why.h"

#include <stdio.h>
#include <string.h>

enum policy_side why_side(const struct why_paper *p)
{
    static const enum policy_side sides[] = {
        [PLACE_INLINE] = SIDE_IDENTITY, [PLACE_MANAGED] = SIDE_IDENTITY, [PLACE_BOUNDARY] = SIDE_BOUNDARY,
        [PLACE_SESSION] = SIDE_SESSION, [PLACE_SECRET] = SIDE_RESOURCE,  [PLACE_TRUST] = SIDE_RESOURCE,
    };

    return sides[p->place];
}

static const char *last_part(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash ? slash + 1 : arn;
}

void why_name(const struct why_paper *p, struct buf *out)
{
    switch (p->place) {
    case PLACE_INLINE:
        buf_printf(out, "the inline policy %s of the %s %s", p->policy, p->kind->shown, p->entity);
        return;
    case PLACE_MANAGED:
        buf_printf(out, "the %s policy %s of the %s %s", p->fixed ? "AWS managed" : "managed",
                   last_part(p->policy), p->kind->shown, p->entity);
        return;
    case PLACE_BOUNDARY:
        buf_printf(out, "the permissions boundary %s of the %s %s", last_part(p->policy), p->kind->shown,
                   p->entity);
        return;
    case PLACE_SESSION:
        buf_printf(out, "the session policy %s%sof the session %s", last_part(p->policy),
                   *p->policy ? " " : "", p->entity);
        return;
    case PLACE_SECRET:
        buf_printf(out, "the resource policy of the secret %s", p->policy);
        return;
    case PLACE_TRUST:
        buf_printf(out, "the trust policy of the role %s", p->policy);
        return;
    }
}

/* --- calls --- */

/** Takes input over. */
static void add_call(struct json *calls, const char *service, const char *operation, struct json *input)
{
    json_put(json_push(calls, json_of("service", service, "operation", operation, NULL)), "input", input);
}

/** "PutRolePolicy" for "Put", role, "Policy". */
static void add_entity_call(struct json *calls, const char *verb, const struct why_kind *kind,
                            const char *noun, struct json *input)
{
    char operation[64];

    (void)snprintf(operation, sizeof operation, "%s%s%s", verb, kind->word, noun);
    add_call(calls, "iam", operation, input);
}

static void change_inline(const struct why_kind *kind, const char *entity, const char *policy,
                          const char *document, struct json *calls)
{
    add_entity_call(calls, document ? "Put" : "Delete", kind, "Policy",
                    json_of(kind->parameter, entity, "PolicyName", policy, document ? "PolicyDocument" : NULL,
                            document, NULL));
}

static void new_version(const struct why_paper *p, const char *document, struct json *calls)
{
    struct json *in = json_of("PolicyArn", p->policy, "PolicyDocument", document, NULL);

    json_put_bool(in, "SetAsDefault", true);
    add_call(calls, "iam", "CreatePolicyVersion", in);
}

static void change_managed(const struct why_paper *p, const char *document, struct json *calls)
{
    if (document)
        new_version(p, document, calls);
    else
        add_entity_call(calls, "Detach", p->kind, "Policy",
                        json_of(p->kind->parameter, p->entity, "PolicyArn", p->policy, NULL));
}

/** One of AWS's own cannot be edited: a copy takes its place. */
static void change_boundary(const struct why *w, const struct why_paper *p, const char *document,
                            struct json *calls)
{
    if (!document) {
        add_entity_call(calls, "Delete", p->kind, "PermissionsBoundary",
                        json_of(p->kind->parameter, p->entity, NULL));
        return;
    }
    if (!p->fixed) {
        new_version(p, document, calls);
        return;
    }
    CLEANUP(mem_freep) char *name = mem_printf("%s-for-%s", last_part(p->policy), p->entity);
    CLEANUP(mem_freep)
    char *arn = mem_printf("arn:%s:iam::%s:policy/%s", w->session->partition, w->session->account, name);
    add_call(calls, "iam", "CreatePolicy", json_of("PolicyName", name, "PolicyDocument", document, NULL));
    add_entity_call(calls, "Put", p->kind, "PermissionsBoundary",
                    json_of(p->kind->parameter, p->entity, "PermissionsBoundary", arn, NULL));
}

/** The session has to be asked for anew. */
static void change_session(const struct why *w, const char *document, struct json *calls)
{
    add_call(calls, "sts", "AssumeRole",
             json_of("RoleArn", w->principal_arn, "RoleSessionName", w->session_name,
                     document ? "Policy" : NULL, document, NULL));
}

static void change_secret(const struct why *w, const char *document, struct json *calls)
{
    add_call(calls, "secretsmanager", document ? "PutResourcePolicy" : "DeleteResourcePolicy",
             json_of("SecretId", w->resource, document ? "ResourcePolicy" : NULL, document, NULL));
}

static void change_trust(const struct why *w, const char *document, struct json *calls)
{
    add_call(calls, "iam", "UpdateAssumeRolePolicy",
             json_of("RoleName", w->resource_name, "PolicyDocument", document, NULL));
}

static bool is_taken(const struct why *w, const char *policy)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->papers[i].place == PLACE_INLINE && strcmp(w->papers[i].policy, policy) == 0)
            return true;
    return false;
}

/** Named after the Sid of what was added; no inline policy is called so yet. */
static void add_inline(const struct why *w, const struct policy_change *change, const char *document,
                       struct json *calls)
{
    const char *sid = json_text(json_path(change->document, "Statement.0.Sid"));
    CLEANUP(mem_freep) char *name = mem_dup(sid);

    for (unsigned number = 2; is_taken(w, name); number++) {
        mem_free(name);
        name = mem_printf("%s%u", sid, number);
    }
    if (w->kind)
        change_inline(w->kind, w->name, name, document, calls);
}

static void change_new(const struct why *w, const struct policy_change *change, const char *document,
                       struct json *calls)
{
    switch (change->side) {
    case SIDE_SESSION:
        change_session(w, document, calls);
        return;
    case SIDE_RESOURCE:
        if (strncmp(w->action, "secretsmanager:", 15) == 0)
            change_secret(w, document, calls);
        return;
    case SIDE_IDENTITY:
        add_inline(w, change, document, calls);
        return;
    case SIDE_BOUNDARY:
    case SIDE_NONE:
        return;
    }
}

struct json *why_calls(const struct why *w, const struct policy_change *change)
{
    struct json *calls = json_array();
    CLEANUP(buf_release) struct buf text = {0};
    const char *document = NULL;
    const struct why_paper *p;

    if (change->document) {
        json_write(change->document, &text);
        document = buf_text(&text);
    }
    if (change->paper >= w->count) {
        change_new(w, change, document, calls);
        return calls;
    }
    p = &w->papers[change->paper];
    switch (p->place) {
    case PLACE_INLINE:
        change_inline(p->kind, p->entity, p->policy, document, calls);
        break;
    case PLACE_MANAGED:
        change_managed(p, document, calls);
        break;
    case PLACE_BOUNDARY:
        change_boundary(w, p, document, calls);
        break;
    case PLACE_SESSION:
        change_session(w, document, calls);
        break;
    case PLACE_SECRET:
        change_secret(w, document, calls);
        break;
    case PLACE_TRUST:
        change_trust(w, document, calls);
        break;
    }
    return calls;
}
