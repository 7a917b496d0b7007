#include "aws/protocol/protocol.h"

#include "aws/protocol/wire.h"

#include <stdio.h>

static bool refuse(struct error *err, int status, const char *code, const char *text)
{
    error_aws(err, code, text);
    err->http_status = status;
    return false;
}

static bool unknown_target(struct error *err)
{
    return refuse(err, 400, "UnknownOperationException", "");
}

/* Facts 6.2: what a REST front says to a path nobody serves. */
static bool unknown_path(struct error *err)
{
    return refuse(err, 403, "AccessDeniedException",
                  "Unable to determine service/operation name to be authorized");
}

static bool route_target(const char *target, const struct aws_service **service,
                         const struct aws_operation **op, struct error *err)
{
    for (size_t i = 0; aws_services[i]; i++) {
        const char *prefix = aws_services[i]->target_prefix;
        size_t len = prefix ? strlen(prefix) : 0;

        if (!prefix || strncmp(target, prefix, len) != 0 || target[len] != '.')
            continue;
        *service = aws_services[i];
        *op = model_operation(*service, target + len + 1);
        return *op || unknown_target(err);
    }
    return unknown_target(err);
}

/* A field of the query string, else of the body. */
static bool form_field(const struct http_request *req, const char *name, struct buf *value, bool *found)
{
    if (!form_find(str_of(req->query), name, value, found))
        return false;
    if (!*found && !form_find(buf_str(&req->body), name, value, found))
        return false;
    /* It may be quoted in the answer. */
    return str_is_utf8(buf_str(value)) && str_find_char(buf_str(value), '\0') == value->len;
}

static bool unknown_action(const struct aws_service *service, const char *action, const char *version,
                           struct error *err)
{
    char text[512]; /* action and version are at most 256 and 64 bytes */

    if (service && service->protocol == AWS_EC2)
        snprintf(text, sizeof text, "The action %s is not valid for this web service.", action);
    else
        snprintf(text, sizeof text, "Could not find operation %s for version %s", action,
                 version[0] ? version : "NO_VERSION_SPECIFIED");
    return refuse(err, 400, "InvalidAction", text);
}

/* Unsigned: the version is the service's own, as far as it is one's alone. */
static const struct aws_service *service_of_version(const char *version)
{
    const struct aws_service *found = NULL;

    for (size_t i = 0; aws_services[i]; i++) {
        const struct aws_service *s = aws_services[i];

        if ((s->protocol != AWS_QUERY && s->protocol != AWS_EC2) || strcmp(s->api_version, version) != 0)
            continue;
        if (found)
            return NULL;
        found = s;
    }
    return found;
}

/* action and version are as the form has them. */
static bool route_action(const char *action, const char *version, const struct aws_service **service,
                         const struct aws_operation **op, struct error *err)
{
    if (!*service)
        *service = service_of_version(version);
    if (*service && strcmp(version, (*service)->api_version) == 0)
        *op = model_operation(*service, action);
    return *op || unknown_action(*service, action, version, err);
}

static bool route_path(const struct http_request *req, const struct aws_service *only,
                       const struct aws_service **service, const struct aws_operation **op, struct error *err)
{
    size_t best = 0;

    for (size_t i = 0; aws_services[i]; i++) {
        const struct aws_service *s = aws_services[i];

        if (s->protocol != AWS_REST_JSON || (only && only != s))
            continue;
        for (size_t j = 0; j < s->operation_count; j++) {
            size_t match = strcmp(s->operations[j].http_method, req->method) == 0
                               ? rest_match(s->operations[j].uri, req->path)
                               : 0;

            if (match <= best)
                continue;
            best = match;
            *service = s;
            *op = &s->operations[j];
        }
    }
    return *op || unknown_path(err);
}

static const struct aws_service *service_of_scope(struct str scope)
{
    for (size_t i = 0; aws_services[i]; i++)
        if (str_is(scope, aws_services[i]->signing_name))
            return aws_services[i];
    return NULL;
}

bool protocol_route(const struct http_request *req, struct str scope_service,
                    const struct aws_service **service, const struct aws_operation **op, struct error *err)
{
    CLEANUP(buf_release) struct buf action = {.limit_bytes = 256};
    CLEANUP(buf_release) struct buf version = {.limit_bytes = 64};
    const char *target = http_headers_find(&req->headers, "X-Amz-Target");
    bool has_action, has_version;

    *op = NULL;
    *service = NULL;
    if (target)
        return route_target(target, service, op, err);
    *service = service_of_scope(scope_service);
    if (*service && (*service)->protocol == AWS_JSON_1_1)
        return unknown_target(err);
    if (*service && (*service)->protocol == AWS_REST_JSON)
        return route_path(req, *service, service, op, err);
    if (!form_field(req, "Action", &action, &has_action) ||
        !form_field(req, "Version", &version, &has_version))
        return refuse(err, 400, "MalformedInput", "The request is not a well-formed form");
    if (has_action)
        return route_action(buf_text(&action), buf_text(&version), service, op, err);
    if (*service)
        return refuse(err, 400, "MissingAction", "The request must contain the parameter Action");
    return route_path(req, NULL, service, op, err);
}
