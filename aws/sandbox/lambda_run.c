/* Runs of functions: what a run copies out of the world, the run itself on a
 * job thread, and its log afterwards. */
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/logs.h"
#include "aws/sandbox/refuse.h"

#include "aws/common/mem.h"
#include "aws/common/process.h"

#include <stdio.h>
#include <sys/wait.h>

#define TIMEOUT_DEFAULT_S 30
#define SESSION_S 3600
/* Lambda's own limits: 6 MB of answer; its log is cut far earlier here. */
#define ANSWER_MAX_BYTES (6UL * 1024 * 1024)
#define LOG_MAX_BYTES (256UL * 1024)

struct texts {
    char **items; /* NULL-terminated */
    size_t count, cap;
};

struct lambda_run {
    struct sandbox *sandbox;
    char *function_name, *exclude_characters, *stream;
    bool hosted;
    struct texts argv, env;
    int64_t timeout_s, started_ms;
    char access_key_id[129], request_id[37];
    struct buf log;
};

static void texts_add(struct texts *t, char *owned)
{
    mem_grow(&t->items, &t->cap, t->count + 1, sizeof(t->items[0]));
    t->items[t->count++] = owned;
    t->items[t->count] = NULL;
}

static void texts_release(struct texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        mem_free(t->items[i]);
    mem_free(t->items);
}

static void run_free(struct lambda_run *run)
{
    mem_free(run->function_name);
    mem_free(run->exclude_characters);
    mem_free(run->stream);
    texts_release(&run->argv);
    texts_release(&run->env);
    buf_release(&run->log);
    mem_free(run);
}

static bool env_has(const struct texts *env, const char *entry)
{
    size_t name = str_find_char(str_of(entry), '=') + 1;

    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->items[i], entry, name) == 0)
            return true;
    }
    return false;
}

static void make_env(struct lambda_run *run, const struct json *function, const struct json *session)
{
    struct sandbox *s = run->sandbox;
    const char *const *given = sandbox_settings(s)->function_env;
    const struct json *v;

    texts_add(&run->env, mem_printf("AWS_ACCESS_KEY_ID=%s", json_get_text(session, "AccessKeyId")));
    texts_add(&run->env, mem_printf("AWS_SECRET_ACCESS_KEY=%s", json_get_text(session, "secret")));
    texts_add(&run->env, mem_printf("AWS_SESSION_TOKEN=%s", json_get_text(session, "token")));
    texts_add(&run->env, mem_printf("SECRETS_MANAGER_ENDPOINT=%s", sandbox_url(s)));
    texts_add(&run->env, mem_printf("AWS_LAMBDA_FUNCTION_NAME=%s", run->function_name));
    texts_add(&run->env, mem_printf("AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/%s", run->function_name));
    texts_add(&run->env, mem_printf("AWS_LAMBDA_LOG_STREAM_NAME=%s", run->stream));
    texts_add(&run->env, mem_printf("AWS_REGION=%s", sandbox_region(s)));
    texts_add(&run->env, mem_printf("AWS_DEFAULT_REGION=%s", sandbox_region(s)));
    for (v = json_first(json_path(function, "Environment.Variables")); v; v = json_next(v)) {
        CLEANUP(mem_freep) char *entry = mem_printf("%s=%s", json_key(v), json_text(v));

        if (!env_has(&run->env, entry))
            texts_add(&run->env, mem_dup(entry));
    }
    for (; given && *given; given++) {
        if (!env_has(&run->env, *given))
            texts_add(&run->env, mem_dup(*given));
    }
}

/* "2024/01/31/[$LATEST]0123…": one stream as long as the function is warm, here
 * for the whole of its life. */
static char *stream_of(struct sandbox *s, const char *function_name, int64_t now_ms)
{
    struct json *function = world_edit(sandbox_world(s), FUNCTION_KIND, function_name);
    char hex[33], day[21], name[64];

    if (!json_get(function, "log_stream")) {
        random_text(sandbox_random(s), "0123456789abcdef", hex, 32);
        clock_format_iso(now_ms / 1000, day);
        (void)snprintf(name, sizeof(name), "%.4s/%.2s/%.2s/[$LATEST]%s", day, day + 5, day + 8, hex);
        json_put_text(function, "log_stream", name);
    }
    return mem_dup(json_get_text(function, "log_stream"));
}

bool lambda_run_new(struct sandbox *s, struct str name, struct lambda_run **out, struct error *err)
{
    const struct json *function = lambda_find(sandbox_world(s), name), *session, *a;
    const struct json *exclude = json_path(function, "Environment.Variables.EXCLUDE_CHARACTERS");
    struct str role = json_str(json_get(function, "Role")), part, rest = role;

    if (!function)
        return refuse(err, "ResourceNotFoundException", "Function not found: %.*s", STR_ARG(name));
    while (str_split(&rest, '/', &part))
        role = part;
    CLEANUP(mem_freep) char *role_name = mem_copy(role);
    if (!session_trusts_service(s, role_name, "lambda.amazonaws.com"))
        return error_aws(err, "AccessDeniedException",
                         "The role defined for the function cannot be assumed by Lambda.");
    session = session_make(s, role_name, json_get_text(function, "FunctionName"), "lambda", SESSION_S);
    if (!session)
        return error_aws(err, "AccessDeniedException",
                         "The role defined for the function cannot be assumed by Lambda.");
    struct lambda_run *run = mem_alloc(sizeof(*run));
    run->sandbox = s;
    run->function_name = mem_dup(json_get_text(function, "FunctionName"));
    run->hosted = json_get(function, "hosted") != NULL;
    run->exclude_characters = exclude ? mem_dup(json_text(exclude)) : NULL;
    run->timeout_s = json_int(json_get(function, "Timeout"), TIMEOUT_DEFAULT_S);
    run->started_ms = sandbox_now_ms(s);
    run->log.limit_bytes = LOG_MAX_BYTES;
    random_uuid(sandbox_random(s), run->request_id);
    (void)snprintf(run->access_key_id, sizeof(run->access_key_id), "%s",
                   json_get_text(session, "AccessKeyId"));
    for (a = json_first(json_get(function, "command")); a; a = json_next(a))
        texts_add(&run->argv, mem_copy(json_str(a)));
    run->stream = stream_of(s, run->function_name, run->started_ms);
    if (!run->hosted)
        make_env(run, lambda_find(sandbox_world(s), name), session);
    *out = run;
    return true;
}

static bool run_command(struct lambda_run *run, struct str event, struct buf *answer, struct error *err)
{
    const struct process_options options = {
        .argv = (const char *const *)run->argv.items,
        .env = (const char *const *)run->env.items,
        .new_group = true,
        .cancel_fds = {sandbox_stopping_fd(run->sandbox)},
    };
    int status = 0;

    if (run->argv.count == 0)
        return error_aws(err, "Runtime.InvalidEntrypoint", "The function has no command.");
    answer->limit_bytes = ANSWER_MAX_BYTES;
    if (!process_run(&options, event, (int)run->timeout_s * 1000, answer, &run->log, &status, err)) {
        if (err->code == ERR_TRY_AGAIN)
            return refuse(err, "Sandbox.Timedout",
                          "RequestId: %s Error: Task timed out after %lld.00 seconds", run->request_id,
                          (long long)run->timeout_s);
        if (err->code == ERR_INTERRUPTED)
            return refuse(err, "Runtime.ExitError",
                          "RequestId: %s Error: Runtime exited with error: signal: killed", run->request_id);
        return refuse(err, "Runtime.InvalidEntrypoint", "RequestId: %s Error: Couldn't run the command: %s",
                      run->request_id, run->argv.items[0]);
    }
    if (status == 0 && answer->overflow)
        return error_aws(err, "Function.ResponseSizeTooLarge",
                         "Response payload size exceeded maximum allowed payload size (6291456 bytes).");
    if (status == 0)
        return true;
    return refuse(err, "Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: %s %d",
                  run->request_id, WIFSIGNALED(status) ? "signal" : "exit status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static bool run_hosted(struct lambda_run *run, struct str event, struct buf *answer, struct error *err)
{
    const struct lambda_hosted h = {
        .sandbox = run->sandbox,
        .access_key_id = run->access_key_id,
        .function_name = run->function_name,
        .exclude_characters = run->exclude_characters,
        .log = &run->log,
    };

    buf_adds(answer, "null");
    return lambda_hosted_step(&h, event, err);
}

bool lambda_run_invoke(struct lambda_run *run, struct str event, struct buf *answer, struct error *err)
{
    if (run->hosted ? run_hosted(run, event, answer, err) : run_command(run, event, answer, err))
        return true;
    if (run->log.len > 0 && run->log.data[run->log.len - 1] != '\n')
        buf_addc(&run->log, '\n');
    buf_printf(&run->log, "[ERROR] %s\n", err->message);
    return false;
}

struct str lambda_run_log(const struct lambda_run *run)
{
    return buf_str(&run->log);
}

void lambda_failure(const struct error *err, struct buf *out)
{
    CLEANUP(json_freep) struct json *body = json_of("errorType", err->remote_code, NULL);

    json_put_str(body, "errorMessage", error_text(err));
    buf_reset(out);
    json_write(body, out);
}

/* Takes line over. */
static void log_line(struct lambda_run *run, const char *group, int64_t at_ms, char *line)
{
    logs_append(run->sandbox, group, run->stream, at_ms, str_of(line));
    mem_free(line);
}

void lambda_run_finish(struct lambda_run *run)
{
    if (!run)
        return;
    int64_t now_ms = sandbox_now_ms(run->sandbox);
    long long took_ms = (long long)(now_ms - run->started_ms);
    struct str rest = buf_str(&run->log), line;
    CLEANUP(mem_freep) char *group = mem_printf("/aws/lambda/%s", run->function_name);

    log_line(run, group, run->started_ms,
             mem_printf("START RequestId: %s Version: $LATEST\n", run->request_id));
    while (rest.len > 0 && str_split(&rest, '\n', &line)) {
        if (line.len > 0)
            logs_append(run->sandbox, group, run->stream, now_ms, line);
    }
    log_line(run, group, now_ms, mem_printf("END RequestId: %s\n", run->request_id));
    log_line(
        run, group, now_ms,
        mem_printf("REPORT RequestId: %s\tDuration: %lld.00 ms\tBilled Duration: %lld ms\tMemory Size: 128 "
                   "MB\tMax Memory Used: 78 MB\n",
                   run->request_id, took_ms, took_ms + 1));
    run_free(run);
}
