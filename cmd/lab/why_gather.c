/* Every document that bears on a principal, read from IAM. */
#include "aws/common/mem.h"
#include "cmd/lab/why.h"

#include <stdio.h>
#include <string.h>

void why_add(struct why *w, enum why_place place, const struct why_kind *kind, const char *entity,
             const char *policy, struct json *document)
{
    mem_grow(&w->papers, &w->cap, w->count, sizeof *w->papers);
    w->papers[w->count++] = (struct why_paper){.place = place,
                                               .kind = kind,
                                               .entity = mem_dup(entity),
                                               .policy = mem_dup(policy),
                                               .document = document};
}

static bool add_text(struct why *w, enum why_place place, const struct why_kind *kind, const char *entity,
                     const char *policy, struct str text, struct error *err)
{
    struct json *document = NULL;

    if (!json_parse(text, &(struct json_limits){.unique_keys = true}, &document, err))
        return error_wrap(err, "read policy %s", policy);
    why_add(w, place, kind, entity, policy, document);
    return true;
}

/** "List", "Role", "Policies": the operations of the three kinds have one shape. */
static bool call(struct why *w, const char *verb, const char *word, const char *noun, struct json *in,
                 struct json **out, struct error *err)
{
    CLEANUP(json_freep) struct json *owned = in;
    char operation[64];

    (void)snprintf(operation, sizeof operation, "%s%s%s", verb, word, noun);
    return aws_call_all(w->client, "iam", operation, owned, out, err);
}

static bool add_managed(struct why *w, enum why_place place, const struct why_kind *kind, const char *entity,
                        const char *arn, struct error *err)
{
    CLEANUP(json_freep) struct json *policy = NULL;
    CLEANUP(json_freep) struct json *version = NULL;
    const struct json *p;

    if (!call(w, "Get", "Policy", "", json_of("PolicyArn", arn, NULL), &policy, err))
        return false;
    p = json_get(policy, "Policy");
    if (!call(w, "Get", "Policy", "Version",
              json_of("PolicyArn", arn, "VersionId", json_get_text(p, "DefaultVersionId"), NULL), &version,
              err) ||
        !add_text(w, place, kind, entity, arn, json_str(json_path(version, "PolicyVersion.Document")), err))
        return false;
    w->papers[w->count - 1].fixed = strstr(arn, ":iam::aws:") != NULL;
    w->papers[w->count - 1].shared = json_int(json_get(p, "AttachmentCount"), 0) > 1;
    return true;
}

static bool add_inline(struct why *w, const struct why_kind *kind, const char *entity, const char *policy,
                       struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    return call(w, "Get", kind->word, "Policy", json_of(kind->parameter, entity, "PolicyName", policy, NULL),
                &out, err) &&
           add_text(w, PLACE_INLINE, kind, entity, policy, json_str(json_get(out, "PolicyDocument")), err);
}

/** What a user, role or group holds itself. */
static bool add_entity(struct why *w, const struct why_kind *kind, const char *entity, struct error *err)
{
    CLEANUP(json_freep) struct json *names = NULL;
    CLEANUP(json_freep) struct json *attached = NULL;
    size_t first = w->count;

    if (!call(w, "List", kind->word, "Policies", json_of(kind->parameter, entity, NULL), &names, err) ||
        !call(w, "ListAttached", kind->word, "Policies", json_of(kind->parameter, entity, NULL), &attached,
              err))
        return false;
    for (const struct json *n = json_first(json_get(names, "PolicyNames")); n; n = json_next(n))
        if (!add_inline(w, kind, entity, json_text(n), err))
            return false;
    for (const struct json *a = json_first(json_get(attached, "AttachedPolicies")); a; a = json_next(a))
        if (!add_managed(w, PLACE_MANAGED, kind, entity, json_get_text(a, "PolicyArn"), err))
            return false;
    for (size_t i = first; i < w->count; i++)
        w->papers[i].shared = w->papers[i].shared || kind == &why_group;
    return true;
}

static bool add_groups(struct why *w, struct error *err)
{
    CLEANUP(json_freep) struct json *groups = NULL;

    if (!call(w, "List", "GroupsFor", "User", json_of("UserName", w->name, NULL), &groups, err))
        return false;
    for (const struct json *g = json_first(json_get(groups, "Groups")); g; g = json_next(g))
        if (!add_entity(w, &why_group, json_get_text(g, "GroupName"), err))
            return false;
    return true;
}

/* --- the session --- */

/** The policies AssumeRole was given: only the trail has kept them. */
static bool add_given(struct why *w, const struct json *parameters, struct error *err)
{
    const char *policy = json_get_text(parameters, "policy");

    if (*policy && !add_text(w, PLACE_SESSION, &why_role, w->session_name, "", str_of(policy), err))
        return false;
    for (const struct json *e = json_first(json_get(parameters, "policyArns")); e; e = json_next(e)) {
        if (!add_managed(w, PLACE_SESSION, &why_role, w->session_name, json_get_text(e, "arn"), err))
            return false;
        w->papers[w->count - 1].shared = true;
    }
    return true;
}

static bool add_session(struct why *w, struct error *err)
{
    CLEANUP(json_freep) struct json *parameters = NULL;

    return why_session(w, &parameters, err) && add_given(w, parameters, err);
}

bool why_gather(struct why *w, struct error *err)
{
    const char *boundary = json_text(json_path(w->entity, "PermissionsBoundary.PermissionsBoundaryArn"));

    if (!w->kind)
        return true;
    return (add_entity(w, w->kind, w->name, err) && (w->kind != &why_user || add_groups(w, err)) &&
            (!*boundary || add_managed(w, PLACE_BOUNDARY, w->kind, w->name, boundary, err)) &&
            add_session(w, err)) ||
           error_wrap(err, "read the policies of %s", w->name);
}

void why_release(struct why *w)
{
    for (size_t i = 0; i < w->count; i++) {
        mem_free(w->papers[i].entity);
        mem_free(w->papers[i].policy);
        json_free(w->papers[i].document);
    }
    mem_free(w->papers);
    mem_free(w->principal);
    mem_free(w->principal_arn);
    mem_free(w->action);
    mem_free(w->resource);
    json_free(w->context);
    mem_free(w->name);
    mem_free(w->session_name);
    json_free(w->entity);
    mem_free(w->resource_name);
    aws_client_free(w->client);
    *w = (struct why){0};
}
