#include "cmd/lab/doctor_facts.h"

#include "aws/common/mem.h"

#include <string.h>

#define ORIGINAL_TAG "lab:original" /* on our own profile, see ec2.instance_profile */

static void fact_ask(struct fact *f, struct aws_client *client, const char *service, const char *operation,
                     struct json *in)
{
    f->asked = true;
    f->known = aws_call_all(client, service, operation, in, &f->out, &f->err);
    json_free(in);
}

static void add_filter(struct json *in, const char *name, const char *value, const char *other)
{
    struct json *filters = json_edit(in, "Filters");

    if (!filters)
        filters = json_put(in, "Filters", json_array());
    struct json *filter = json_push(filters, json_of("Name", name, NULL));
    struct json *values = json_put(filter, "Values", json_array());
    json_push(values, json_text_new(value));
    if (other)
        json_push(values, json_text_new(other));
}

const struct json *doctor_facts_instance(const struct doctor_facts *f, size_t *count)
{
    const struct json *reservations = json_get(f->workstation.out, "Reservations");
    const struct json *found = NULL;
    size_t n = 0;

    for (const struct json *r = json_first(reservations); r; r = json_next(r)) {
        const struct json *instances = json_get(r, "Instances");
        for (const struct json *i = json_first(instances); i; i = json_next(i), n++)
            found = i;
    }
    if (count)
        *count = n;
    return n == 1 ? found : NULL;
}

const struct json *doctor_facts_cluster(const struct doctor_facts *f)
{
    return json_path(f->cluster.out, "DBClusters.0");
}

static const struct json *active_association(const struct doctor_facts *f)
{
    const struct json *list = json_get(f->association.out, "IamInstanceProfileAssociations");

    for (const struct json *a = json_first(list); a; a = json_next(a)) {
        const char *state = json_get_text(a, "State");
        if (strcmp(state, "associated") == 0 || strcmp(state, "associating") == 0)
            return a;
    }
    return NULL;
}

static const char *name_of_arn(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash ? slash + 1 : arn;
}

/* While the lab is up our own profile is there, and its tag says what was
 * before it. False when that was nothing. */
static bool look_at_profile(struct doctor_facts *f, struct aws_client *client, const char *arn)
{
    fact_ask(&f->profile, client, "iam", "GetInstanceProfile",
             json_of("InstanceProfileName", name_of_arn(arn), NULL));
    const struct json *tags = json_path(f->profile.out, "InstanceProfile.Tags");
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        CLEANUP(mem_freep) char *original = NULL;
        if (strcmp(json_get_text(t, "Key"), ORIGINAL_TAG) != 0)
            continue;
        original = mem_dup(json_get_text(t, "Value"));
        json_free(f->profile.out);
        f->profile.out = NULL;
        if (strcmp(original, "none") == 0)
            return false;
        fact_ask(&f->profile, client, "iam", "GetInstanceProfile",
                 json_of("InstanceProfileName", name_of_arn(original), NULL));
        return true;
    }
    return true;
}

static void look_at_role(const struct session *s, struct aws_client *client, struct doctor_facts *f)
{
    const struct json *instance = doctor_facts_instance(f, NULL);
    struct json *in = json_object();

    /* Not known: any role may have to be given back. */
    f->original_role = mem_printf("arn:%s:iam::%s:role/*", s->partition, s->account);
    if (!instance) {
        json_free(in);
        return;
    }
    add_filter(in, "instance-id", json_get_text(instance, "InstanceId"), NULL);
    fact_ask(&f->association, client, "ec2", "DescribeIamInstanceProfileAssociations", in);
    if (!f->association.known)
        return;
    const char *arn = json_text(json_path(active_association(f), "IamInstanceProfile.Arn"));
    bool had_one = *arn && look_at_profile(f, client, arn);
    if (had_one && !f->profile.known)
        return;
    const char *role = had_one ? json_text(json_path(f->profile.out, "InstanceProfile.Roles.0.Arn")) : "";
    mem_free(f->original_role);
    f->original_role = *role ? mem_dup(role) : NULL;
}

void doctor_facts_look(const struct session *s, struct aws_client *client, struct doctor_facts *f)
{
    CLEANUP(mem_freep) char *cluster = session_argument(s, "rds.cluster", "identifier");
    CLEANUP(mem_freep) char *name = session_argument(s, "ec2.instance", "name");

    *f = (struct doctor_facts){0};
    if (*cluster)
        fact_ask(&f->cluster, client, "rds", "DescribeDBClusters",
                 json_of("DBClusterIdentifier", cluster, NULL));
    if (!*name)
        return;
    struct json *in = json_object();
    add_filter(in, "tag:Name", name, NULL);
    add_filter(in, "instance-state-name", "running", "stopped");
    fact_ask(&f->workstation, client, "ec2", "DescribeInstances", in);
    look_at_role(s, client, f);
}

void doctor_facts_release(struct doctor_facts *f)
{
    json_free(f->cluster.out);
    json_free(f->workstation.out);
    json_free(f->association.out);
    json_free(f->profile.out);
    mem_free(f->original_role);
    *f = (struct doctor_facts){0};
}

bool doctor_facts_permissions(const struct session *s, const struct doctor_facts *f, struct json **out,
                              struct error *err)
{
    const struct json *instance = doctor_facts_instance(f, NULL);
    const char *group = json_get_text(doctor_facts_cluster(f), "DBSubnetGroup");
    const char *id = json_get_text(instance, "InstanceId");
    const struct permissions_world world = {.account = s->account,
                                            .region = s->settings.region,
                                            .partition = s->partition,
                                            .learner = s->options->learner,
                                            .instance = instance ? id : "*",
                                            .elsewhere = strcmp(who_machine(s->who), id) != 0,
                                            .subnet_group = *group ? group : "*",
                                            .original_role = f->original_role};

    return permissions_of_plan(&s->plan, &world, out, err);
}
