/* lab sandbox: a private database, the local AWS, and CMD inside. */
#include "aws/common/file.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"
#include "aws/common/yaml.h"
#include "aws/crypto/certificate.h"
#include "aws/crypto/random.h"
#include "aws/sandbox/sandbox.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/labs.h"
#include "cmd/lab/sandbox_data.h"
#include "cmd/lab/sandbox_database.h"
#include "cmd/lab/sandbox_env.h"
#include "cmd/lab/sandbox_scratch.h"
#include "cmd/lab/sandbox_stop.h"
#include "cmd/lab/session.h"
#include "steps/mysql/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORLD_LIMIT_BYTES = 256 * 1024 };
#define ADMIN_USER "masteruser"
#define CERTIFICATE_DAYS 30
#define KEPT_CERTIFICATE_DAYS 3650
#define ADDRESS_WAIT_MS 10000 /* for the database of a sandbox that was killed just now */

/* All that lives as long as the sandbox. */
struct box {
    const struct options *options;
    char *directory, *ca_file, *chain_file, *key_file, *empty_file;
    /* What a command sent to the workstation reads, which may run as another user. */
    char *open_directory, *open_ca_file, *open_empty_file;
    char database_address[32];
    unsigned database_port;
    struct sandbox_data data; /* of --data; directory NULL without */
    struct random_seeded seeded;
    struct random random;
    struct secret admin_password;
    struct kept_database database;
    struct sandbox *sandbox;
    struct aws_credentials admin;
    struct env_list functions_env, workstation_env;
    struct process child;
    int child_fd, signal_fd;
    int status;
    struct error failure; /* of something that happened inside the loop */
};

/* --- the database callbacks: the sandbox knows nothing of MySQL --- */

static bool database_test(void *self, struct str secret_string, struct error *err)
{
    const struct box *b = self;
    struct mysql_login login = {0};

    bool ok = mysql_login_parse(secret_string, b->database_address, &login, err) &&
              mysql_login_test(&login, b->ca_file, err);
    mysql_login_release(&login);
    return ok;
}

static bool database_set_password(void *self, struct str secret_string, struct str new_password,
                                  struct error *err)
{
    const struct box *b = self;
    struct mysql_login login = {0};
    struct secret value = {0};

    secret_set(&value, new_password);
    bool ok = mysql_login_parse(secret_string, b->database_address, &login, err) &&
              mysql_login_set_password(&login, &value, b->ca_file, err);
    mysql_login_release(&login);
    secret_release(&value);
    return ok;
}

/* --- setting up --- */

static bool parse_world(struct str text, const char *file, struct json **out, struct error *err)
{
    struct yaml_document doc = {0};
    struct yaml_problem problem = {0};

    if (!yaml_parse(text, &doc, &problem))
        return error_set(err, ERR_PLAN, "%s:%d:%d: %s", file, problem.line, problem.column, problem.message);
    *out = yaml_to_json(doc.root);
    yaml_release(&doc);
    return true;
}

/* --world, else world.yaml beside the plan given by -f, else the built-in. */
static bool load_world(const struct options *o, struct json **out, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};
    CLEANUP(mem_freep) char *beside = NULL;
    const char *file = o->world;

    if (!file && o->plan) {
        CLEANUP(mem_freep) char *copy = mem_dup(o->plan);
        beside = mem_printf("%s/world.yaml", dirname(copy));
        if (access(beside, F_OK) == 0)
            file = beside;
    }
    if (!file)
        return parse_world(builtin_lab_find(STR(BUILTIN_LAB))->world, "labs/" BUILTIN_LAB "/world.yaml", out,
                           err);
    if (!file_read(file, WORLD_LIMIT_BYTES, &text, err))
        return error_wrap(err, "read the world");
    return parse_world(buf_str(&text), file, out, err);
}

/* "127.0.0.1:4566", "127.0.0.1" or ":4566". */
static bool parse_listen(const char *text, const char *option, char address[32], unsigned *port,
                         struct error *err)
{
    struct str s = str_of(text);
    size_t colon = str_find_char(s, ':');
    int64_t n = 0;

    if (colon < s.len && (!str_to_i64(str_slice(s, colon + 1, s.len), &n) || n < 0 || n > 65535))
        return error_set(err, ERR_USAGE, "--%s wants ADDRESS:PORT, not \"%s\"", option, text);
    if (colon >= 16)
        return error_set(err, ERR_USAGE, "--%s wants a loopback address, not \"%s\"", option, text);
    if (colon > 0)
        snprintf(address, 32, "%.*s", (int)colon, text);
    if (colon < s.len)
        *port = (unsigned)n;
    if (!str_starts(str_of(address), STR("127.")))
        return error_set(err, ERR_USAGE, "--%s: %s is not a loopback address (127.x.y.z)", option, address);
    return true;
}

/* The world names the address, so it has to be the same again. */
static bool take_kept_address(struct box *b, const char *kept, struct error *err)
{
    int64_t until_ms = clock_monotonic_ms(&clock_system) + ADDRESS_WAIT_MS;
    char address[32] = "";
    unsigned port = 3306;

    snprintf(b->database_address, sizeof b->database_address, "%.31s", kept);
    b->database_port = (unsigned)json_int(json_get(b->data.box, "database_port"), 3306);
    if (b->options->db_listen && !parse_listen(b->options->db_listen, "db-listen", address, &port, err))
        return false;
    if (b->options->db_listen && (port != b->database_port || strcmp(address, kept) != 0))
        return error_set(err, ERR_USAGE, "--db-listen: the data is of a database at %s:%u", kept,
                         b->database_port);
    while (!mysql_server_address_free(b->database_address, b->database_port)) {
        if (clock_monotonic_ms(&clock_system) >= until_ms)
            return error_set(err, ERR_IO, "%s:%u, where the kept database has to be, is taken", kept,
                             b->database_port);
        (void)clock_wait(50, -1);
    }
    return true;
}

/* A loopback address of its own at the default port, so that programs that
 * know only the host name find it. */
static bool choose_database_address(struct box *b, struct error *err)
{
    const char *kept = json_get_text(b->data.box, "database_address");

    b->database_port = 3306;
    if (*kept)
        return take_kept_address(b, kept, err);
    if (b->options->db_listen)
        return parse_listen(b->options->db_listen, "db-listen", b->database_address, &b->database_port, err);
    for (int tries = 0; tries < 64; tries++) {
        snprintf(b->database_address, sizeof b->database_address, "127.%u.%u.%u",
                 (unsigned)(random_below(&random_system, 254) + 1) & 255u,
                 (unsigned)random_below(&random_system, 256) & 255u,
                 (unsigned)(random_below(&random_system, 254) + 1) & 255u);
        if (mysql_server_address_free(b->database_address, b->database_port))
            return true;
    }
    return error_set(err, ERR_IO, "no free loopback address at port %u", b->database_port);
}

static bool write_file(const struct box *b, const char *name, struct str text, char **path, struct error *err)
{
    *path = mem_printf("%s/%s", b->directory, name);
    return file_replace(*path, text, err);
}

static bool write_open_file(const struct box *b, const char *name, struct str text, char **path,
                            struct error *err)
{
    *path = mem_printf("%s/%s", b->open_directory, name);
    if (!file_replace(*path, text, err))
        return false;
    return chmod(*path, 0644) == 0 || error_os(err, "open %s", *path);
}

/* The CA is no secret; the private keys stay where only we can read. */
static bool write_open_files(struct box *b, struct str ca, struct error *err)
{
    if (!sandbox_scratch_make("lab-workstation", &b->open_directory, err))
        return false;
    if (chmod(b->open_directory, 0755) < 0)
        return error_os(err, "open %s", b->open_directory);
    return write_open_file(b, "ca.pem", ca, &b->open_ca_file, err) &&
           write_open_file(b, "empty", STR(""), &b->open_empty_file, err);
}

static bool use_kept_certificates(struct box *b, struct error *err)
{
    CLEANUP(buf_release) struct buf ca = {0};

    b->ca_file = mem_printf("%s/ca.pem", b->directory);
    b->chain_file = mem_printf("%s/server-chain.pem", b->directory);
    b->key_file = mem_printf("%s/server-key.pem", b->directory);
    b->empty_file = mem_printf("%s/empty", b->directory);
    return file_read(b->ca_file, 65536, &ca, err) && write_open_files(b, buf_str(&ca), err);
}

static bool make_certificates(struct box *b, struct error *err)
{
    struct certificate_set set = {0};
    int64_t now_s = clock_wall_ms(&clock_system) / 1000;
    int64_t days = b->data.directory ? KEPT_CERTIFICATE_DAYS : CERTIFICATE_DAYS;

    if (json_int(json_get(b->data.box, "certificates_until_s"), 0) > now_s + 86400)
        return use_kept_certificates(b, err);
    const struct certificate_options options = {.ip = b->database_address,
                                                .not_before_s = now_s - 3600,
                                                .not_after_s = now_s + days * INT64_C(86400)};

    bool ok = certificate_make(&options, &set, err) &&
              write_file(b, "ca.pem", buf_str(&set.root_pem), &b->ca_file, err) &&
              write_file(b, "server-chain.pem", buf_str(&set.chain_pem), &b->chain_file, err) &&
              write_file(b, "server-key.pem", buf_str(&set.key_pem), &b->key_file, err) &&
              write_file(b, "empty", STR(""), &b->empty_file, err) &&
              write_open_files(b, buf_str(&set.root_pem), err);
    certificate_release(&set);
    if (ok && b->data.box)
        json_put_int(b->data.box, "certificates_until_s", options.not_after_s);
    return ok;
}

static void choose_password(struct box *b)
{
    char password[33];

    random_text(&b->random, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", password, 32);
    secret_set(&b->admin_password, str_of(password));
    mem_wipe(password, sizeof password);
    if (json_get(b->data.box, "admin_password"))
        secret_set(&b->admin_password, json_str(json_get(b->data.box, "admin_password")));
}

/* Before anything uses these values: a sandbox that dies while it is made
 * finds them again. */
static bool keep_box(struct box *b, struct error *err)
{
    struct json *box = b->data.box;

    if (!box)
        return true;
    json_put_text(box, "database_address", b->database_address);
    json_put_int(box, "database_port", b->database_port);
    json_put_str(box, "admin_password", secret_str(&b->admin_password));
    return sandbox_data_save(&b->data, err);
}

static bool start_database(struct box *b, struct error *err)
{
    choose_password(b);
    if (!choose_database_address(b, err) || !make_certificates(b, err) || !keep_box(b, err))
        return false;
    b->database.options = (struct mysql_server_options){
        .directory = b->directory,
        .address = b->database_address,
        .port = b->database_port,
        .admin_user = ADMIN_USER,
        .admin_password = &b->admin_password,
        .database = "mylab",
        .chain_pem = b->chain_file,
        .key_pem = b->key_file,
        .durable = b->data.directory != NULL,
    };
    return sandbox_database_start(&b->database, err);
}

static void lab_directory(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

static struct sandbox_env describe(const struct box *b, const char *lab_dir)
{
    bool workstation = b->options->as && str_is(str_of(b->options->as), "workstation");

    return (struct sandbox_env){
        .url = sandbox_url(b->sandbox),
        .region = b->options->region ? b->options->region : "eu-west-1",
        .ca_file = b->ca_file,
        .empty_file = b->empty_file,
        .db_user = ADMIN_USER,
        .db_password = &b->admin_password,
        .admin = workstation ? NULL : &b->admin,
        .lab_dir = lab_dir,
        .pid = getpid(),
    };
}

/* The port of before, where it is free. */
static unsigned kept_port(const struct box *b, const char *address)
{
    unsigned port = (unsigned)json_int(json_get(b->data.box, "listen_port"), 0);

    return port && mysql_server_address_free(address, port) ? port : 0;
}

static bool keep_port(struct box *b, struct error *err)
{
    const char *colon = strrchr(sandbox_url(b->sandbox), ':');
    int64_t port = 0;

    if (!b->data.box || !colon || !str_to_i64(str_of(colon + 1), &port))
        return true;
    json_put_int(b->data.box, "listen_port", port);
    return sandbox_data_save(&b->data, err);
}

static bool start_aws(struct box *b, const struct json *world, struct error *err)
{
    char address[32] = "127.0.0.1";
    unsigned port = 0;
    char lab_dir[PATH_MAX];

    if (b->options->listen && !parse_listen(b->options->listen, "listen", address, &port, err))
        return false;
    if (!b->options->listen)
        port = kept_port(b, address);
    const struct sandbox_options options = {
        .world = world,
        .region = b->options->region ? b->options->region : "eu-west-1",
        .seed = (uint64_t)b->options->seed,
        .listen_address = address,
        .listen_port = port,
        .database_address = b->database_address,
        .database_port = b->database_port,
        .admin_user = ADMIN_USER,
        .admin_password = secret_str(&b->admin_password),
        .database = {.test = database_test, .set_password = database_set_password, .self = b},
        .clock = clock_system,
        .latency_ms = b->options->latency_ms,
        .propagation_ms = b->options->propagation_ms,
        .stack_ms = b->options->stack_ms,
        .trail_delay_ms = b->options->trail_delay_ms,
        .interface_ms = b->options->interface_ms,
        .data_file = b->data.world_file,
        .record_file = b->options->record,
        .speed = b->options->speed,
        .faults = {.throttle = b->options->throttle,
                   .errors = b->options->errors,
                   .resets = b->options->resets,
                   .lose_replies = b->options->lose_replies},
    };
    if (!sandbox_new(&options, &b->sandbox, err) || !keep_port(b, err))
        return false;
    sandbox_admin_credentials(b->sandbox, &b->admin);
    lab_directory(lab_dir);
    struct sandbox_env env = describe(b, lab_dir);
    sandbox_env_functions(&env, environ, &b->functions_env);
    sandbox_set_function_env(b->sandbox, (const char *const *)b->functions_env.items);
    env.ca_file = b->open_ca_file;
    env.empty_file = b->open_empty_file;
    sandbox_env_workstation(&env, &b->workstation_env);
    sandbox_set_workstation_env(b->sandbox, (const char *const *)b->workstation_env.items);
    return true;
}

/* --- while it runs --- */

static void dump_world(struct box *b)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct error err = {0};

    if (!b->options->dump)
        return;
    sandbox_dump(b->sandbox, &text);
    if (!file_replace(b->options->dump, buf_str(&text), &err))
        log_error("dump the world: %s", err.message);
}

static void on_signal(void *arg)
{
    struct box *b = arg;
    struct signalfd_siginfo info;

    if (read(b->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGUSR1) {
        dump_world(b);
        return;
    }
    /* CMD shares the terminal's process group: Ctrl-C reaches it by itself, and
     * how it ends decides. A SIGTERM is meant for us and is passed on. */
    if (b->child.pid > 0) {
        if (info.ssi_signo != SIGINT)
            kill(b->child.pid, (int)info.ssi_signo);
        return;
    }
    sandbox_stop(b->sandbox);
}

static void on_child(void *arg)
{
    struct box *b = arg;
    bool ended = false;
    int status = 0;

    if (!process_wait(&b->child, 0, &ended, &status, &b->failure) || !ended)
        return;
    b->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    sandbox_stop(b->sandbox);
}

static bool watch_signals(struct box *b, struct error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return error_os(err, "block signals");
    b->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (b->signal_fd < 0)
        return error_os(err, "watch signals");
    return true;
}

static bool start_command(struct box *b, const char *const *argv, struct error *err)
{
    struct env_list env = {0};
    char lab_dir[PATH_MAX];

    lab_directory(lab_dir);
    const struct sandbox_env described = describe(b, lab_dir);
    sandbox_env_build(&described, environ, &env);
    const struct process_options options = {
        .argv = argv,
        .env = (const char *const *)env.items,
        .stdin_fd = STDIN_FILENO,
        .stdout_fd = STDOUT_FILENO,
        .stderr_fd = STDERR_FILENO,
        .foreground = true,
    };
    bool ok = process_start(&options, &b->child, err);
    env_list_release(&env);
    if (!ok)
        return error_wrap(err, "start %s", argv[0]);
    b->child_fd = (int)syscall(SYS_pidfd_open, b->child.pid, 0);
    if (b->child_fd < 0)
        return error_os(err, "watch %s", argv[0]);
    return sandbox_watch(b->sandbox, b->child_fd, on_child, b, err);
}

static bool announce(const struct box *b, struct error *err)
{
    CLEANUP(buf_release) struct buf lines = {0};
    char lab_dir[PATH_MAX];

    lab_directory(lab_dir);
    const struct sandbox_env env = describe(b, lab_dir);
    sandbox_env_print(&env, &lines);
    if (b->options->ready_file && !file_replace(b->options->ready_file, buf_str(&lines), err))
        return error_wrap(err, "write the ready file");
    if (!b->options->ready_file) {
        fputs(buf_text(&lines), stdout);
        fflush(stdout);
    }
    return true;
}

static bool serve(struct box *b, struct error *err)
{
    if (!sandbox_watch(b->sandbox, b->signal_fd, on_signal, b, err) ||
        !sandbox_database_watch(&b->database, b->sandbox, err))
        return false;
    if (b->options->rest) {
        if (b->options->ready_file && !announce(b, err))
            return false;
        if (!start_command(b, b->options->rest, err))
            return false;
    } else if (!announce(b, err)) {
        return false;
    }
    if (!sandbox_run(b->sandbox, err))
        return false;
    dump_world(b);
    return true;
}

static void release(struct box *b)
{
    struct error ignored = {0};

    process_stop(&b->child, 2000);
    sandbox_free(b->sandbox);
    sandbox_database_stop(&b->database);
    if (b->options->ready_file)
        unlink(b->options->ready_file);
    if (b->directory && !b->data.directory && !file_remove_tree(b->directory, &ignored))
        log_warn("%s", ignored.message);
    if (b->open_directory && !file_remove_tree(b->open_directory, &ignored))
        log_warn("%s", ignored.message);
    aws_credentials_release(&b->admin);
    env_list_release(&b->functions_env);
    env_list_release(&b->workstation_env);
    secret_release(&b->admin_password);
    mem_free(b->directory);
    sandbox_data_release(&b->data);
    mem_free(b->ca_file);
    mem_free(b->chain_file);
    mem_free(b->key_file);
    mem_free(b->empty_file);
    mem_free(b->open_directory);
    mem_free(b->open_ca_file);
    mem_free(b->open_empty_file);
    if (b->child_fd >= 0)
        close(b->child_fd);
    if (b->signal_fd >= 0)
        close(b->signal_fd);
}

static bool check_options(const struct options *o, size_t count, const char *const *words, struct error *err)
{
    if (count > 0 && !str_is(str_of(words[0]), "stop"))
        return error_set(err, ERR_USAGE, "unexpected \"%s\"; write -- before the command to run", words[0]);
    if (o->rest && !o->rest[0])
        return error_set(err, ERR_USAGE, "-- wants a command behind it");
    if (o->as && !str_is(str_of(o->as), "admin") && !str_is(str_of(o->as), "workstation"))
        return error_set(err, ERR_USAGE, "--as is admin or workstation, not \"%s\"", o->as);
    return true;
}

static bool choose_directory(struct box *b, struct error *err)
{
    if (!b->options->data)
        return sandbox_scratch_make("lab-sandbox", &b->directory, err);
    if (!sandbox_data_open(b->options->data, &b->data, err))
        return false;
    b->directory = mem_dup(b->data.directory);
    return true;
}

COMMAND(sandbox)
{
    struct box b = {.options = o,
                    .database = {.fd = -1, .failure = &b.failure},
                    .child_fd = -1,
                    .signal_fd = -1,
                    .random = random_system,
                    .data = {.lock_fd = -1}};
    CLEANUP(json_freep) struct json *world = NULL;

    if (!check_options(o, count, words, err))
        return false;
    if (count > 0)
        return sandbox_stop_running(o->ready_file, status, err);
    if (!load_world(o, &world, err))
        return false;
    if (o->seed) {
        random_seeded_init(&b.seeded, (uint64_t)o->seed);
        b.random = random_seeded_source(&b.seeded);
    }
    bool ok = watch_signals(&b, err) && choose_directory(&b, err) && start_database(&b, err) &&
              start_aws(&b, world, err) && serve(&b, err);
    if (ok && b.failure.code != ERR_NONE) {
        *err = b.failure;
        ok = false;
    }
    *status = b.status;
    release(&b);
    return ok;
}
