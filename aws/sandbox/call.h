/* One request on its way through the sandbox, and what a service file gives:
 * a table of handlers. dispatch.c does the rest in this order: route, verify
 * the signature, decode, check the parameters, find the resource, authorise,
 * handle, record in the trail, encode. */
#ifndef AWS_SANDBOX_CALL_H
#define AWS_SANDBOX_CALL_H

#include "aws/common/error.h"
#include "aws/common/json.h"
#include "aws/crypto/random.h"
#include "aws/model/model.h"
#include "aws/sandbox/sandbox.h"
#include "aws/sandbox/world.h"

enum principal_type {
    PRINCIPAL_USER,
    PRINCIPAL_ROOT,
    PRINCIPAL_SESSION,
    PRINCIPAL_SERVICE,
    PRINCIPAL_UNKNOWN /* signed nothing: only where the operation asks for another proof */
};

/* Who calls. Text lives as long as the call. */
struct principal {
    enum principal_type type;
    char arn[512];       /* …:user/NAME, …:assumed-role/ROLE/SESSION, "secretsmanager.amazonaws.com" */
    char user_id[256];   /* AIDA…, AROA…:SESSION, account id */
    char name[129];      /* user name, session name, "root": Username in the trail */
    char role_name[129]; /* session: the role's name, else "" */
    char access_key_id[129];
    const struct json *session; /* sts.session entity, NULL otherwise */
};

struct call {
    struct sandbox *sandbox;
    struct world *world;
    const struct aws_service *service;
    const struct aws_operation *op;
    const struct json *in; /* decoded and checked parameters */
    struct json *out;      /* the handler's answer, owned; NULL for none */
    struct principal principal;
    char request_id[37];
    char source_ip[64];
    char user_agent[256];
    int64_t now_ms; /* service clock at arrival: one time for the whole call */
    /* For authorisation and the trail; filled by the row's `target`, else from
     * the model's templates (which may name several: then all are asked). */
    char resource[2100];         /* ARN that IAM sees */
    char resource_shown[2100];   /* as AWS prints it in a denial; "" : resource */
    struct json *context;        /* condition keys beyond the common ones, owned; may be NULL */
    const char *resource_policy; /* the resource's own policy document, borrowed; NULL none */
    struct json *trail_request;  /* requestParameters for the trail; NULL: `in` without sensitive members */
    struct json *trail_response; /* responseElements; NULL: null */
    struct json *trail_extra;    /* additionalEventData; NULL: none */
};

/* One operation of a service. */
struct handler {
    const char *operation;
    /* Does the work: reads c->in, changes c->world, sets c->out. On failure
     * nothing has been changed and err is AWS's error (error_aws). */
    bool (*handle)(struct call *c, struct error *err);
    /* Optional: sets resource, resource_shown, context, resource_policy. Must
     * not fail for a missing thing: authorisation comes before existence. */
    void (*target)(struct call *c);
    /* Optional further permission, asked after the first: iam:PassRole. Fills
     * action and resource; false when there is none to ask. */
    bool (*also)(struct call *c, const char **action, char resource[2100]);
};

struct handler_table {
    const char *service;        /* model id */
    const struct handler *rows; /* sorted by operation */
    size_t count;
};

extern const struct handler_table sts_handlers, iam_handlers, secretsmanager_handlers, ec2_handlers,
    rds_handlers, cloudformation_handlers, lambda_handlers, cloudtrail_handlers, logs_handlers, ssm_handlers,
    kms_handlers;

/* --- what the core gives to service files --- */

const char *sandbox_region(const struct sandbox *s);
const char *sandbox_partition(const struct sandbox *s); /* "aws" */
const struct random *sandbox_random(struct sandbox *s);
int64_t sandbox_now_ms(const struct sandbox *s); /* service clock */
const struct sandbox_options *sandbox_settings(const struct sandbox *s);
struct world *sandbox_world(struct sandbox *s);

/** "arn:PARTITION:SERVICE:REGION:ACCOUNT:" and the rest by format; region ""
 * for iam. out is 2100 bytes. */
void sandbox_arn(const struct sandbox *s, char *out, const char *service, const char *region,
                 const char *format, ...) PRINTF_LIKE(5, 6);

/** PREFIX and 17 upper-case letters and digits, as "AROA…". out: 22 bytes. */
void sandbox_unique_id(struct sandbox *s, const char *prefix, char out[22]);
/** "i-" and 17 hex digits. out: 64 bytes. */
void sandbox_resource_id(struct sandbox *s, const char *prefix, char out[64]);

/* Time: fire(arg) in the loop at a service-clock time. Timers of a sandbox
 * that is freed never fire; arg is then released by drop (may be NULL). */
void sandbox_at(struct sandbox *s, int64_t at_ms, void (*fire)(struct sandbox *s, void *arg), void *arg,
                void (*drop)(void *arg));

/* Blocking work: work(arg) on a job thread, then done(s, arg) in the loop. A
 * job asked for while the sandbox ends gets `done` without `work`. */
void sandbox_job(struct sandbox *s, void (*work)(struct sandbox *s, void *arg),
                 void (*done)(struct sandbox *s, void *arg), void *arg);

/** True once sandbox_free began: a job that waits in pieces ends then. */
bool sandbox_stopping(struct sandbox *s);
/** Readable from then on: what a job's child is cancelled by (process.h), so
 * that no program of somebody's keeps the sandbox from ending. */
int sandbox_stopping_fd(const struct sandbox *s);

/* An answer that comes later (Invoke runs a command). The handler starts its
 * job, calls call_defer and returns true; the call and all it holds stay until
 * the job's `done` ends it with call_finish, in the loop. err is AWS's error,
 * NULL for success with c->out. */
void call_defer(struct call *c);
void call_finish(struct call *c, const struct error *err);

/** An AWS call from inside, by a session of a role (a rotation function):
 * authorised and recorded like any other, without HTTP and signature. Callable
 * from job threads (handed to the loop and waited for) and from the loop. */
MUST_USE bool sandbox_internal_call(struct sandbox *s, const char *session_access_key_id,
                                    const char *user_agent, const char *service, const char *operation,
                                    const struct json *in, struct json **out, struct error *err);

/** Makes a session of a role (trust already judged by the caller): puts an
 * sts.session entity and returns it (borrowed). source: "ec2", "lambda", "sts".
 * NULL when the role does not exist. */
struct json *session_make(struct sandbox *s, const char *role_name, const char *session_name,
                          const char *source, int64_t duration_s);

/** Whether a service may assume the role, by its trust policy. */
bool session_trusts_service(struct sandbox *s, const char *role_name, const char *service_principal);

/** A service event of the trail (RotationStarted, …), AwsServiceEvent. */
void trail_service_event(struct sandbox *s, const char *event_source, const char *event_name,
                         struct json *additional_event_data /* taken over */);

/** The error's text without its code in front. */
struct str error_text(const struct error *err);

/* --- IAM lookups other services need (iam_lookup.c) --- */

/** By profile name or ARN; NULL when unknown. */
const struct json *iam_find_profile(struct world *w, struct str name_or_arn);
const struct json *iam_find_role(struct world *w, struct str name_or_arn);
/** Whether a thing made at created_ms is visible to other services yet. */
bool sandbox_propagated(const struct sandbox *s, int64_t created_ms);

/* --- functions (lambda.c), for secretsmanager's rotation; to run one: lambda.h --- */

/** Whether the function exists and its policy lets the service principal
 * invoke it for this source ARN. */
bool lambda_invocable(struct sandbox *s, const char *function_arn, const char *service_principal,
                      const char *source_arn, bool *exists);

#endif
