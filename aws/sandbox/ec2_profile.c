/* Instance profiles of instances: facts 4 and 10.2. An association goes through
 * associating, associated, disassociating and disassociated, and then is gone.
 *
 * One that is being replaced keeps its role until the new one has arrived, as
 * an instance is never without: its State stays "associated" (which is what
 * the metadata service goes by) and `leaving` makes Describe say
 * "disassociating". */
#include "aws/sandbox/ec2.h"

#include "aws/common/mem.h"
#include "aws/sandbox/refuse.h"

#include <stdio.h>

/* How long one state lasts beyond the propagation delay. */
enum { TRANSITION_MS = 100 };

static bool has_state(const struct json *association, const char *state)
{
    return strcmp(json_get_text(association, "State"), state) == 0;
}

static bool is_leaving(const struct json *association)
{
    return json_bool(json_get(association, "leaving"), false);
}

const struct json *ec2_association_of(const struct world *w, const char *instance_id)
{
    const struct json *e, *coming = NULL;

    for (size_t i = 0; (e = world_at(w, "ec2.association", i, NULL)); i++) {
        if (strcmp(json_get_text(e, "InstanceId"), instance_id) != 0)
            continue;
        if (has_state(e, "associated"))
            return e;
        if (has_state(e, "associating"))
            coming = e;
    }
    return coming;
}

/* --- showing --- */

struct json *ec2_profile_shown(const struct call *c, const struct json *association)
{
    const char *name = json_get_text(association, "profile");
    const struct json *kept = json_get(association, "IamInstanceProfile");
    const struct json *profile = world_get(c->world, "iam.instance_profile", name);
    char arn[2100];

    /* EC2 remembers a profile that IAM has deleted since. */
    if (kept)
        return json_copy(kept);
    if (profile)
        return json_of("Arn", json_get_text(profile, "Arn"), "Id",
                       json_get_text(profile, "InstanceProfileId"), NULL);
    sandbox_arn(c->sandbox, arn, "iam", "", "instance-profile/%s", name);
    return json_of("Arn", arn, NULL);
}

static struct json *association_shown(const struct call *c, const struct json *association)
{
    struct json *out = json_of("AssociationId", json_get_text(association, "AssociationId"), "InstanceId",
                               json_get_text(association, "InstanceId"), "State",
                               is_leaving(association) && has_state(association, "associated")
                                   ? "disassociating"
                                   : json_get_text(association, "State"),
                               NULL);

    json_put(out, "IamInstanceProfile", ec2_profile_shown(c, association));
    json_put_int(out, "Timestamp", json_int(json_get(association, "Timestamp"), 0));
    return out;
}

static void answer(struct call *c, const struct json *association)
{
    struct json *shown = association_shown(c, association), *recorded;
    char response[96];

    recorded = json_of("associationId", json_get_text(shown, "AssociationId"), "instanceId",
                       json_get_text(shown, "InstanceId"), "state", json_get_text(shown, "State"), NULL);
    json_put(recorded, "iamInstanceProfile",
             json_of("arn", json_text(json_path(shown, "IamInstanceProfile.Arn")), "id",
                     json_text(json_path(shown, "IamInstanceProfile.Id")), NULL));
    (void)snprintf(response, sizeof response, "%sResponse", c->op->name);
    c->trail_response = json_object();
    json_put(json_put(c->trail_response, response, json_of("requestId", c->request_id, NULL)),
             "iamInstanceProfileAssociation", recorded);
    c->out = json_object();
    json_put(c->out, "IamInstanceProfileAssociation", shown);
}

static const struct ec2_filter association_filters[] = {
    {.name = "instance-id", .path = "InstanceId"},
    {.name = "state", .path = "State"},
};

static const struct ec2_listing associations = {
    .out = "IamInstanceProfileAssociations",
    .ids = "AssociationIds",
    .id = "AssociationId",
    .missing = "InvalidAssociationID.NotFound",
    .filters = association_filters,
    .filter_count = ARRAY_LEN(association_filters),
};

bool ec2_describe_associations(struct call *c, struct error *err)
{
    struct json *items = json_array();
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, "ec2.association", i, NULL)); i++)
        json_push(items, association_shown(c, e));
    return ec2_list(c, &associations, items, err);
}

/* --- transitions --- */

static int64_t next_ms(const struct sandbox *s)
{
    return sandbox_now_ms(s) + TRANSITION_MS + sandbox_settings(s)->propagation_ms;
}

static void vanish(struct sandbox *s, void *id)
{
    const struct json *association = world_get(sandbox_world(s), "ec2.association", id);

    if (association && has_state(association, "disassociated"))
        world_remove(sandbox_world(s), "ec2.association", id);
    mem_free(id);
}

static void set_state(struct sandbox *s, struct json *association, const char *state)
{
    json_put_text(association, "State", state);
    json_put_int(association, "since_ms", sandbox_now_ms(s));
}

static void end(struct sandbox *s, const char *id)
{
    set_state(s, world_edit(sandbox_world(s), "ec2.association", id), "disassociated");
    sandbox_at(s, next_ms(s), vanish, mem_dup(id), mem_free);
}

/** What an association has been on its way to is reached. Those it replaces
 * end in the same moment. */
static void settle(struct sandbox *s, void *id)
{
    struct world *w = sandbox_world(s);
    struct json *association = world_edit(w, "ec2.association", id);
    const char *key, *instance = json_get_text(association, "InstanceId");
    const struct json *e;

    if (!association) {
        mem_free(id);
        return;
    }
    if (has_state(association, "associating"))
        set_state(s, association, "associated");
    else if (has_state(association, "disassociating"))
        end(s, id);
    for (size_t i = 0; (e = world_at(w, "ec2.association", i, &key)); i++)
        if (strcmp(json_get_text(e, "InstanceId"), instance) == 0 && is_leaving(e) &&
            has_state(e, "associated"))
            end(s, key);
    mem_free(id);
}

void ec2_associations_resume(struct sandbox *s)
{
    const struct json *e;
    const char *key;

    for (size_t i = 0; (e = world_at(sandbox_world(s), "ec2.association", i, &key)); i++) {
        int64_t at_ms =
            json_int(json_get(e, "since_ms"), 0) + TRANSITION_MS + sandbox_settings(s)->propagation_ms;

        if (has_state(e, "disassociated"))
            sandbox_at(s, at_ms, vanish, mem_dup(key), mem_free);
        else if (!has_state(e, "associated"))
            sandbox_at(s, at_ms, settle, mem_dup(key), mem_free);
    }
}

static const struct json *associate(struct call *c, const char *instance, const struct json *profile)
{
    struct json *association;
    char id[64];

    sandbox_resource_id(c->sandbox, "iip-assoc-", id);
    association = json_of("AssociationId", id, "InstanceId", instance, "profile",
                          json_get_text(profile, "InstanceProfileName"), "State", "associating", NULL);
    json_put(association, "IamInstanceProfile",
             json_of("Arn", json_get_text(profile, "Arn"), "Id", json_get_text(profile, "InstanceProfileId"),
                     NULL));
    json_put_int(association, "since_ms", c->now_ms);
    json_put_int(association, "Timestamp", c->now_ms / 1000);
    sandbox_at(c->sandbox, next_ms(c->sandbox), settle, mem_dup(id), mem_free);
    return world_put(c->world, "ec2.association", id, association);
}

/* --- which profile --- */

/** By what the request gives; NULL when IAM has none such. */
static const struct json *named_profile(const struct call *c)
{
    const struct json *spec = json_get(c->in, "IamInstanceProfile");
    bool by_arn = json_get(spec, "Arn") != NULL;
    struct str given = json_str(json_get(spec, by_arn ? "Arn" : "Name"));

    /* A name in place of an ARN, or an ARN in place of a name, is neither. */
    return by_arn == str_starts(given, STR("arn:")) ? iam_find_profile(c->world, given) : NULL;
}

static bool choose_profile(const struct call *c, const struct json **profile, struct error *err)
{
    const struct json *spec = json_get(c->in, "IamInstanceProfile"), *arn = json_get(spec, "Arn"),
                      *name = json_get(spec, "Name");

    *profile = NULL;
    if (arn && name)
        return refuse(err, "InvalidParameterCombination",
                      "The parameter 'iamInstanceProfile.name' may not be used in combination with "
                      "'iamInstanceProfile.arn'");
    if (!arn && !name)
        return refuse(err, "MissingParameter", "The request must contain the parameter iamInstanceProfile");
    *profile = named_profile(c);
    /* IAM's news takes a while to EC2. */
    if (!*profile || !sandbox_propagated(c->sandbox, json_int(json_get(*profile, "created_ms"), 0)))
        return refuse(err, "InvalidParameterValue",
                      "Value (%s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM Instance "
                      "Profile %s",
                      json_text(arn ? arn : name), arn ? "arn" : "name", arn ? "ARN" : "name");
    if (!*json_get_text(*profile, "role"))
        return refuse(err, "InvalidParameterValue", "IAM Instance Profile \"%s\" has no associated IAM Roles",
                      json_get_text(*profile, "Arn"));
    return true;
}

static bool state_is(const struct json *instance, const char *name)
{
    return strcmp(json_text(json_path(instance, "State.Name")), name) == 0;
}

static bool check_state(const struct json *instance, struct error *err)
{
    return state_is(instance, "running") || state_is(instance, "stopped") ||
           refuse(err, "IncorrectInstanceState",
                  "The instance '%s' is not in the 'running' or 'stopped' states.",
                  json_get_text(instance, "InstanceId"));
}

/* --- the calls --- */

/** Whether anything but the past is there. */
static bool is_associated(const struct call *c, const char *instance)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(c->world, "ec2.association", i, NULL)); i++)
        if (strcmp(json_get_text(e, "InstanceId"), instance) == 0 && !has_state(e, "disassociated"))
            return true;
    return false;
}

bool ec2_associate_profile(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "InstanceId");
    const struct json *instance, *profile;

    if (!ec2_find_instance(c, id, &instance, err) || !check_state(instance, err) ||
        !choose_profile(c, &profile, err))
        return false;
    if (is_associated(c, id))
        return refuse(err, "IncorrectState", "There is an existing association for instance %s", id);
    answer(c, associate(c, id, profile));
    return true;
}

static bool find_association(const struct call *c, const struct json **out, struct error *err)
{
    const char *id = json_get_text(c->in, "AssociationId");

    *out = world_get(c->world, "ec2.association", id);
    return *out ||
           refuse(err, "InvalidAssociationID.NotFound", "An invalid association-id of '%s' was given", id);
}

bool ec2_replace_profile(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "AssociationId"), *instance_id;
    const struct json *old, *profile, *instance;

    if (!find_association(c, &old, err) || !choose_profile(c, &profile, err))
        return false;
    instance_id = json_get_text(old, "InstanceId");
    instance = world_get(c->world, "ec2.instance", instance_id);
    if (!has_state(old, "associated") || is_leaving(old) || !state_is(instance, "running"))
        return refuse(err, "IncorrectState", "The association %s is not the active association", id);
    json_put_bool(world_edit(c->world, "ec2.association", id), "leaving", true);
    answer(c, associate(c, instance_id, profile));
    return true;
}

bool ec2_disassociate_profile(struct call *c, struct error *err)
{
    const char *id = json_get_text(c->in, "AssociationId");
    const struct json *old;

    if (!find_association(c, &old, err))
        return false;
    if (is_leaving(old) || has_state(old, "disassociating") || has_state(old, "disassociated"))
        return refuse(err, "IncorrectState", "The association %s is not the active association", id);
    set_state(c->sandbox, world_edit(c->world, "ec2.association", id), "disassociating");
    sandbox_at(c->sandbox, next_ms(c->sandbox), settle, mem_dup(id), mem_free);
    answer(c, world_get(c->world, "ec2.association", id));
    return true;
}

/* --- authorisation --- */

static const char *called_instance(const struct call *c)
{
    const struct json *id = json_get(c->in, "InstanceId");

    return id ? json_text(id)
              : json_get_text(world_get(c->world, "ec2.association", json_get_text(c->in, "AssociationId")),
                              "InstanceId");
}

void ec2_profile_target(struct call *c)
{
    const char *id = called_instance(c);
    const struct json *profile = named_profile(c), *current = ec2_association_of(c->world, id);
    CLEANUP(json_freep) struct json *attached = current ? ec2_profile_shown(c, current) : NULL;

    c->context = json_object();
    if (profile)
        json_put_text(c->context, "ec2:NewInstanceProfile", json_get_text(profile, "Arn"));
    if (attached || profile)
        json_put_text(c->context, "ec2:InstanceProfile", json_get_text(attached ? attached : profile, "Arn"));
    ec2_tag_context(c, world_get(c->world, "ec2.instance", id));
}

bool ec2_profile_pass(struct call *c, const char **action, char resource[2100])
{
    const char *name = json_get_text(named_profile(c), "role");
    const struct json *role = world_get(c->world, "iam.role", name);

    /* Without a role the call is refused for that. */
    if (!*name)
        return false;
    json_put_text(c->context, "iam:PassedToService", "ec2.amazonaws.com");
    *action = "iam:PassRole";
    if (role)
        (void)snprintf(resource, 2100, "%s", json_get_text(role, "Arn"));
    else
        sandbox_arn(c->sandbox, resource, "iam", "", "role/%s", name);
    return true;
}
