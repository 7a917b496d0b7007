/* Whether the names of the plan are free: what is there and not ours stands in
 * the way of up. */
#include "aws/common/mem.h"
#include "cmd/lab/doctor.h"

#include <stdio.h>
#include <string.h>

static const struct name_row {
    const char *kind, *argument, *what;
    const char *service, *operation, *member;
    const char *arn; /* put in front of the name behind "arn:…:iam::ACCOUNT:"; NULL: the name itself */
    const char *absent_code;
    const char *tags; /* path in the reply; NULL: it carries none of ours */
} rows[] = {
    {"iam.policy", "name", "policy", "iam", "GetPolicy", "PolicyArn", "policy/", "NoSuchEntity",
     "Policy.Tags"},
    {"iam.role", "name", "role", "iam", "GetRole", "RoleName", NULL, "NoSuchEntity", "Role.Tags"},
    {"iam.instance_profile", "name", "instance profile", "iam", "GetInstanceProfile", "InstanceProfileName",
     NULL, "NoSuchEntity", "InstanceProfile.Tags"},
    {"secretsmanager.secret", "name", "secret", "secretsmanager", "DescribeSecret", "SecretId", NULL,
     "ResourceNotFoundException", "Tags"},
    {"secretsmanager.rotation", "stack", "stack", "cloudformation", "DescribeStacks", "StackName", NULL,
     "ValidationError", "Stacks.0.Tags"},
    /* Made by the stack: left over when there is none. */
    {"secretsmanager.rotation", "function", "function", "lambda", "GetFunction", "FunctionName", NULL,
     "ResourceNotFoundException", NULL},
};

struct names {
    size_t free, ours;
    bool has_stack;
};

static bool has_tag(const struct json *tags, const char *key, const char *value)
{
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        if (strcmp(json_get_text(t, "Key"), key) == 0)
            return strcmp(json_get_text(t, "Value"), value) == 0;
    }
    return false;
}

static bool is_ours(const struct doctor *d, const struct name_row *row, const struct json *out,
                    const struct names *n)
{
    const struct session *s = &d->session;
    const struct json *tags = row->tags ? json_path(out, row->tags) : NULL;

    if (!row->tags)
        return n->has_stack;
    return has_tag(tags, "lab:name", s->plan.lab) && has_tag(tags, "lab:learner", s->options->learner);
}

static void look_at(struct doctor *d, const struct name_row *row, const char *name, struct names *n)
{
    const struct session *s = &d->session;
    CLEANUP(mem_freep)
    char *value = row->arn ? mem_printf("arn:%s:iam::%s:%s%s", s->partition, s->account, row->arn, name)
                           : mem_dup(name);
    CLEANUP(json_freep) struct json *in = json_of(row->member, value, NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error why;

    if (!aws_call(d->client, row->service, row->operation, in, &out, &why)) {
        if (error_is(&why, row->absent_code))
            n->free++;
        else
            doctor_say_error(d, "name", name, &why);
        return;
    }
    if (is_ours(d, row, out, n)) {
        n->ours++;
        n->has_stack = n->has_stack || strcmp(row->what, "stack") == 0;
        return;
    }
    bool scheduled = json_get(out, "DeletedDate") != NULL;
    doctor_say(d, "name", DOCTOR_FAIL,
               scheduled ? "wait until it is gone, or restore it and delete it with "
                           "--force-delete-without-recovery"
                         : "remove it, choose another name with --var, or take it over with `lab up --adopt`",
               "%s %s is there and is not ours%s", row->what, name,
               scheduled ? ": scheduled for deletion" : "");
}

static const struct json *no_outputs(void *self, const char *step_id)
{
    (void)self;
    (void)step_id;
    return NULL;
}

void doctor_names(struct doctor *d)
{
    const struct session *s = &d->session;
    const struct plan_scope scope = {.outputs = no_outputs,
                                     .account = s->account,
                                     .region = s->settings.region,
                                     .partition = s->partition,
                                     .learner = s->options->learner};
    struct names n = {0};
    size_t before = d->failed;

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        for (size_t i = 0; i < s->plan.step_count; i++) {
            const struct plan_step *step = &s->plan.steps[i];
            CLEANUP(json_freep) struct json *with = NULL;
            struct error ignored;
            if (step->undoes || strcmp(step->kind->name, rows[r].kind) != 0 ||
                !plan_resolve(&s->plan, step, &scope, true, &with, &ignored))
                continue;
            if (*json_get_text(with, rows[r].argument))
                look_at(d, &rows[r], json_get_text(with, rows[r].argument), &n);
        }
    }
    if (d->failed == before && n.free + n.ours > 0)
        doctor_say(d, "names", DOCTOR_PASS, "", "%zu free, %zu in use by this lab", n.free, n.ours);
}
