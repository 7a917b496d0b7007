/* Stacks: templates whose resources are rotation schedules, and the nested
 * stack that AWS's transform makes of a hosted rotation function (facts 2.7).
 * A stack moves on by timers of service time, spread over stack_ms. Loop only. */
#ifndef AWS_SANDBOX_CLOUDFORMATION_H
#define AWS_SANDBOX_CLOUDFORMATION_H

#include "aws/crypto/digest.h"
#include "aws/sandbox/call.h"

#define STACK_KIND "cloudformation.stack"
#define STACK_TYPE "AWS::CloudFormation::Stack"
#define SCHEDULE_TYPE "AWS::SecretsManager::RotationSchedule"

/* --- templates (cloudformation_template.c), pure --- */

/* What names in a template stand for. */
struct template_scope {
    const struct json *parameters; /* {name: text}, pseudo parameters included */
    const struct json *resources;  /* {logical id: what Ref gives}; NULL while none exists */
};

/** JSON or YAML to JSON, with the mistakes of form that AWS refuses: no
 * resources, unknown sections, resource types that are not there. ValidationError. */
MUST_USE bool template_read(struct str text, struct json **out, struct error *err);
/** Values of the template's parameters from those given (a list of
 * {ParameterKey, ParameterValue}) and the defaults, put into `values`. */
MUST_USE bool template_parameters(const struct json *document, const struct json *given, struct json *values,
                                  struct error *err);
/** value with Ref, Fn::Sub and Fn::Join carried out. */
MUST_USE bool template_resolve(const struct json *value, const struct template_scope *scope,
                               struct json **out, struct error *err);
/** The names of the template's transforms, as a new list. */
struct json *template_transforms(const struct json *document);
/** Capabilities that the template needs, as a new list. */
struct json *template_capabilities(const struct json *document);
/** Whether a resource has a hosted function, which the transform turns into a
 * nested stack. */
bool template_is_hosted(const struct json *resource);

/* --- what a call asks for (cloudformation_request.c) --- */

/** The template of the request. ValidationError. */
MUST_USE bool request_template(const struct json *in, struct json **document, struct error *err);
/** The request with the stack's template and parameter values put in where it
 * says to use the previous ones, as a new object. stack NULL for none. */
MUST_USE bool request_whole(const struct json *in, const struct json *stack, struct json **whole,
                            struct error *err);
/** All that can be refused before anything is changed. Gives the template and,
 * when `schedules` is not NULL, its resources with everything resolved. */
MUST_USE bool request_check(struct call *c, const struct json *in, const char *stack_id,
                            struct json **document, struct json **schedules, struct error *err);
/** What a stack keeps of a request that passed request_check, but not its
 * schedules. */
void request_fill(struct call *c, const struct json *in, const struct json *document, struct json *stack);
/** One digest for "the same request": a repeated token has to repeat it. */
void request_digest(const struct json *in, char out[SHA256_HEX]);
bool request_has_text(const struct json *list, const char *text);

/* --- stacks (cloudformation_stack.c, cloudformation.c) --- */

MUST_USE bool stack_check_name(struct str name, struct error *err);
/** The same for a new stack, schedules and rollback included. */
void stack_fill_new(struct call *c, const struct json *in, const struct json *document, struct json *stack);

/** By id, or by the name of one that is not deleted. NULL when there is none. */
const struct json *stack_find(struct sandbox *s, struct str name_or_id);
struct json *stack_edit(struct sandbox *s, const char *stack_id);
/** A new stack in the world with CREATE_IN_PROGRESS; parent NULL for a root. */
struct json *stack_new(struct sandbox *s, const char *name, const struct json *parent);
/** Sets the stack's own status and writes its event. reason may be NULL. */
void stack_status(struct sandbox *s, struct json *stack, const char *status, const char *reason);
/** The same for a resource of the stack; adds it when it is new. */
void stack_resource(struct sandbox *s, struct json *stack, const char *logical, const char *type,
                    const char *physical, const char *status, const char *reason);
const struct json *stack_resource_find(const struct json *stack, const char *logical);
bool stack_in_progress(const struct json *stack);

/* --- what happens over time (cloudformation_run.c) --- */

/** Starts what the stack's member `schedules` describes. */
void stack_create_start(struct sandbox *s, struct json *stack);
/** Carries out the member `change` of each of the stack's schedules: "create",
 * "delete", "update" (from the member `before`) or "keep". What the stack was
 * is kept in its member `previous`, for a rollback. */
void stack_update_start(struct sandbox *s, struct json *stack);
/** Takes everything down again. keep: logical ids to leave, NULL none. */
void stack_delete_start(struct sandbox *s, struct json *stack, const struct json *keep);

/* One step on its way: the stack, one of its schedules, and who asked. */
struct stack_step {
    struct sandbox *sandbox;
    struct json *stack;    /* the root stack */
    struct json *schedule; /* {logical, properties, hosted, nested_logical, nested_id, function} */
    struct json *nested;   /* NULL when there is none */
    const char *caller;    /* access key id of who asked for the operation */
    int64_t hold_ms;       /* set by a step that has to be taken again then; 0: it is done */
};

/* Steps of making and of removing (cloudformation_resources.c). Each writes its
 * events; on failure it has written the failed one, and err says why. */
bool resource_nested_begin(struct stack_step *x, struct error *err);
bool resource_role_create(struct stack_step *x, struct error *err);
bool resource_function_create(struct stack_step *x, struct error *err);
bool resource_permission_create(struct stack_step *x, struct error *err);
bool resource_nested_end(struct stack_step *x, struct error *err);
bool resource_schedule_create(struct stack_step *x, struct error *err);
bool resource_schedule_update(struct stack_step *x, struct error *err);
bool resource_schedule_delete(struct stack_step *x, struct error *err);
bool resource_nested_delete_begin(struct stack_step *x, struct error *err);
bool resource_permission_delete(struct stack_step *x, struct error *err);
bool resource_function_delete(struct stack_step *x, struct error *err);
bool resource_role_delete(struct stack_step *x, struct error *err);
bool resource_nested_delete_end(struct stack_step *x, struct error *err);

/** Writes a failed resource's event in the words of its handler; returns false. */
bool stack_resource_failed(struct stack_step *x, struct json *stack, const char *logical, const char *type,
                           const char *status, const char *service, const struct error *err);

/** Whether the caller of the operation may do this: an action that is checked
 * although no operation of the sandbox performs it. */
MUST_USE bool stack_caller_may(struct stack_step *x, const char *service, const char *action,
                               const char *resource, struct error *err);

/* --- handlers of cloudformation_read.c --- */
bool cloudformation_describe_stacks(struct call *c, struct error *err);
bool cloudformation_describe_events(struct call *c, struct error *err);
bool cloudformation_describe_resources(struct call *c, struct error *err);
bool cloudformation_describe_resource(struct call *c, struct error *err);
bool cloudformation_list_resources(struct call *c, struct error *err);
bool cloudformation_list_stacks(struct call *c, struct error *err);
bool cloudformation_get_template(struct call *c, struct error *err);
bool cloudformation_describe_operation_events(struct call *c, struct error *err);

/* --- changing stacks (cloudformation_update.c) --- */

/** What the wanted schedules come to, beside those of the stack: the list that
 * stack_update_start carries out. */
struct json *stack_changes(const struct json *now, const struct json *wanted, bool *any);
/** A stack with this status takes an update. ValidationError. */
MUST_USE bool stack_check_update(const struct json *stack, struct error *err);
/** Whether the whole request changes the stack; changes as of stack_changes. */
MUST_USE bool stack_compare(struct call *c, const struct json *whole, const struct json *stack,
                            struct json **document, struct json **changes, bool *any, struct error *err);
/** Begins the update that stack_compare found. Takes `changes` over. */
void stack_apply(struct call *c, const struct json *whole, const struct json *document, struct json *changes,
                 struct json *stack);
bool cloudformation_update_stack(struct call *c, struct error *err);

/* --- change sets (cloudformation_change_set.c) --- */
bool cloudformation_create_change_set(struct call *c, struct error *err);
bool cloudformation_describe_change_set(struct call *c, struct error *err);
bool cloudformation_execute_change_set(struct call *c, struct error *err);
bool cloudformation_delete_change_set(struct call *c, struct error *err);

/** After a restart: stacks in progress go on. */
void stacks_resume(struct sandbox *s);

#endif
