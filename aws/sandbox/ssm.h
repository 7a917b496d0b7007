/* Run Command of Systems Manager (facts 2.10): commands sent to the workstation
 * run on this machine as the workstation would run them.
 *
 * ssm.command  CommandId: Command{…}(as ListCommands shows it, without
 *              Parameters) parameters(text of JSON) order requested_ms
 *              instance(id, "" when the targets matched none)
 *              execution_timeout_s invocation{ResponseCode start_ms end_ms
 *              standard_output standard_error}
 * ssm.instance InstanceId: lost_ms(absent while the agent reports) */
#ifndef AWS_SANDBOX_SSM_H
#define AWS_SANDBOX_SSM_H

#include "aws/sandbox/call.h"

#define SSM_COMMAND "ssm.command"
#define SSM_INSTANCE "ssm.instance"
#define SSM_PLUGIN "aws:runShellScript"

/* --- ssm_instance.c --- */

/** The workstation's agent tells whether it still reaches the service: its
 * role has to allow that. Registers the instance the first time. */
void ssm_agent_report(struct sandbox *s);
/** The instance that is managed, NULL when there is none; after a report. */
const struct json *ssm_instance(struct sandbox *s);
/** Whether the managed instance takes commands. */
bool ssm_online(const struct json *instance);
bool ssm_describe_instances(struct call *c, struct error *err);

/* --- ssm_command.c --- */

bool ssm_send(struct call *c, struct error *err);
bool ssm_cancel(struct call *c, struct error *err);
void ssm_send_target(struct call *c);
bool ssm_send_also(struct call *c, const char **action, char resource[2100]);
/** The command's status and what follows from it, in both of its places. */
void ssm_set_status(struct json *command, const char *status, const char *details);
const char *ssm_status(const struct json *command);
bool ssm_finished(const struct json *command);

/* --- ssm_run.c: one command on its way. Loop only --- */

struct ssm_run;

/** Starts what waits, oldest first, as far as there is room. */
void ssm_start_waiting(struct sandbox *s);
/** Ends the run of a command; nothing when it does not run. */
void ssm_cancel_run(struct sandbox *s, const char *command_id);

/** After a restart. */
void ssm_resume(struct sandbox *s);

/* --- ssm.c --- */

/** The part of `items` (taken over) that NextToken and MaxResults name, as
 * member `name` of the answer. */
MUST_USE bool ssm_page(struct call *c, const char *name, struct json *items, struct error *err);

#endif
