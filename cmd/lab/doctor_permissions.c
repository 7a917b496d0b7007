/* Whether the caller may do what the plan asks for: SimulatePrincipalPolicy
 * decides without doing anything. */
#include "aws/common/mem.h"
#include "cmd/lab/doctor.h"

#include <string.h>

static void join(struct json *list, const struct json *more)
{
    for (const struct json *m = json_first(more); m; m = json_next(m)) {
        const struct json *e = json_first(list);
        while (e && !json_equal(e, m))
            e = json_next(e);
        if (!e)
            json_push(list, json_copy(m));
    }
}

/* [{"actions", "resource", "key", "value"}]: one call each. */
static void add_question(struct json *questions, const struct json *actions, const struct json *resource,
                         const char *key, const char *value)
{
    for (size_t i = 0; i < json_count(questions); i++) {
        struct json *q = json_edit_at(questions, i);
        if (json_equal(json_get(q, "resource"), resource) && strcmp(json_get_text(q, "key"), key) == 0 &&
            strcmp(json_get_text(q, "value"), value) == 0) {
            join(json_edit(q, "actions"), actions);
            return;
        }
    }
    struct json *q = json_push(questions, json_of("key", key, "value", value, NULL));
    json_put(q, "resource", json_copy(resource));
    json_put(q, "actions", json_copy(actions));
}

static struct json *questions_of(const struct json *permissions)
{
    struct json *questions = json_array();

    for (const struct json *p = json_first(permissions); p; p = json_next(p)) {
        const struct json *test = json_first(json_first(json_get(p, "condition")));
        const struct json *resources = json_get(p, "resources");
        for (const struct json *r = json_first(resources); r; r = json_next(r)) {
            if (!test)
                add_question(questions, json_get(p, "actions"), r, "", "");
            for (const struct json *v = json_first(test); v; v = json_next(v))
                add_question(questions, json_get(p, "actions"), r, json_key(test), json_text(v));
        }
    }
    return questions;
}

/* The user or role whose policies are asked about. An assumed role's ARN does
 * not show the role's path: GetRole does. */
static char *principal_of(const struct doctor *d)
{
    const struct session *s = &d->session;
    const char *at = strstr(s->arn, ":assumed-role/");
    CLEANUP(json_freep) struct json *in = NULL;
    CLEANUP(json_freep) struct json *out = NULL;
    struct error ignored;

    if (!at)
        return mem_dup(s->arn);
    at += strlen(":assumed-role/");
    CLEANUP(mem_freep) char *role = mem_copy((struct str){at, strcspn(at, "/")});
    in = json_of("RoleName", role, NULL);
    if (aws_call(d->client, "iam", "GetRole", in, &out, &ignored))
        return mem_dup(json_text(json_path(out, "Role.Arn")));
    return mem_printf("arn:%s:iam::%s:role/%s", s->partition, s->account, role);
}

static bool ask(struct doctor *d, const char *principal, const struct json *question, struct json **out,
                struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_of("PolicySourceArn", principal, NULL);
    const char *key = json_get_text(question, "key");

    json_put(in, "ActionNames", json_copy(json_get(question, "actions")));
    json_push(json_put(in, "ResourceArns", json_array()), json_copy(json_get(question, "resource")));
    if (*key) {
        struct json *entry = json_push(json_put(in, "ContextEntries", json_array()),
                                       json_of("ContextKeyName", key, "ContextKeyType", "string", NULL));
        json_push(json_put(entry, "ContextKeyValues", json_array()), json_copy(json_get(question, "value")));
    }
    return aws_call_all(d->client, "iam", "SimulatePrincipalPolicy", in, out, err);
}

bool doctor_simulate(struct doctor *d, const char *principal, const char *action, const char *resource,
                     const char *key, const char *value, bool *allowed, struct error *err)
{
    CLEANUP(json_freep)
    struct json *question = json_of("key", key, "value", value, "resource", resource, NULL);
    CLEANUP(json_freep) struct json *out = NULL;

    *allowed = false;
    json_push(json_put(question, "actions", json_array()), json_text_new(action));
    if (!ask(d, principal, question, &out, err))
        return false;
    *allowed = strcmp(json_text(json_path(out, "EvaluationResults.0.EvalDecision")), "allowed") == 0;
    return true;
}

/* One line for a resource: what is denied on it. Counts what is allowed. */
static void judge(struct doctor *d, const struct json *question, const struct json *out, size_t *allowed)
{
    const struct json *results = json_get(out, "EvaluationResults");
    CLEANUP(buf_release) struct buf missing = {0};
    bool explicitly = false;

    for (const struct json *r = json_first(results); r; r = json_next(r)) {
        const char *decision = json_get_text(r, "EvalDecision");
        if (strcmp(decision, "allowed") == 0) {
            ++*allowed;
            continue;
        }
        explicitly = explicitly || strcmp(decision, "explicitDeny") == 0;
        buf_printf(&missing, "%s%s", missing.len ? ", " : "", json_get_text(r, "EvalActionName"));
    }
    if (missing.len == 0)
        return;
    const char *key = json_get_text(question, "key");
    doctor_say(d, "permission", DOCTOR_FAIL,
               explicitly ? "a policy denies it: whoever runs the account has to say otherwise"
                          : "`lab policy`, run by somebody who may, prints a policy that grants it",
               "missing %s on %s%s%s%s%s", buf_text(&missing), json_get_text(question, "resource"),
               *key ? " with " : "", key, *key ? " " : "", json_get_text(question, "value"));
}

void doctor_permissions(struct doctor *d)
{
    CLEANUP(json_freep) struct json *questions = questions_of(d->permissions);
    CLEANUP(mem_freep) char *principal = principal_of(d);
    size_t allowed = 0, before = d->failed;

    if (str_ends(str_of(principal), STR(":root"))) {
        doctor_say(d, "permissions", DOCTOR_PASS, "", "the account's root needs none");
        return;
    }
    for (const struct json *q = json_first(questions); q; q = json_next(q)) {
        CLEANUP(json_freep) struct json *out = NULL;
        struct error why;
        if (!ask(d, principal, q, &out, &why)) {
            doctor_say(d, "permissions", DOCTOR_CANNOT_TELL,
                       "grant iam:SimulatePrincipalPolicy, or compare with what `lab policy` prints", "%s",
                       why.message);
            return;
        }
        judge(d, q, out, &allowed);
    }
    if (d->failed == before)
        doctor_say(d, "permissions", DOCTOR_PASS, "", "all %zu that the plan needs are granted", allowed);
}
