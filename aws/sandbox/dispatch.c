/* One request from bytes to bytes: route, verify the signature, decode, check
 * the parameters, find the resource, authorise, handle, record, encode. */
#include "aws/sandbox/core.h"

#include "aws/common/mem.h"
#include "aws/protocol/protocol.h"
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/trail.h"

#include <stdio.h>
#include <stdlib.h>

/* The services that are there, a row each. */
static const struct handler_table *const services[] = {
    &sts_handlers,    &cloudtrail_handlers, &secretsmanager_handlers,
    &lambda_handlers, &logs_handlers,       &ec2_handlers,
    &rds_handlers,    &iam_handlers,        &cloudformation_handlers,
    &ssm_handlers,    &kms_handlers,
};

struct work *work_new(struct sandbox *s, const struct http_request *request, void (*done)(struct work *w),
                      void *arg)
{
    struct work *w = mem_alloc(sizeof *w);

    w->request = request;
    w->done = done;
    w->arg = arg;
    w->call.sandbox = s;
    w->call.world = s->world;
    w->call.now_ms = sandbox_now_ms(s);
    random_uuid(&s->random, w->call.request_id);
    return w;
}

void work_free(struct work *w)
{
    if (!w)
        return;
    json_free(w->in);
    json_free(w->call.out);
    json_free(w->call.context);
    json_free(w->call.trail_request);
    json_free(w->call.trail_response);
    json_free(w->call.trail_extra);
    http_response_release(&w->response);
    mem_free(w);
}

/* --- the reply --- */

struct str error_text(const struct error *err)
{
    struct str text = str_of(err->message), code = str_of(err->remote_code);

    if (code.len && str_starts(text, code) && str_starts(str_slice(text, code.len, text.len), STR(": ")))
        return str_slice(text, code.len + 2, text.len);
    return text;
}

static void add_header(struct http_response *r, const char *name, const char *value)
{
    struct error ignored;

    /* Fails only for control bytes, which our own names and ids do not have. */
    if (!http_headers_set(&r->headers, name, str_of(value), &ignored))
        http_headers_remove(&r->headers, name);
}

/** A refusal before any service is known. */
static void encode_unrouted(struct work *w)
{
    struct buf *body = &w->response.body;

    w->response.status = w->err.http_status ? w->err.http_status : 403;
    add_header(&w->response, "Content-Type", "application/json");
    add_header(&w->response, "x-amzn-errortype", w->err.remote_code);
    buf_adds(body, "{\"__type\":");
    json_write_string(str_of(w->err.remote_code), body);
    buf_adds(body, ",\"message\":");
    json_write_string(error_text(&w->err), body);
    buf_adds(body, "}");
}

static void encode(struct work *w)
{
    const struct call *c = &w->call;

    if (w->ok)
        protocol_encode_response(c->op, c->out, c->request_id, &w->response);
    else if (c->service)
        protocol_encode_error(c->service, c->op, &w->err, c->request_id, &w->response);
    else
        encode_unrouted(w);
    add_header(&w->response, "x-amzn-RequestId", c->request_id);
}

static void finish(struct work *w)
{
    struct call *c = &w->call;

    if (!w->ok && w->err.code != ERR_AWS) {
        /* A handler's own trouble: the client sees AWS's word for it. */
        char text[sizeof w->err.message];

        (void)snprintf(text, sizeof text, "%s", w->err.message);
        error_aws(&w->err, "InternalFailure", text);
        w->err.http_status = 500;
    }
    if (w->recorded && c->op->in_trail)
        trail_record(c->sandbox->trail, c, w->ok ? NULL : &w->err);
    if (w->request)
        encode(w);
    if (c->sandbox->record)
        record_write(c->sandbox->record, w);
    w->done(w);
}

void call_defer(struct call *c)
{
    ((struct work *)c)->deferred = true;
}

void call_finish(struct call *c, const struct error *err)
{
    struct work *w = (struct work *)c;

    w->ok = err == NULL;
    if (err)
        w->err = *err;
    finish(w);
}

/* --- from parameters to the handler --- */

static int compare_row(const void *key, const void *row)
{
    return strcmp(key, ((const struct handler *)row)->operation);
}

static const struct handler *find_handler(const struct aws_service *service, const struct aws_operation *op)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        if (strcmp(services[i]->service, service->id) == 0)
            return bsearch(op->name, services[i]->rows, services[i]->count, sizeof(struct handler),
                           compare_row);
    return NULL;
}

/** What AWS says to an operation it does not have. */
static bool refuse_operation(struct call *c, struct error *err)
{
    char text[256];

    switch (c->service->protocol) {
    case AWS_JSON_1_1:
        error_aws(err, "UnknownOperationException", "");
        break;
    case AWS_REST_JSON:
        error_aws(err, "AccessDeniedException",
                  "Unable to determine service/operation name to be authorized");
        err->http_status = 403;
        return false;
    case AWS_QUERY:
    case AWS_EC2:
        (void)snprintf(text, sizeof text, "The action %s is not valid for this web service.", c->op->name);
        error_aws(err, "InvalidAction", text);
        break;
    }
    err->http_status = 400;
    return false;
}

/** EC2's DryRun stops after the permission was found. */
static bool refuse_dry_run(const struct call *c, struct error *err)
{
    if (c->service->protocol != AWS_EC2 || !json_bool(json_get(c->in, "DryRun"), false))
        return true;
    error_aws(err, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
    err->http_status = 412;
    return false;
}

static bool carry_out(struct work *w)
{
    struct call *c = &w->call;
    const struct handler *row = find_handler(c->service, c->op);

    w->recorded = true;
    if (!row)
        return refuse_operation(c, &w->err);
    if (!protocol_check_input(c->op, c->in, true, &w->err))
        return false;
    if (row->target)
        row->target(c);
    return authorize_call(c, row, &w->err) && refuse_dry_run(c, &w->err) && row->handle(c, &w->err);
}

static bool serve(struct work *w)
{
    struct call *c = &w->call;
    struct sigv4_claim claim = {0};
    struct sigv4_verdict verdict = {0};
    const char *agent = http_headers_find(&w->request->headers, "User-Agent");

    (void)snprintf(c->user_agent, sizeof c->user_agent, "%s", agent ? agent : "");
    (void)sigv4_read_claim(w->request, &claim, &verdict); /* its service helps to route; judged below */
    if (!protocol_route(w->request, claim.service, &c->service, &c->op, &w->err))
        return false;
    if (!principal_verify(w, &claim, &verdict))
        return false;
    /* Before the call is looked at: none of these leaves a trace in the trail. */
    w->fault = faults_draw(c->sandbox->faults, c->op);
    if (w->fault == FAULT_THROTTLE || w->fault == FAULT_ERROR)
        return faults_refuse(c->sandbox->faults, c->service, w->fault, &w->err);
    if (w->fault == FAULT_RESET)
        return error_set(&w->err, ERR_UNREACHABLE, "connection reset");
    if (!protocol_decode_request(c->op, w->request, &w->in, &w->err)) {
        w->recorded = w->in != NULL;
        return false;
    }
    c->in = w->in;
    return carry_out(w);
}

void dispatch_request(struct work *w)
{
    w->ok = serve(w);
    if (!w->deferred || !w->ok)
        finish(w);
}

void dispatch_inside(struct work *w, const char *access_key_id, const char *service, const char *operation,
                     struct json *in)
{
    struct call *c = &w->call;

    w->in = in;
    c->in = in;
    c->service = model_service(service);
    c->op = c->service ? model_operation(c->service, operation) : NULL;
    if (!c->op) {
        error_aws(&w->err, "UnknownOperationException", operation);
    } else if (!principal_find(c->sandbox, access_key_id, &c->principal)) {
        error_aws(&w->err, "ExpiredTokenException", "The security token included in the request is expired");
    } else {
        /* A function leaves through its network's address translation. */
        (void)snprintf(c->source_ip, sizeof c->source_ip, "%s", "203.0.113.25");
        w->ok = carry_out(w);
    }
    if (!w->deferred || !w->ok)
        finish(w);
}
