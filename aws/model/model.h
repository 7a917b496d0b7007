/* What AWS operations look like: names, wire names, shapes and constraints,
 * one table per service, drawn from the public service models by
 * aws/model/generate.py. Client, sandbox, parameter checks, explain, policy
 * and redactor read the same rows. Constant data; nothing here does work. */
#ifndef AWS_MODEL_MODEL_H
#define AWS_MODEL_MODEL_H

#include "aws/common/str.h"

enum aws_protocol { AWS_QUERY, AWS_EC2, AWS_JSON_1_1, AWS_REST_JSON };

enum shape_type {
    SHAPE_STRUCTURE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRING,
    SHAPE_INTEGER, /* integer and long */
    SHAPE_DOUBLE,  /* float and double */
    SHAPE_BOOLEAN,
    SHAPE_TIMESTAMP,
    SHAPE_BLOB
};

enum member_location { IN_BODY, IN_HEADER, IN_QUERY, IN_URI, IN_STATUS };

enum timestamp_form { TIMESTAMP_DEFAULT, TIMESTAMP_ISO8601, TIMESTAMP_EPOCH, TIMESTAMP_HTTP };

struct model_shape;

struct model_member {
    const char *name; /* "InstanceIds", as in the public model */
    const struct model_shape *shape;
    const char *wire;  /* name on the wire in requests (query: locationName or
                                        name; ec2: queryName, else capitalised locationName;
                                        json: locationName or name) */
    const char *reply; /* name in replies (XML element or JSON key) */
    enum member_location location;
    enum timestamp_form timestamp;
    bool required;
    bool flattened; /* list without a member level */
    bool idempotency_token;
    bool encoded_document; /* IAM policy document: percent-encoded in replies */
    bool sensitive;
};

struct model_shape {
    const char *name;
    enum shape_type type;
    const struct model_member *members; /* structure; list: [0] is the element;
                                           map: [0] key, [1] value */
    size_t count;
    int64_t min, max;          /* length, count or value; -1 when not given */
    const char *pattern;       /* ECMA-like, NULL when none */
    const char *const *values; /* enumeration, NULL-terminated; NULL when none */
    bool sensitive;
    bool payload_blob;
};

struct model_error {
    const char *shape; /* "NoSuchEntityException" */
    const char *code;  /* on the wire: "NoSuchEntity" */
    int status;
    bool retryable;
    bool throttle;
    bool sender; /* Sender, else Receiver */
};

struct aws_service;

/* Resource templates. Several are separated by a space: all have to be allowed.
 *   {Member}       an input member; a list stands for each of its elements. A
 *                  value that is an ARN already stands for the whole template.
 *   {Member|text}  the same, with what to use when the member is absent.
 * A template whose member is absent without a default is left out; when none
 * is left, "*". {partition} {region} {account} are the request's. The other
 * lower-case words are looked up in the world:
 *   {secret}       the ARN with suffix of the secret SecretId names; when there
 *                  is none, arn:…:secret:SecretId
 *   {user}         UserName, or the caller's when absent
 *   {instance}     the instance of the association AssociationId names
 *   {id-type}      the type word of an EC2 id's prefix: i- "instance", sg-
 *                  "security-group", …
 *   {key}          the ARN of the key KeyId names
 * IAM names stand behind the path "/"; for an entity with another path the
 * world's ARN holds. */
struct aws_operation {
    const struct aws_service *service;
    const char *name; /* "CreateRole" */
    const char *http_method;
    const char *uri;                          /* "/2015-03-31/functions/{FunctionName}" */
    int http_status;                          /* of a success, 200 unless the model says else */
    const char *result_wrapper;               /* "CreateRoleResult", NULL when none */
    const struct model_shape *input, *output; /* NULL when none */
    const char *input_payload;                /* rest-json: member that is the body, NULL when none */
    const char *output_payload;
    const struct model_error *const *errors;                             /* NULL-terminated */
    const char *page_token_in, *page_token_out, *page_items, *page_size; /* NULL: not paged */
    /* From aws/model/overlay.py, by hand: */
    bool mutates;      /* changes the account's state */
    bool resend_safe;  /* may be sent again after a lost reply */
    const char *token; /* idempotency member, NULL when none */
    int timeout_ms;
    const char *action;    /* "iam:CreateRole" */
    const char *resource;  /* template, "arn:{partition}:iam::{account}:role/{RoleName}"; "*" */
    bool unsigned_request; /* AssumeRoleWithWebIdentity */
    bool in_trail;         /* recorded as a management event */
    bool reads;            /* readOnly in the trail */
};

struct aws_service {
    const char *id;         /* "secretsmanager", "logs", "ec2": the public model's folder */
    const char *env_suffix; /* "SECRETS_MANAGER", for AWS_ENDPOINT_URL_… */
    const char *config_id;  /* "secrets_manager", in [services] blocks */
    const char *endpoint_prefix;
    const char *signing_name;
    const char *api_version;
    const char *target_prefix; /* json-1.1, without the dot */
    const char *xml_namespace;
    const char *event_source; /* "secretsmanager.amazonaws.com" */
    enum aws_protocol protocol;
    bool global;                            /* IAM */
    const struct aws_operation *operations; /* sorted by name */
    size_t operation_count;
    const char *throttle_code; /* facts 3.2 */
    int throttle_status;
    const char *throttle_message;
    const char *denied_code; /* facts 3.1 */
    int denied_status;
};

extern const struct aws_service *const aws_services[]; /* NULL-terminated */

/** NULL when unknown. */
const struct aws_service *model_service(const char *id);
const struct aws_operation *model_operation(const struct aws_service *service, const char *name);
const struct model_member *model_member(const struct model_shape *structure, const char *name);

/** The row for a wire code (modelled for the operation, or common to all
 * services); NULL when neither knows it. */
const struct model_error *model_error_find(const struct aws_operation *operation, const char *code);

/** The same for an operation that is not known: the codes common to all
 * services that speak service's protocol. */
const struct model_error *model_error_common(const struct aws_service *service, const char *code);

/** facts 3.2: throttling and transient codes known for every service. */
bool model_code_is_throttle(const char *code);
bool model_code_is_transient(const char *code);

#endif
