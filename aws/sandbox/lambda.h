/* Functions: what other files of the sandbox do with them. The rotation
 * function of AWS ("hosted") runs in this process, any other is a command. */
#ifndef AWS_SANDBOX_LAMBDA_H
#define AWS_SANDBOX_LAMBDA_H

#include "aws/sandbox/call.h"

#define FUNCTION_KIND "lambda.function"

/** By name, ARN or partial ARN, with or without qualifier; NULL when unknown. */
const struct json *lambda_find(struct world *w, struct str name);

/** A permission as AddPermission makes it, taken into the function's policy:
 * source_account and source_arn may be "". */
struct json *lambda_statement(const struct sandbox *s, const char *sid, const char *function_arn,
                              const char *principal, const char *action, const char *source_account,
                              const char *source_arn);

/* Network interfaces of a deleted function (lambda_interface.c). */

/** They are gone after interface_ms. */
void lambda_interfaces_release(struct sandbox *s, const char *function_name);
/** When the last of them goes, service time; 0: none is going. */
int64_t lambda_interfaces_gone_ms(struct sandbox *s, const char *function_name);
/** After a restart: their timers are set again. */
void lambda_interfaces_resume(struct sandbox *s);

/* One run of a function. Made and ended in the loop, invoked on a job thread:
 * it holds a copy of all it needs. */
struct lambda_run;

/** Takes what a run needs out of the world and makes a session of the
 * function's role. Errors: ResourceNotFoundException, or the role is gone. */
MUST_USE bool lambda_run_new(struct sandbox *s, struct str function, struct lambda_run **out,
                             struct error *err);
/** On a job thread: runs one event, an answer into `answer`. False when the
 * function failed: the message is what its log says, remote_code its error type. */
MUST_USE bool lambda_run_invoke(struct lambda_run *run, struct str event, struct buf *answer,
                                struct error *err);
/** What the run has printed. */
struct str lambda_run_log(const struct lambda_run *run);
/** In the loop: writes the function's log and frees the run. NULL does nothing. */
void lambda_run_finish(struct lambda_run *run);
/** In the loop: {"errorMessage","errorType"} as the service answers a failed run. */
void lambda_failure(const struct error *err, struct buf *out);

/* --- handlers --- */
bool lambda_invoke(struct call *c, struct error *err);
/** Whether the call's FunctionName is there; AWS's error otherwise. */
MUST_USE bool lambda_exists(struct call *c, struct error *err);

/* --- the hosted function (lambda_hosted.c) --- */

struct lambda_hosted {
    struct sandbox *sandbox;
    const char *access_key_id; /* of the function's session */
    const char *function_name;
    const char *exclude_characters; /* EXCLUDE_CHARACTERS; NULL: AWS's default */
    struct buf *log;                /* lines the function prints */
};

/** AWS's SecretsManagerRDSMySQLRotationSingleUser: one step (facts 8.3). */
MUST_USE bool lambda_hosted_step(const struct lambda_hosted *h, struct str event, struct error *err);

#endif
