/* sts.identity: whoever acts is the role that is wanted. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/workstation.h"

#include <string.h>

static const struct schema_field with[] = {
    WAY_FIELDS,
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

/* Keys of an instance's role come in a session named after the instance. Any
 * others on the workstation are somebody's, set up over the role. */
static bool overridden(const char *arn, const struct way *way)
{
    const char *session = strrchr(arn, '/');

    return way->from == FROM_SSM && (!session || strcmp(session + 1, way->instance) != 0);
}

static bool explain_other(const char *arn, const struct way *way, const char *role, struct error *err)
{
    if (way->from == FROM_CALLER)
        return error_set(err, ERR_FAILED,
                         "lab acts as %s, not as role %s: on Cloud9 switch the AWS managed temporary "
                         "credentials off (Preferences, AWS Settings), elsewhere say from: ssm",
                         arn, role);
    return error_set(err, ERR_FAILED,
                     "the workstation acts as %s, not as the role of its instance: keys set up there go "
                     "before the role; on Cloud9 switch the AWS managed temporary credentials off "
                     "(Preferences, AWS Settings), else take away ~/.aws/credentials",
                     arn);
}

static enum step_status ask(struct step_context *c, const struct way *way, struct json **out,
                            struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(buf_release) struct buf text = {0};

    if (way->from == FROM_SSM) {
        enum step_status status = way_run_script(c, way, "identity", NULL, &text, err);
        if (status != STEP_FINISHED)
            return status;
        return json_parse(buf_str(&text), NULL, out, err) ? STEP_FINISHED : STEP_FAILED;
    }
    /* Cached keys belong to the old role. */
    step_refresh(c, way->who);
    if (step_call(c, way->who, "sts", "GetCallerIdentity", in, out, err))
        return STEP_FINISHED;
    return way->from == FROM_ROLE ? gotcha_or_fail(c, "sts:AssumeRole", err) : STEP_FAILED;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait shown = {"the workstation to act as its new role", 500, 10000, 300000};
    const char *role = json_text(json_path(step_with(c), "role.name"));
    CLEANUP(json_freep) struct json *out = NULL;
    struct way way;

    if (!way_choose(c, &way, err))
        return STEP_FAILED;
    enum step_status status = ask(c, &way, &out, err);
    if (status != STEP_FINISHED)
        return status;
    const char *arn = json_get_text(out, "Arn");
    if (!acts_as(arn, role)) {
        if (way.from != FROM_CALLER && !overridden(arn, &way))
            return step_wait(c, &shown);
        explain_other(arn, &way, role, err);
        return STEP_FAILED;
    }
    step_output_text(c, "arn", arn);
    step_output_text(c, "user_id", json_get_text(out, "UserId"));
    step_output_text(c, "account", json_get_text(out, "Account"));
    step_note(c, "acts as %s", arn);
    return STEP_FINISHED;
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    CLEANUP(mem_freep)
    char *session = mem_printf(":assumed-role/%s/", json_text(json_path(step_with(c), "role.name")));
    enum way_from from;

    if (!way_explain(c, &from, err))
        return false;
    if (from == FROM_SSM)
        return way_explain_script(c, "identity", NULL, "StandardOutputContent", session, items, err);
    explain_call(items, "sts", "GetCallerIdentity", json_object());
    return true;
}

const struct step_kind kind_sts_identity = {
    .schema = {"sts.identity", "checks who acts", KIND_TEST, false, with, outputs},
    .observe = observe_test,
    .apply = apply,
    .explain = explain,
};
