#include "steps/kinds/reach.h"

#include "aws/common/mem.h"
#include "aws/policy/policy.h"
#include "steps/kinds/look.h"

#include <string.h>

#define READ "secretsmanager:GetSecretValue"

/* What a reader has no need of. */
static const char *const changes[] = {
    "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret",
    "secretsmanager:DeleteSecret",   "secretsmanager:PutResourcePolicy",
    "secretsmanager:RotateSecret",   "secretsmanager:UpdateSecretVersionStage",
};

enum { OTHERS_MAX = 20 };

void reach_release(struct reach *r)
{
    json_free(r->actions);
    json_free(r->resources);
    json_free(r->wanted);
    json_free(r->answers);
    *r = (struct reach){0};
}

/* --- what is asked about --- */

/* A name that a pattern matches. */
static char *example_of(const char *pattern)
{
    char *name = mem_dup(pattern);

    for (char *c = name; *c; c++)
        *c = *c == '?' || *c == '*' ? 'a' : *c;
    return name;
}

/* An existing secret stands for the pattern that matches it; else an example does. */
static void add_named(struct reach *r, const struct json *resource, const struct json *secrets)
{
    const char *text = json_text(resource);
    CLEANUP(mem_freep) char *example = example_of(text);

    if (strcmp(example, text) != 0) {
        for (const struct json *s = json_first(secrets); s; s = json_next(s)) {
            if (policy_arn_like(str_of(text), json_str(json_get(s, "ARN")))) {
                json_push(r->resources, json_copy(json_get(s, "ARN")));
                return;
            }
        }
    }
    json_push(r->resources, json_text_new(example));
}

/* An element that may be one or a list of them. */
static const struct json *first_of(const struct json *one_or_list)
{
    return json_is_array(one_or_list) ? json_first(one_or_list) : one_or_list;
}

static const struct json *next_of(const struct json *one_or_list, const struct json *element)
{
    return json_is_array(one_or_list) ? json_next(element) : NULL;
}

/* *absent: a resource is not known before it is there. */
static void add_all_named(struct reach *r, const struct json *document, const struct json *secrets,
                          bool *absent)
{
    const struct json *statements = json_get(document, "Statement");

    *absent = false;
    for (const struct json *s = first_of(statements); s; s = next_of(statements, s)) {
        const struct json *resources = json_get(s, "Resource");

        for (const struct json *e = first_of(resources); e; e = next_of(resources, e)) {
            if (*json_text(e) == '\0')
                *absent = true;
            else if (str_starts(json_str(e), STR("arn:")))
                add_named(r, e, secrets);
        }
    }
    r->named = json_count(r->resources);
}

/* Secrets that a wide pattern would reach: those of the account, and names that
 * begin like the target's ("secret_Demouser*" and "secret_Demouser-*"). */
static void add_others(struct reach *r, const struct json *secrets)
{
    static const char *const ends[] = {"2-AbCdEf", "-2-AbCdEf"};
    size_t end = strlen("-AbCdEf"), length = strlen(r->target);
    int stem = (int)(length > end ? length - end : 0);

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        CLEANUP(mem_freep) char *near = mem_printf("%.*s%s", stem, r->target, ends[i]);
        json_push(r->resources, json_text_new(near));
    }
    for (const struct json *s = json_first(secrets); s && json_count(r->resources) < OTHERS_MAX;
         s = json_next(s)) {
        if (strcmp(json_get_text(s, "ARN"), r->target) != 0)
            json_push(r->resources, json_copy(json_get(s, "ARN")));
    }
}

static void put_answer(struct reach *r, const char *action, const char *resource, const char *decision)
{
    CLEANUP(mem_freep) char *key = mem_printf("%s %s", action, resource);

    json_put_text(r->answers, key, decision);
}

static const char *answer(const struct json *answers, const char *action, const char *resource)
{
    CLEANUP(mem_freep) char *key = mem_printf("%s %s", action, resource);

    return json_get_text(answers, key);
}

static bool allows(const struct json *answers, const char *action, const char *resource)
{
    return strcmp(answer(answers, action, resource), "allowed") == 0;
}

/* --- one document --- */

static const char *const decision_words[] = {[POLICY_ALLOWED] = "allowed",
                                             [POLICY_EXPLICITLY_DENIED] = "explicitDeny",
                                             [POLICY_IMPLICITLY_DENIED] = "implicitDeny"};

/* Puts each action and resource to one set. A resource's own policy (the
 * target's, which is the first) adds to what the identity may, or denies it. */
static void decide_all(struct reach *r, struct checking *k, const char *principal,
                       const struct policy_set *set, bool adds)
{
    CLEANUP(json_freep) struct json *context = json_of("aws:SecureTransport", "true", NULL);

    for (const struct json *a = json_first(r->actions); a; a = json_next(a)) {
        for (const struct json *o = json_first(r->resources); o; o = adds ? NULL : json_next(o)) {
            const struct policy_request request = {.principal = str_of(principal),
                                                   .action = json_str(a),
                                                   .resource = json_str(o),
                                                   .resource_account = str_of(step_account(k->step)),
                                                   .context = context};
            struct policy_result result = {0};

            policy_decide(&request, set, &result);
            if (adds && result.decision == POLICY_IMPLICITLY_DENIED)
                continue;
            if (adds && strcmp(answer(r->answers, json_text(a), json_text(o)), "explicitDeny") == 0)
                continue;
            put_answer(r, json_text(a), json_text(o), decision_words[result.decision]);
        }
    }
}

void reach_of_document(struct reach *r, struct checking *k, struct str document)
{
    CLEANUP(policy_freep) struct policy *policy = NULL;
    CLEANUP(mem_freep)
    char *principal = mem_printf("arn:%s:sts::%s:assumed-role/reader/session", step_partition(k->step),
                                 step_account(k->step));
    struct error ignored;

    json_free(r->answers);
    r->answers = json_object();
    if (!policy_parse(document, POLICY_IDENTITY, &policy, &ignored))
        return;
    const struct policy *const identity[] = {policy};
    decide_all(r, k, principal, &(struct policy_set){.identity = identity, .identity_count = 1}, false);
}

bool reach_begin(struct reach *r, struct checking *k, const struct json *document,
                 enum reach_subject *subject, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(mem_freep) char *text = document ? document_text(document) : mem_dup("");
    bool absent;

    *r = (struct reach){.target = "",
                        .actions = json_array(),
                        .resources = json_array(),
                        .wanted = json_object(),
                        .answers = json_object()};
    json_push(r->actions, json_text_new(READ));
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        json_push(r->actions, json_text_new(changes[i]));
    if (!look_up_all(k->step, "secretsmanager", "ListSecrets", json_object(), NULL, &out, err))
        return false;
    add_all_named(r, document, json_get(out, "SecretList"), &absent);
    reach_of_document(r, k, str_of(text));
    for (const struct json *o = json_first(r->resources); o && !*r->target; o = json_next(o)) {
        if (allows(r->answers, READ, json_text(o)))
            r->target = json_text(o);
    }
    *subject = absent ? REACH_ABSENT : *r->target ? REACH_SECRET : REACH_OTHER;
    if (*subject != REACH_SECRET)
        return true;
    add_others(r, json_get(out, "SecretList"));
    reach_of_document(r, k, str_of(text));
    json_free(r->wanted);
    r->wanted = r->answers;
    r->answers = json_object();
    return true;
}

/* --- a role --- */

static void take_result(struct reach *r, const struct json *result)
{
    const char *action = json_get_text(result, "EvalActionName");
    const struct json *specific = json_get(result, "ResourceSpecificResults");

    put_answer(r, action, json_get_text(result, "EvalResourceName"), json_get_text(result, "EvalDecision"));
    for (const struct json *s = json_first(specific); s; s = json_next(s))
        put_answer(r, action, json_get_text(s, "EvalResourceName"), json_get_text(s, "EvalResourceDecision"));
}

/* The simulator does not take a resource's policy for a role. */
static bool add_resource_policy(struct reach *r, struct checking *k, const char *role_arn, struct error *err)
{
    CLEANUP(json_freep) struct json *reply = NULL;
    CLEANUP(policy_freep) struct policy *policy = NULL;
    struct error ignored;

    if (!look_up(k->step, "secretsmanager", "GetResourcePolicy", json_of("SecretId", r->target, NULL),
                 "ResourceNotFoundException", &reply, err))
        return false;
    if (!*json_get_text(reply, "ResourcePolicy") ||
        !policy_parse(json_str(json_get(reply, "ResourcePolicy")), POLICY_RESOURCE, &policy, &ignored))
        return true;
    CLEANUP(mem_freep)
    char *principal = mem_printf("arn:%s:sts::%s:assumed-role/%s/session", step_partition(k->step),
                                 step_account(k->step), arn_name(role_arn));
    decide_all(r, k, principal, &(struct policy_set){.resource = policy}, true);
    return true;
}

bool reach_of_role(struct reach *r, struct checking *k, const char *role_arn, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;
    struct json *in = json_of("PolicySourceArn", role_arn, NULL);

    json_put(in, "ActionNames", json_copy(r->actions));
    json_put(in, "ResourceArns", json_copy(r->resources));
    if (!look_up_all(k->step, "iam", "SimulatePrincipalPolicy", in, NULL, &out, err))
        return false;
    const struct json *results = json_get(out, "EvaluationResults");
    for (const struct json *e = json_first(results); e; e = json_next(e))
        take_result(r, e);
    return add_resource_policy(r, k, role_arn, err);
}

/* --- what it means --- */

const char *reach_judge(const struct reach *r, const char **what)
{
    const struct json *o = json_first(r->resources);

    for (const struct json *e = o; e; e = json_next(e)) {
        *what = json_text(e);
        if (allows(r->answers, READ, *what) && !allows(r->wanted, READ, *what))
            return "reads-others";
    }
    for (size_t i = 0; i < r->named; i++, o = json_next(o)) {
        *what = json_text(o);
        if (allows(r->wanted, READ, *what) && !allows(r->answers, READ, *what))
            return strcmp(answer(r->answers, READ, *what), "explicitDeny") == 0 ? "read-denied"
                                                                                : "read-not-allowed";
    }
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        *what = changes[i];
        if (allows(r->answers, *what, r->target) && !allows(r->wanted, *what, r->target))
            return "changes-secret";
    }
    return NULL;
}
