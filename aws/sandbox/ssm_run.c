/* Commands on the workstation, which is this machine: each runs in an empty
 * directory of its own, with the workstation's environment, bounded in time and
 * output, and as nobody when the sandbox was started by root.
 *
 * The script is run by /bin/sh. That is what AWS-RunShellScript is for: the
 * text comes from a caller whom IAM let send it, no text of ours goes through a
 * shell (SECURITY rule 11). */
#include "aws/sandbox/core.h"
#include "aws/sandbox/ssm.h"

#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Fewer than there are job threads: a command may well ask for a rotation. */
#define RUNNING_LIMIT 4
#define OUTPUT_CHARACTERS 24000
#define ERROR_CHARACTERS 8000
/* A character is up to four bytes, and process_run adds whole blocks. */
#define LIMIT_BYTES(characters) ((characters)*4 + 16 * 1024)
/* What the agent reports for a plugin that it stopped. */
#define STOPPED_CODE 137

static const char cut_mark[] = "\n---Output truncated---";

struct outcome {
    const char *status, *details;
};

static const struct outcome success = {"Success", "Success"}, failed = {"Failed", "Failed"},
                            timed_out = {"TimedOut", "ExecutionTimedOut"},
                            cancelled = {"Cancelled", "Cancelled"};

struct ssm_run {
    struct ssm_run *next;
    struct sandbox *sandbox;
    char *command_id, *working_directory; /* working_directory NULL: an empty one */
    struct buf script, out, errors;
    char **env; /* NULL-terminated */
    size_t env_count, env_cap;
    int timeout_s, cancel_fd, code;
    const struct outcome *outcome;
};

static void env_add(struct ssm_run *run, char *owned)
{
    mem_grow(&run->env, &run->env_cap, run->env_count + 1, sizeof(run->env[0]));
    run->env[run->env_count++] = owned;
    run->env[run->env_count] = NULL;
}

static void run_free(struct ssm_run *run)
{
    for (size_t i = 0; i < run->env_count; i++)
        mem_free(run->env[i]);
    mem_free(run->env);
    mem_free(run->command_id);
    mem_free(run->working_directory);
    buf_release(&run->script);
    buf_release(&run->out);
    buf_release(&run->errors);
    if (run->cancel_fd > 0)
        close(run->cancel_fd);
    mem_free(run);
}

/* --- on the job thread --- */

/* Whom the command runs as: 0 is "as we do". */
struct identity {
    uid_t uid;
    gid_t gid;
};

static bool find_identity(struct identity *out, struct error *err)
{
    char text[4096];
    struct passwd entry, *found = NULL;

    *out = (struct identity){0};
    if (geteuid() != 0)
        return true;
    if (getpwnam_r("nobody", &entry, text, sizeof text, &found) != 0 || !found || found->pw_uid == 0)
        return error_set(err, ERR_CONFIG, "there is no user nobody to run the command as");
    *out = (struct identity){found->pw_uid, found->pw_gid};
    return true;
}

static bool write_script(int dir, struct str script, const struct identity *who, struct error *err)
{
    int fd = openat(dir, "_script.sh", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0500);
    bool ok = fd >= 0 && write(fd, script.data, script.len) == (ssize_t)script.len &&
              (who->uid == 0 || fchown(fd, who->uid, who->gid) == 0);

    if (!ok)
        error_os(err, "write the script");
    if (fd >= 0)
        close(fd);
    return ok;
}

/* directory/_script.sh and directory/work, which is empty and the command's own. */
static bool lay_out(const char *directory, struct str script, const struct identity *who, struct error *err)
{
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    bool ok = dir >= 0 && mkdirat(dir, "work", 0700) == 0 &&
              (who->uid == 0 || (fchownat(dir, "work", who->uid, who->gid, AT_SYMLINK_NOFOLLOW) == 0 &&
                                 fchmod(dir, 0711) == 0));

    if (!ok)
        error_os(err, "make a directory for the command");
    else
        ok = write_script(dir, script, who, err);
    if (dir >= 0)
        close(dir);
    return ok;
}

static void judge(struct ssm_run *run, bool ended, int status, const struct error *err)
{
    if (!ended && (err->code == ERR_TRY_AGAIN || err->code == ERR_INTERRUPTED)) {
        run->outcome = err->code == ERR_TRY_AGAIN ? &timed_out : &cancelled;
        run->code = STOPPED_CODE;
        return;
    }
    run->code = !ended ? 1 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    run->outcome = run->code == 0 ? &success : &failed;
    if (!ended)
        buf_adds(&run->errors, err->message);
    else if (run->code != 0)
        buf_printf(&run->errors, "failed to run commands: exit status %d", run->code);
}

static void run_in(struct ssm_run *run, const char *directory, const struct identity *who, struct error *err)
{
    CLEANUP(mem_freep) char *script = mem_printf("%s/_script.sh", directory);
    CLEANUP(mem_freep) char *work = mem_printf("%s/work", directory);
    /* A first line "#!" names its own interpreter. */
    bool own = str_starts(buf_str(&run->script), STR("#!"));
    const char *const argv[] = {own ? script : "/bin/sh", own ? NULL : script, NULL};
    int status = 0;

    env_add(run, mem_printf("HOME=%s", work));
    const struct process_options options = {
        .argv = argv,
        .env = (const char *const *)run->env,
        .directory = run->working_directory ? run->working_directory : work,
        .uid = who->uid,
        .gid = who->gid,
        .cancel_fds = {run->cancel_fd, sandbox_stopping_fd(run->sandbox)},
    };
    run->out.limit_bytes = LIMIT_BYTES(OUTPUT_CHARACTERS);
    run->errors.limit_bytes = LIMIT_BYTES(ERROR_CHARACTERS);
    bool ended = process_run(&options, STR(""), run->timeout_s * 1000, &run->out, &run->errors, &status, err);
    judge(run, ended, status, err);
}

static void work(struct sandbox *s, void *arg)
{
    struct ssm_run *run = arg;
    CLEANUP(mem_freep) char *directory = NULL;
    struct identity who;
    struct error err = {0}, ignored;

    (void)s;
    if (find_identity(&who, &err) && file_temp_dir("lab-ssm", &directory, &err) &&
        lay_out(directory, buf_str(&run->script), &who, &err))
        run_in(run, directory, &who, &err);
    else
        judge(run, false, 0, &err);
    if (directory && !file_remove_tree(directory, &ignored))
        log_warn("%s", ignored.message);
}

/* --- in the loop --- */

/* The first characters of what the command wrote, as text that JSON can hold:
 * well-formed and without NUL. */
static void put_text(struct json *out, const char *member, struct str bytes, size_t characters)
{
    CLEANUP(buf_release) struct buf text = {0};
    size_t count = 0, room = characters - (sizeof cut_mark - 1);
    size_t room_end = 0; /* where the text is cut when there is too much */

    for (size_t i = 0; i < bytes.len && count < characters; count++) {
        size_t len = 1;

        if (count == room)
            room_end = text.len;
        while (len < 4 && i + len < bytes.len && ((unsigned char)bytes.data[i + len] & 0xC0U) == 0x80)
            len++;
        if (bytes.data[i] != '\0' && str_is_utf8(str_slice(bytes, i, len))) {
            buf_add(&text, str_slice(bytes, i, len));
        } else {
            buf_adds(&text, "\xEF\xBF\xBD");
            len = 1;
        }
        i += len;
        if (i < bytes.len && count + 1 == characters) {
            text.len = room_end;
            buf_adds(&text, cut_mark);
            break;
        }
    }
    json_put_str(out, member, buf_str(&text));
}

static void unlink_run(struct sandbox *s, const struct ssm_run *run)
{
    for (struct ssm_run **at = &s->commands; *at; at = &(*at)->next)
        if (*at == run) {
            *at = run->next;
            return;
        }
}

static void done(struct sandbox *s, void *arg)
{
    struct ssm_run *run = arg;
    struct json *command = world_edit(s->world, SSM_COMMAND, run->command_id), *invocation;

    unlink_run(s, run);
    if (command && run->outcome) {
        invocation = json_edit(command, "invocation");
        json_put_int(invocation, "ResponseCode", run->code);
        json_put_int(invocation, "end_ms", sandbox_now_ms(s));
        put_text(invocation, "standard_output", buf_str(&run->out), OUTPUT_CHARACTERS);
        put_text(invocation, "standard_error", buf_str(&run->errors), ERROR_CHARACTERS);
        ssm_set_status(command, run->outcome->status, run->outcome->details);
    }
    run_free(run);
    if (!sandbox_stopping(s))
        ssm_start_waiting(s);
}

/* What ran when the sandbox ended has ended with it; what waited starts. */
void ssm_resume(struct sandbox *s)
{
    const struct json *e;
    const char *key;

    for (size_t i = 0; (e = world_at(s->world, SSM_COMMAND, i, &key)); i++) {
        struct json *command;

        if (ssm_finished(e) || strcmp(ssm_status(e), "Pending") == 0)
            continue;
        command = world_edit(s->world, SSM_COMMAND, key);
        json_put_int(json_edit(command, "invocation"), "end_ms", sandbox_now_ms(s));
        ssm_set_status(command, "Failed", "Failed");
    }
    ssm_start_waiting(s);
}

static void make_env(struct ssm_run *run, const char *instance)
{
    const char *const *given = run->sandbox->options.workstation_env;

    for (; given && *given; given++)
        env_add(run, mem_dup(*given));
    env_add(run, mem_printf("AWS_SSM_INSTANCE_ID=%s", instance));
    env_add(run, mem_printf("AWS_SSM_REGION_NAME=%s", sandbox_region(run->sandbox)));
}

static void start(struct sandbox *s, struct json *command)
{
    struct ssm_run *run = mem_alloc(sizeof *run);
    CLEANUP(json_freep) struct json *parameters = NULL;
    const struct json *directory;
    struct error ignored;

    run->sandbox = s;
    run->command_id = mem_dup(json_text(json_path(command, "Command.CommandId")));
    run->timeout_s = (int)json_int(json_get(command, "execution_timeout_s"), 0);
    run->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    make_env(run, json_get_text(command, "instance"));
    if (json_parse(json_str(json_get(command, "parameters")), NULL, &parameters, &ignored)) {
        for (const struct json *e = json_first(json_get(parameters, "commands")); e; e = json_next(e))
            buf_printf(&run->script, "%s\n", json_text(e));
        directory = json_at(json_get(parameters, "workingDirectory"), 0);
        if (json_str(directory).len > 0)
            run->working_directory = mem_dup(json_text(directory));
    }
    json_put_int(json_edit(command, "invocation"), "start_ms", sandbox_now_ms(s));
    ssm_set_status(command, "InProgress", "InProgress");
    run->next = s->commands;
    s->commands = run;
    sandbox_job(s, work, done, run);
}

static struct json *oldest_waiting(struct sandbox *s)
{
    const struct json *e;
    const char *key, *found = NULL;
    int64_t order = INT64_MAX;

    for (size_t i = 0; (e = world_at(s->world, SSM_COMMAND, i, &key)); i++)
        if (strcmp(ssm_status(e), "Pending") == 0 && json_int(json_get(e, "order"), 0) < order) {
            order = json_int(json_get(e, "order"), 0);
            found = key;
        }
    return found ? world_edit(s->world, SSM_COMMAND, found) : NULL;
}

void ssm_start_waiting(struct sandbox *s)
{
    struct json *command;
    size_t running = 0;

    for (const struct ssm_run *r = s->commands; r; r = r->next)
        running++;
    while (running++ < RUNNING_LIMIT && (command = oldest_waiting(s)))
        start(s, command);
}

void ssm_cancel_run(struct sandbox *s, const char *command_id)
{
    for (struct ssm_run *r = s->commands; r; r = r->next) {
        if (strcmp(r->command_id, command_id) == 0)
            clock_wake(r->cancel_fd);
    }
}
