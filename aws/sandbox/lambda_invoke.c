/* Invoke: the run happens on a job thread and the answer comes when it ends. */
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"

#define LOG_TAIL_BYTES 4096

struct invocation {
    struct call *call; /* NULL: nobody waits (InvocationType Event) */
    struct lambda_run *run;
    struct buf event, answer;
    bool ok;
    struct error err;
};

static void invocation_free(struct invocation *v)
{
    buf_release(&v->event);
    buf_release(&v->answer);
    mem_free(v);
}

static void work(struct sandbox *s, void *arg)
{
    struct invocation *v = arg;

    (void)s;
    v->ok = lambda_run_invoke(v->run, buf_str(&v->event), &v->answer, &v->err);
}

static void put_base64(struct json *out, const char *member, struct str bytes)
{
    CLEANUP(buf_release) struct buf text = {0};

    buf_add_base64(&text, bytes.data, bytes.len);
    json_put_str(out, member, buf_str(&text));
}

static void done(struct sandbox *s, void *arg)
{
    struct invocation *v = arg;
    struct call *c = v->call;

    (void)s;
    if (c) {
        struct str log = lambda_run_log(v->run);

        if (!v->ok)
            lambda_failure(&v->err, &v->answer);
        c->out = json_of("ExecutedVersion", "$LATEST", "FunctionError", v->ok ? NULL : "Unhandled", NULL);
        json_put_int(c->out, "StatusCode", 200);
        put_base64(c->out, "Payload", str_trim(buf_str(&v->answer)));
        if (strcmp(json_get_text(c->in, "LogType"), "Tail") == 0)
            put_base64(c->out, "LogResult",
                       str_slice(log, log.len > LOG_TAIL_BYTES ? log.len - LOG_TAIL_BYTES : 0, log.len));
    }
    lambda_run_finish(v->run);
    invocation_free(v);
    if (c)
        call_finish(c, NULL);
}

static bool read_event(struct call *c, struct buf *event, struct error *err)
{
    struct str payload = json_str(json_get(c->in, "Payload"));
    struct error problem;

    if (payload.len == 0) {
        buf_adds(event, "{}");
        return true;
    }
    if (!buf_add_unbase64(event, payload) || !json_check(buf_str(event), NULL, &problem))
        return error_aws(err, "InvalidRequestContentException", "Could not parse request body into json.");
    return true;
}

bool lambda_invoke(struct call *c, struct error *err)
{
    const char *type = json_get_text(c->in, "InvocationType");
    struct str name = json_str(json_get(c->in, "FunctionName"));
    struct invocation *v;

    if (!lambda_exists(c, err))
        return false;
    if (strcmp(type, "DryRun") == 0) {
        c->out = json_object();
        json_put_int(c->out, "StatusCode", 204);
        return true;
    }
    v = mem_alloc(sizeof(*v));
    if (!read_event(c, &v->event, err) || !lambda_run_new(c->sandbox, name, &v->run, err)) {
        invocation_free(v);
        return false;
    }
    if (strcmp(type, "Event") == 0) {
        c->out = json_object();
        json_put_int(c->out, "StatusCode", 202);
    } else {
        v->call = c;
        call_defer(c);
    }
    sandbox_job(c->sandbox, work, done, v);
    return true;
}
