#include "steps/kinds/leftovers.h"

#include "aws/common/clock.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "steps/kinds/leftovers_search.h"
#include "steps/kinds/look.h"
#include "steps/kinds/tagged.h"
#include "steps/engine/kind.h"

#include <string.h>

enum { PATIENCE_MS = 60000, AGAIN_MS = 1000 };

void search_add(struct search *s, const char *what, const char *name, const char *state, const char *detail)
{
    json_push(s->found, json_of("what", what, "name", name, "state", state, "detail", detail, NULL));
}

void search_add_absent(struct search *s, size_t count, const char *what, const char *name)
{
    if (json_count(s->found) == count)
        search_add(s, what, name, "absent", NULL);
}

bool search_read(struct search *s, const char *service, const char *operation, struct json *in,
                 const char *absent_code, struct json **out, struct error *err)
{
    bool ok = aws_call_all(s->request->client, service, operation, in, out, err);

    json_free(in);
    return ok || (absent_code && error_is(err, absent_code));
}

/* --- by name --- */

/* One call says whether it is there. */
static bool look(struct search *s, const char *what, const char *name, const char *service,
                 const char *operation, struct json *in, const char *absent_code, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!search_read(s, service, operation, in, absent_code, &out, err))
        return false;
    search_add(s, what, name, out ? "left" : "absent", NULL);
    return true;
}

static bool search_role(struct search *s, const struct json *with, struct error *err)
{
    const char *name = json_get_text(with, "name");
    return look(s, "role", name, "iam", "GetRole", json_of("RoleName", name, NULL), "NoSuchEntity", err);
}

/* The default version is the policy itself; the others stand in its way. */
static bool search_policy(struct search *s, const struct json *with, struct error *err)
{
    const char *name = json_get_text(with, "name");
    CLEANUP(mem_freep)
    char *arn = mem_printf("arn:%s:iam::%s:policy/%s", s->request->partition, s->request->account, name);
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look(s, "policy", name, "iam", "GetPolicy", json_of("PolicyArn", arn, NULL), "NoSuchEntity", err) ||
        !search_read(s, "iam", "ListPolicyVersions", json_of("PolicyArn", arn, NULL), "NoSuchEntity", &out,
                     err))
        return false;
    size_t count = json_count(s->found);
    const struct json *versions = json_get(out, "Versions");
    for (const struct json *v = json_first(versions); v; v = json_next(v)) {
        CLEANUP(mem_freep) char *version = mem_printf("%s %s", name, json_get_text(v, "VersionId"));
        search_add(s, "policy version", version, "left", NULL);
    }
    search_add_absent(s, count, "policy version", name);
    return true;
}

static bool search_profile(struct search *s, const struct json *with, struct error *err)
{
    const char *name = json_get_text(with, "name");
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look(s, "instance profile", name, "iam", "GetInstanceProfile",
              json_of("InstanceProfileName", name, NULL), "NoSuchEntity", err) ||
        !search_read(s, "ec2", "DescribeIamInstanceProfileAssociations", json_object(), NULL, &out, err))
        return false;
    /* EC2 keeps an association whose profile is deleted. */
    size_t count = json_count(s->found);
    const struct json *list = json_get(out, "IamInstanceProfileAssociations");
    for (const struct json *a = json_first(list); a; a = json_next(a)) {
        const char *arn = json_text(json_path(a, "IamInstanceProfile.Arn"));
        if (strcmp(arn_name(arn), name) != 0 || strcmp(json_get_text(a, "State"), "disassociated") == 0)
            continue;
        search_add(s, "association", json_get_text(a, "AssociationId"), "left",
                   json_get_text(a, "InstanceId"));
    }
    search_add_absent(s, count, "association", name);
    return true;
}

static bool search_secret(struct search *s, const struct json *with, struct error *err)
{
    const char *name = json_get_text(with, "name");
    CLEANUP(json_freep) struct json *out = NULL;

    if (!search_read(s, "secretsmanager", "DescribeSecret", json_of("SecretId", name, NULL),
                     "ResourceNotFoundException", &out, err))
        return false;
    if (!json_get(out, "DeletedDate"))
        search_add(s, "secret", name, out ? "left" : "absent", NULL);
    else if (s->request->purged)
        search_add(s, "secret", name, "left", "scheduled for deletion, not purged");
    else
        search_add(s, "secret", name, "scheduled", "in its recovery window; --purge deletes it at once");
    return true;
}

/* A cluster leaves nothing; others refer to its endpoint. */
static bool read_cluster(struct search *s, const struct json *with, struct json *outputs, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!search_read(s, "rds", "DescribeDBClusters",
                     json_of("DBClusterIdentifier", json_get_text(with, "identifier"), NULL),
                     "DBClusterNotFoundFault", &out, err))
        return false;
    const struct json *cluster = json_path(out, "DBClusters.0");
    if (cluster) {
        json_put_text(outputs, "endpoint", json_get_text(cluster, "Endpoint"));
        json_put_int(outputs, "port", json_int(json_get(cluster, "Port"), 3306));
    }
    return true;
}

static const struct {
    const char *kind;
    const char *what; /* in words, when it cannot be looked at */
    bool (*look)(struct search *s, const struct json *with, struct error *err);
} looks[] = {
    {"iam.role", "role", search_role},
    {"iam.policy", "policy", search_policy},
    {"iam.instance_profile", "instance profile", search_profile},
    {"secretsmanager.secret", "secret", search_secret},
    {"secretsmanager.rotation", "stack", search_rotation},
    {"mysql.user", "database user", search_user},
};

/* Whether it is worth another look; waits until then. */
static bool look_again(const struct error *err, int64_t until_ms)
{
    if (!step_may_pass(err) || clock_monotonic_ms(&clock_system) >= until_ms)
        return false;
    log_info("look again in a moment: %s", err->message);
    (void)clock_wait(AGAIN_MS, -1);
    return true;
}

/* Waits out trouble of AWS's own and of the database. What a look found before it
 * failed is found again by the next. */
static bool look_patiently(struct search *s,
                           bool (*find)(struct search *, const struct json *, struct error *),
                           const struct json *with, struct error *err)
{
    const int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
    struct json *before = s->found;

    bool ok;

    s->found = json_array();
    while (!(ok = find(s, with, err)) && look_again(err, until_ms)) {
        json_free(s->found);
        s->found = json_array();
    }
    for (const struct json *row = json_first(s->found); row; row = json_next(row))
        json_push(before, json_copy(row));
    json_free(s->found);
    s->found = before;
    return ok;
}

/* One that cannot be looked at does not hide the others. */
static void look_for(struct search *s, const struct plan_step *step, const struct json *with)
{
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        const char *name = json_get_text(with, *json_get_text(with, "name") ? "name" : "stack");
        if (strcmp(step->kind->name, looks[i].kind) == 0 && !look_patiently(s, looks[i].look, with, &err))
            search_add(s, looks[i].what, *name ? name : step->id, "unknown", err.message);
    }
}

static const struct json *outputs_of(void *self, const char *step_id)
{
    const struct search *s = self;
    return json_get(s->outputs, step_id);
}

static void look_by_name(struct search *s)
{
    const struct leftovers_request *r = s->request;
    const struct plan_scope scope = {.outputs = outputs_of,
                                     .self = s,
                                     .account = r->account,
                                     .region = r->region,
                                     .partition = r->partition,
                                     .learner = r->learner};

    for (size_t i = 0; i < r->plan->step_count; i++) {
        const struct plan_step *step = &r->plan->steps[r->plan->order[i]];
        CLEANUP(json_freep) struct json *with = NULL;
        struct error err;

        if (step->undoes)
            continue;
        if (!plan_resolve(r->plan, step, &scope, true, &with, &err)) {
            search_add(s, "step", step->id, "unknown", err.message);
            continue;
        }
        struct json *outputs = json_put(s->outputs, step->id, json_copy(with));
        if (strcmp(step->kind->name, "rds.cluster") == 0 && !read_cluster(s, with, outputs, &err))
            search_add(s, "cluster", json_get_text(with, "identifier"), "unknown", err.message);
        look_for(s, step, with);
    }
}

/* --- by tag --- */

static bool named(const struct search *s, const struct json *item)
{
    for (const struct json *f = json_first(s->found); f; f = json_next(f)) {
        if (strcmp(json_get_text(f, "name"), json_get_text(item, "name")) == 0 &&
            strcmp(json_get_text(f, "what"), json_get_text(item, "what")) == 0)
            return true;
    }
    return false;
}

/* What a plan of before has made under other names. */
static void look_by_tag(struct search *s)
{
    CLEANUP(json_freep) struct json *items = NULL;
    CLEANUP(mem_freep) char *what = mem_printf("tagged lab:name=%s", s->request->plan->lab);
    struct error err;

    const int64_t until_ms = clock_monotonic_ms(&clock_system) + PATIENCE_MS;
    bool found;

    while (!(found = tagged_find(s->request->client, &items, &err)) && look_again(&err, until_ms))
        ;
    if (!found) {
        search_add(s, "anything", what, "unknown", err.message);
        return;
    }
    size_t count = json_count(s->found);
    for (const struct json *i = json_first(items); i; i = json_next(i)) {
        const char *state = json_get_text(i, "state");
        if (strcmp(json_get_text(i, "lab"), s->request->plan->lab) != 0 ||
            strcmp(json_get_text(i, "learner"), s->request->learner) != 0 || named(s, i))
            continue;
        search_add(s, json_get_text(i, "what"), json_get_text(i, "name"), s->request->purged ? "left" : state,
                   "found by its tags");
    }
    search_add_absent(s, count, "anything else", what);
}

bool leftovers_find(const struct leftovers_request *request, struct json **out, struct error *err)
{
    struct search s = {.request = request, .outputs = json_object(), .found = json_array()};

    look_by_name(&s);
    look_by_tag(&s);
    json_free(s.outputs);
    json_free(s.stacks);
    *out = s.found;
    return json_count(s.found) > 0 || error_set(err, ERR_FAILED, "the plan leaves nothing to look for");
}
