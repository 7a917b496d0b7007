/* JSON in and out, whatever the wire: query, ec2, json-1.1 and rest-json, both
 * directions, from the model's rows. In JSON, members are named as in the
 * public model, timestamps are epoch numbers, blobs base64, policy documents
 * decoded strings, and an empty list is not an absent one. Facts 2.1, 3.1. */
#ifndef AWS_PROTOCOL_PROTOCOL_H
#define AWS_PROTOCOL_PROTOCOL_H

#include "aws/common/error.h"
#include "aws/common/json.h"
#include "aws/http/message.h"
#include "aws/model/model.h"

/* --- parameters --- */

/** Checks the parameters against the input shape: required, types, lengths,
 * ranges, enumerations, unknown members (named with their path). A refusal is
 * an ERR_AWS with the code that service uses (ValidationException,
 * ValidationError, MissingParameter, InvalidParameterValue, …). Patterns only
 * when with_patterns. */
MUST_USE bool protocol_check_input(const struct aws_operation *op, const struct json *in, bool with_patterns,
                                   struct error *err);

/* --- the client's side --- */

/** Method, path, query, headers (Content-Type, X-Amz-Target) and body, without
 * Host and signature. Unknown members are ERR_USAGE naming the path. Missing
 * idempotency tokens are the caller's matter. */
MUST_USE bool protocol_encode_request(const struct aws_operation *op, const struct json *in,
                                      struct http_request *out, struct error *err);

/** A reply as output JSON (status under 300) or as an error: code ERR_AWS with
 * remote_code normalised (facts 3.1), message, request_id, http_status,
 * retryable and throttle. ERR_SYNTAX when a success does not parse.
 * request_id (64 bytes) is filled on success too; may be NULL. */
MUST_USE bool protocol_decode_response(const struct aws_operation *op, const struct http_response *response,
                                       struct json **out, char *request_id, struct error *err);

/* --- the sandbox's side --- */

/** Which operation a request asks for: X-Amz-Target, else the service of the
 * credential scope (signing name, "" when unsigned) with Action or path. On
 * refusal *service may still be known and err is AWS's own answer
 * (UnknownOperationException, InvalidAction, …). */
MUST_USE bool protocol_route(const struct http_request *req, struct str scope_service,
                             const struct aws_service **service, const struct aws_operation **op,
                             struct error *err);

/** The parameters as the sandbox sees them. Unknown form fields are refused.
 * Values are typed by the model but not otherwise checked. */
MUST_USE bool protocol_decode_request(const struct aws_operation *op, const struct http_request *req,
                                      struct json **in, struct error *err);

/** A success. out may be NULL for an operation without output. */
void protocol_encode_response(const struct aws_operation *op, const struct json *out, const char *request_id,
                              struct http_response *response);

/** An error reply in the service's protocol. The status comes from
 * err->http_status, else the model, else 400. err->remote_code and the text
 * behind it are what the client sees. */
void protocol_encode_error(const struct aws_service *service, const struct aws_operation *op,
                           const struct error *err, const char *request_id, struct http_response *response);

/** AWS's words of an ERR_AWS: the message without what was wrapped around them
 * and without "CODE: ". Borrowed from err; "" when there are none. */
const char *protocol_error_text(const struct error *err);

#endif
