#include "aws/model/model.h"

#include "aws/model/services.h"

#include <stdlib.h>

const struct aws_service *const aws_services[] = {
    &service_sts,    &service_iam,        &service_secretsmanager,
    &service_ec2,    &service_rds,        &service_cloudformation,
    &service_lambda, &service_cloudtrail, &service_ssm,
    &service_logs,   &service_kms,        NULL,
};

/* Which protocols spell an error this way. */
enum spelling { IN_QUERY_FAMILY = 1, IN_EC2 = 2, IN_JSON = 4, IN_REST = 8, IN_ALL = 15 };

/* For the rows below: an error without a shape of its own. */
#define ROW(word, http, ...) .error = {.shape = word, .code = word, .status = http, __VA_ARGS__}
#define SENDER .sender = true
#define THROTTLE .retryable = true, .throttle = true, .sender = true

static const struct common_error {
    unsigned protocols;
    struct model_error error;
} common_errors[] = {
    /* Facts 3.1: permission. */
    {IN_QUERY_FAMILY, ROW("AccessDenied", 403, SENDER)},
    {IN_JSON, ROW("AccessDeniedException", 400, SENDER)},
    {IN_REST, ROW("AccessDeniedException", 403, SENDER)},
    {IN_EC2, ROW("UnauthorizedOperation", 403, SENDER)},
    {IN_EC2, ROW("DryRunOperation", 412, SENDER)},
    /* Facts 6.2: authentication. */
    {IN_QUERY_FAMILY, ROW("MissingAuthenticationToken", 403, SENDER)},
    {IN_JSON, ROW("MissingAuthenticationTokenException", 400, SENDER)},
    {IN_REST, ROW("MissingAuthenticationTokenException", 403, SENDER)},
    {IN_EC2, ROW("AuthFailure", 401, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("IncompleteSignature", 400, SENDER)},
    {IN_JSON, ROW("IncompleteSignatureException", 400, SENDER)},
    {IN_REST, ROW("IncompleteSignatureException", 403, SENDER)},
    {IN_QUERY_FAMILY, ROW("InvalidClientTokenId", 403, SENDER)},
    {IN_JSON, ROW("UnrecognizedClientException", 400, SENDER)},
    {IN_REST, ROW("UnrecognizedClientException", 403, SENDER)},
    {IN_QUERY_FAMILY, ROW("ExpiredToken", 403, SENDER)},
    {IN_JSON, ROW("ExpiredTokenException", 400, SENDER)},
    {IN_REST, ROW("ExpiredTokenException", 403, SENDER)},
    {IN_EC2, ROW("RequestExpired", 400, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("SignatureDoesNotMatch", 403, SENDER)},
    {IN_JSON, ROW("InvalidSignatureException", 400, SENDER)},
    {IN_REST, ROW("InvalidSignatureException", 403, SENDER)},
    {IN_EC2, ROW("OptInRequired", 401, SENDER)},
    /* Routing and parameters: an operation nobody knows, a value that does not fit. */
    {IN_JSON, ROW("UnknownOperationException", 400, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("InvalidAction", 400, SENDER)},
    {IN_JSON | IN_REST, ROW("SerializationException", 400, SENDER)},
    {IN_JSON | IN_REST, ROW("ValidationException", 400, SENDER)},
    {IN_QUERY_FAMILY, ROW("ValidationError", 400, SENDER)},
    {IN_QUERY_FAMILY, ROW("MalformedInput", 400, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("MissingParameter", 400, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("UnknownParameter", 400, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("InvalidParameterValue", 400, SENDER)},
    {IN_QUERY_FAMILY | IN_EC2, ROW("InvalidParameterCombination", 400, SENDER)},
    /* Facts 3.2: slow down. */
    {IN_ALL & ~IN_EC2, ROW("Throttling", 400, THROTTLE)},
    {IN_ALL & ~IN_EC2, ROW("ThrottlingException", 400, THROTTLE)},
    {IN_ALL, ROW("TooManyRequestsException", 429, THROTTLE)},
    {IN_ALL, ROW("RequestLimitExceeded", 503, THROTTLE)},
    {IN_ALL, ROW("SlowDown", 503, THROTTLE)},
    /* The service's own trouble. */
    {IN_ALL, ROW("InternalFailure", 500, .retryable = true)},
    {IN_ALL, ROW("InternalError", 500, .retryable = true)},
    {IN_ALL, ROW("InternalServerError", 500, .retryable = true)},
    {IN_ALL, ROW("ServiceUnavailable", 503, .retryable = true)},
    {IN_ALL, ROW("ServiceUnavailableException", 503, .retryable = true)},
    {IN_EC2, ROW("Unavailable", 503, .retryable = true)},
};

/* Facts 3.2, "throttling codes" and "transient". */
static const char *const throttle_codes[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    NULL,
};
static const char *const transient_codes[] = {
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
    NULL,
};

static bool listed(const char *const *list, const char *code)
{
    for (; code && *list; list++)
        if (strcmp(*list, code) == 0)
            return true;
    return false;
}

static unsigned spelling_of(enum aws_protocol protocol)
{
    switch (protocol) {
    case AWS_QUERY:
        return IN_QUERY_FAMILY;
    case AWS_EC2:
        return IN_EC2;
    case AWS_JSON_1_1:
        return IN_JSON;
    case AWS_REST_JSON:
        return IN_REST;
    }
    return 0;
}

const struct aws_service *model_service(const char *id)
{
    for (size_t i = 0; id && aws_services[i]; i++)
        if (strcmp(aws_services[i]->id, id) == 0)
            return aws_services[i];
    return NULL;
}

static int by_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct aws_operation *)row)->name);
}

const struct aws_operation *model_operation(const struct aws_service *service, const char *name)
{
    if (!service || !name)
        return NULL;
    return bsearch(name, service->operations, service->operation_count, sizeof *service->operations, by_name);
}

const struct model_member *model_member(const struct model_shape *structure, const char *name)
{
    for (size_t i = 0; structure && name && i < structure->count; i++)
        if (strcmp(structure->members[i].name, name) == 0)
            return &structure->members[i];
    return NULL;
}

const struct model_error *model_error_common(const struct aws_service *service, const char *code)
{
    if (!service || !code)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(common_errors); i++)
        if ((common_errors[i].protocols & spelling_of(service->protocol)) != 0 &&
            strcmp(common_errors[i].error.code, code) == 0)
            return &common_errors[i].error;
    return NULL;
}

const struct model_error *model_error_find(const struct aws_operation *operation, const char *code)
{
    if (!operation || !code)
        return NULL;
    for (const struct model_error *const *e = operation->errors; e && *e; e++)
        if (strcmp((*e)->code, code) == 0)
            return *e;
    return model_error_common(operation->service, code);
}

bool model_code_is_throttle(const char *code)
{
    return listed(throttle_codes, code);
}

bool model_code_is_transient(const char *code)
{
    return listed(transient_codes, code);
}
