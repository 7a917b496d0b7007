/* Who acts in a step that tries something: sts.identity and lab.access_test
 * share one way of saying and choosing it. Through Systems Manager a step sends
 * the lab's script to the workstation's shell and reads what it wrote. */
#ifndef STEPS_KINDS_WORKSTATION_H
#define STEPS_KINDS_WORKSTATION_H

#include "steps/engine/kind.h"

enum way_from {
    FROM_INSTANCE, /* this machine is the workstation: its own role */
    FROM_SSM,      /* a script on the workstation, sent by Systems Manager */
    FROM_ROLE,     /* the caller assumes the workstation's role */
    FROM_CALLER    /* whoever runs lab */
};

struct way {
    enum way_from from;
    enum step_identity who; /* of step_call, but for FROM_SSM */
    const char *instance;   /* id of the workstation, "" when the step names none */
};

/** The arguments `from`, `instance` and `role`, each a row of a kind's `with`. */
#define WAY_FIELDS                                                                                           \
    {.name = "from",                                                                                         \
     .type = FIELD_TEXT,                                                                                     \
     .choices = way_words,                                                                                   \
     .help = "who tries it; default: instance on the workstation, else ssm"},                                \
        {.name = "instance",                                                                                 \
         .type = FIELD_STEP,                                                                                 \
         .step_kinds = way_instance_kinds,                                                                   \
         .help = "the workstation, for ssm"},                                                                \
    {                                                                                                        \
        .name = "role", .type = FIELD_STEP, .step_kinds = way_role_kinds,                                    \
        .help = "the workstation's role, for assume-role; who acts has to be it"                             \
    }
extern const char *const way_words[], *const way_instance_kinds[], *const way_role_kinds[];

/** Chooses and shows it once. ERR_PLAN when an argument it needs is missing. */
MUST_USE bool way_choose(struct step_context *c, struct way *out, struct error *err);

/** Runs the workstation script: action "identity" or "access", and the lines
 * that set what it takes (vars: texts). STEP_FINISHED with its output; after a
 * failure err is what the AWS CLI or the mysql client said, with AWS error code
 * or SQLSTATE, as if it had been asked here. */
enum step_status way_run_script(struct step_context *c, const struct way *way, const char *action,
                                const struct json *vars, struct buf *out, struct error *err);

/** The script as items: sent until `contains` is in the member of GetCommandInvocation's
 * reply. ERR_PLAN as way_run_script. */
MUST_USE bool way_explain_script(const struct step_context *c, const char *action, const struct json *vars,
                                 const char *member, const char *contains, struct json *items,
                                 struct error *err);
/** Who tries it, told without asking the machine. ERR_FAILED for a way that is not
 * explained. */
MUST_USE bool way_explain(const struct step_context *c, enum way_from *from, struct error *err);

/** What Systems Manager says of the agent on the instance: "Online", "ConnectionLost",
 * "Inactive"; "" when it knows none. */
enum { PING_MAX = 32 };
MUST_USE bool way_ping(struct step_context *c, const char *instance, char ping[PING_MAX], struct error *err);
bool way_is_online(const char *ping);

/** What the script's last words mean: an error of AWS or of the database.
 * Always false. For tests public. */
bool way_script_error(const char *words, struct error *err);

#endif
