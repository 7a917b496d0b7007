#include "steps/kinds/association.h"

#include "aws/common/mem.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"

#include <string.h>

void association_release(struct association *a)
{
    json_free(a->reply);
    mem_free(a->original);
    *a = (struct association){.ours = "", .id = "", .arn = ""};
}

static void read_state(struct association *a)
{
    const struct json *list = json_get(a->reply, "IamInstanceProfileAssociations");

    a->id = a->arn = "";
    a->settled = true;
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        const char *state = json_get_text(e, "State");
        if (strcmp(state, "disassociated") == 0)
            continue;
        if (strcmp(state, "associated") != 0)
            a->settled = false;
        if (strcmp(state, "disassociating") != 0) {
            a->id = json_get_text(e, "AssociationId");
            a->arn = json_text(json_path(e, "IamInstanceProfile.Arn"));
        }
    }
}

struct json *association_input(const char *instance)
{
    struct json *in = json_object();
    struct json *filter =
        json_push(json_put(in, "Filters", json_array()), json_of("Name", "instance-id", NULL));

    json_push(json_put(filter, "Values", json_array()), json_text_new(instance));
    return in;
}

bool association_look(struct step_context *c, const char *instance, struct association *a, struct error *err)
{
    association_release(a);
    a->instance = instance;
    if (!look_up_all(c, "ec2", "DescribeIamInstanceProfileAssociations", association_input(instance), NULL,
                     &a->reply, err))
        return false;
    read_state(a);
    return true;
}

bool association_read_original(struct step_context *c, struct association *a, const char *profile, bool *ours,
                               struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up(c, "iam", "GetInstanceProfile", json_of("InstanceProfileName", arn_name(profile), NULL),
                 "NoSuchEntity", &out, err))
        return false;
    const struct json *tags = json_path(out, "InstanceProfile.Tags");
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        if (strcmp(json_get_text(t, "Key"), ORIGINAL_TAG) != 0)
            continue;
        mem_free(a->original);
        a->original = mem_dup(json_get_text(t, "Value"));
    }
    if (ours)
        *ours = tags_of_lab(c, tags);
    return true;
}

struct json *association_move_input(const struct association *a, const char *wanted)
{
    struct json *in = json_object();

    if (strcmp(wanted, NO_PROFILE) != 0)
        json_put(in, "IamInstanceProfile", json_of("Arn", wanted, NULL));
    json_put_text(in, *a->id ? "AssociationId" : "InstanceId", *a->id ? a->id : a->instance);
    return in;
}

enum step_status association_move(struct step_context *c, const struct association *a, const char *wanted,
                                  const struct step_wait *settle, struct error *err)
{
    bool none = strcmp(wanted, NO_PROFILE) == 0;
    const char *operation = none     ? "DisassociateIamInstanceProfile"
                            : *a->id ? "ReplaceIamInstanceProfileAssociation"
                                     : "AssociateIamInstanceProfile";
    CLEANUP(mem_freep) char *full = mem_printf("ec2:%s", operation);

    if (change(c, a->instance, "ec2", operation, association_move_input(a, wanted),
               none ? "InvalidAssociationID.NotFound" : "", NULL, err))
        return step_wait(c, settle);
    return gotcha_or_fail(c, full, err);
}

enum step_status association_give_back(struct step_context *c, const char *instance, bool *gave,
                                       struct error *err)
{
    static const struct step_wait settle = {"the workstation to take its original role back", 300, 5000,
                                            300000};
    CLEANUP(association_release) struct association a = {0};
    bool ours = false;

    *gave = json_get(step_scratch(c), "gave back") != NULL;
    if (!association_look(c, instance, &a, err))
        return STEP_FAILED;
    if (!a.settled)
        return step_wait(c, &settle);
    if (!*a.arn)
        return STEP_FINISHED;
    if (!association_read_original(c, &a, a.arn, &ours, err))
        return STEP_FAILED;
    if (!ours || !a.original)
        return STEP_FINISHED;
    json_put_bool(step_scratch(c), "gave back", true);
    return association_move(c, &a, a.original, &settle, err);
}
