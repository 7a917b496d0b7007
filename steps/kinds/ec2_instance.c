/* ec2.instance: finds the workstation by its Name tag; refuses to guess. */
#include "steps/engine/explain.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"

#include <stdio.h>
#include <string.h>

static const struct schema_field with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .help = "Name tag; * and ? are wildcards"},
    {0},
};

static const struct output_field outputs[] = {
    {"id", false, "instance id"},   {"name", false, "its Name tag"}, {"state", false, "running or stopped"},
    {"subnet", false, "subnet id"}, {"vpc", false, "VPC id"},        {0}};

static void add_filter(struct json *filters, const char *name, const char *first, const char *second)
{
    struct json *filter = json_push(filters, json_of("Name", name, NULL));
    struct json *values = json_put(filter, "Values", json_array());

    json_push(values, json_text_new(first));
    if (second)
        json_push(values, json_text_new(second));
}

/* Every instance of the reply's reservations: the first, and how many. */
static const struct json *first_instance(const struct json *out, size_t *count, char names[160])
{
    const struct json *found = NULL;
    size_t used = 0;

    *count = 0;
    names[0] = '\0';
    const struct json *reservations = json_get(out, "Reservations");
    for (const struct json *r = json_first(reservations); r; r = json_next(r)) {
        const struct json *instances = json_get(r, "Instances");
        for (const struct json *i = json_first(instances); i; i = json_next(i)) {
            if (!found)
                found = i;
            (*count)++;
            if (used < 160)
                used += (size_t)snprintf(names + used, 160 - used, "%s%s", used ? ", " : "",
                                         json_get_text(i, "InstanceId"));
        }
    }
    return found;
}

static const char *name_tag(const struct json *instance)
{
    const struct json *tags = json_get(instance, "Tags");

    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        if (strcmp(json_get_text(t, "Key"), "Name") == 0)
            return json_get_text(t, "Value");
    }
    return "";
}

static struct json *look_input(const struct step_context *c)
{
    struct json *in = json_object();
    struct json *filters = json_put(in, "Filters", json_array());

    add_filter(filters, "tag:Name", json_get_text(step_with(c), "name"), NULL);
    add_filter(filters, "instance-state-name", "running", "stopped");
    return in;
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    const char *name = json_get_text(step_with(c), "name");
    CLEANUP(json_freep) struct json *out = NULL;
    char ids[160];
    size_t count;

    if (!look_up_all(c, "ec2", "DescribeInstances", look_input(c), NULL, &out, err))
        return false;
    const struct json *instance = first_instance(out, &count, ids);
    o->ours = true;
    if (count == 0) {
        o->state = OBSERVED_ABSENT;
        set_detail(o, "no running or stopped instance has the Name tag %s", name);
        return true;
    }
    if (count > 1) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, "%zu instances have the Name tag %s (%s): name one of them with --var instance=", count,
                   name, ids);
        return true;
    }
    step_output_text(c, "id", json_get_text(instance, "InstanceId"));
    step_output_text(c, "name", name_tag(instance));
    step_output_text(c, "state", json_text(json_path(instance, "State.Name")));
    step_output_text(c, "subnet", json_get_text(instance, "SubnetId"));
    step_output_text(c, "vpc", json_get_text(instance, "VpcId"));
    o->state = OBSERVED_PRESENT;
    return true;
}

#define FIND(output, path)                                                                                   \
    {                                                                                                        \
        output, NULL, "ec2", "DescribeInstances", look_input, "Reservations.0.Instances.0." path, false      \
    }
static const struct explain_find finds[] = {
    FIND("id", "InstanceId"),   FIND("name", "Tags[Name]"), FIND("state", "State.Name"),
    FIND("subnet", "SubnetId"), FIND("vpc", "VpcId"),       {0},
};

const struct step_kind kind_ec2_instance = {
    .schema = {"ec2.instance", "finds the workstation", KIND_LOOKUP, false, with, outputs},
    .observe = observe,
    .finds = finds,
};
