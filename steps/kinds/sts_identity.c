/* sts.identity: whoever acts is the role that is wanted. */
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"

#include <string.h>

static const char *const who_words[] = {"instance", "caller", NULL};
static const char *const role_kinds[] = {"iam.role", NULL};

static const struct schema_field with[] = {
    {.name = "from", .type = FIELD_TEXT, .otherwise = "instance", .choices = who_words, .help = "who asks"},
    {.name = "role", .type = FIELD_STEP, .step_kinds = role_kinds, .help = "the role it has to be"},
    {0},
};

static const struct output_field outputs[] = {{"arn", false, "ARN of the caller"},
                                              {"user_id", false, "unique id of the caller"},
                                              {"account", false, "account id"},
                                              {0}};

/* arn:aws:sts::A:assumed-role/ROLE/SESSION */
static bool acts_as(const char *arn, const char *role)
{
    const char *at = strstr(arn, ":assumed-role/");

    if (!*role)
        return true;
    if (!at)
        return false;
    at += strlen(":assumed-role/");
    size_t n = strlen(role);
    return strncmp(at, role, n) == 0 && at[n] == '/';
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait shown = {"the workstation to act as its new role", 500, 10000, 300000};
    const struct json *args = step_with(c);
    enum step_identity who = strcmp(json_get_text(args, "from"), "caller") == 0 ? AS_CALLER : AS_INSTANCE;
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *out = NULL;

    /* Cached keys belong to the old role. */
    step_refresh(c, who);
    if (!step_call(c, who, "sts", "GetCallerIdentity", in, &out, err))
        return STEP_FAILED;
    if (!acts_as(json_get_text(out, "Arn"), json_text(json_path(args, "role.name"))))
        return step_wait(c, &shown);
    step_output_text(c, "arn", json_get_text(out, "Arn"));
    step_output_text(c, "user_id", json_get_text(out, "UserId"));
    step_output_text(c, "account", json_get_text(out, "Account"));
    step_note(c, "acts as %s", json_get_text(out, "Arn"));
    return STEP_FINISHED;
}

const struct step_kind kind_sts_identity = {
    .schema = {"sts.identity", "checks who acts", KIND_TEST, false, with, outputs},
    .observe = observe_test,
    .apply = apply,
};
