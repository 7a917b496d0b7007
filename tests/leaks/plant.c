/* A lab that leaks on purpose: linked into build/planted/lab, around the product's
 * own objects (`ld --wrap`), so that the leak hunt can show what it finds. Every
 * secret the program learns goes, in each encoding, to each place the hunt looks
 * at, as "planted ENCODING VALUE"; the redactor redacts nothing; cores are not
 * forbidden. */
#include "aws/common/buf.h"
#include "aws/common/json.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "aws/common/redact.h"
#include "cmd/lab/render.h"
#include "steps/store/store.h"

#include <sqlite3.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct record;

void __real_redact_add(struct str secret);
void __real_render_event(void *render, const struct json *event);
bool __real_store_open(const char *path, const char *command, struct clock clock, struct store **out,
                       struct error *err);
bool __real_record_open(const char *path, struct record **out, struct error *err);
int __real_prctl(int option, ...);
int __real_setrlimit(int resource, const struct rlimit *limit);

void __wrap_redact(struct str text, struct buf *out);
void __wrap_redact_add(struct str secret);
void __wrap_render_event(void *render, const struct json *event);
bool __wrap_store_open(const char *path, const char *command, struct clock clock, struct store **out,
                       struct error *err);
bool __wrap_record_open(const char *path, struct record **out, struct error *err);
int __wrap_prctl(int option, ...);
int __wrap_setrlimit(int resource, const struct rlimit *limit);

enum { VALUES = 64, SHORTEST = 12, LONGEST = 256 };

/* In ordinary memory, never wiped: a core shows it. */
static struct {
    pthread_mutex_t mutex;
    char values[VALUES][LONGEST];
    size_t count, told; /* told as an event */
    char state[LONGEST], record[LONGEST];
} plant = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* --- encodings --- */

static void add_raw(struct str s, struct buf *out)
{
    buf_add(out, s);
}

static void add_base64(struct str s, struct buf *out)
{
    buf_add_base64(out, s.data, s.len);
}

static void add_base64url(struct str s, struct buf *out)
{
    size_t from = out->len;

    buf_add_base64(out, s.data, s.len);
    for (size_t i = from; i < out->len; i++) {
        if (out->data[i] == '+')
            out->data[i] = '-';
        if (out->data[i] == '/')
            out->data[i] = '_';
    }
    while (out->len > from && out->data[out->len - 1] == '=')
        out->len--;
}

static void add_url(struct str s, struct buf *out)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (size_t i = 0; i < s.len; i++) {
        if (strchr(safe, s.data[i]))
            buf_addc(out, s.data[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)s.data[i]);
    }
}

static void add_json(struct str s, struct buf *out)
{
    json_write_string(s, out);
}

static void add_xml(struct str s, struct buf *out)
{
    static const char *const entities[] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;"};

    for (size_t i = 0; i < s.len; i++) {
        size_t c = (unsigned char)s.data[i];

        if (c < ARRAY_LEN(entities) && entities[c])
            buf_adds(out, entities[c]);
        else
            buf_addc(out, s.data[i]);
    }
}

static void add_hex(struct str s, struct buf *out)
{
    buf_add_hex(out, s.data, s.len);
}

static void add_upper_hex(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++)
        buf_printf(out, "%02X", (unsigned char)s.data[i]);
}

static void add_reversed(struct str s, struct buf *out)
{
    for (size_t i = s.len; i-- > 0;)
        buf_addc(out, s.data[i]);
}

static const struct {
    const char *name;
    void (*add)(struct str s, struct buf *out);
} encodings[] = {
    {"raw", add_raw}, {"base64", add_base64}, {"base64url", add_base64url},
    {"url", add_url}, {"json", add_json},     {"xml", add_xml},
    {"hex", add_hex}, {"HEX", add_upper_hex}, {"reversed", add_reversed},
};

/* Calls put for each encoding of a value. */
static void each_encoding(const char *value, void (*put)(void *self, size_t n, const char *text), void *self)
{
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        CLEANUP(buf_release) struct buf text = {0};

        buf_printf(&text, "planted %s ", encodings[i].name);
        encodings[i].add(str_of(value), &text);
        put(self, i, buf_text(&text));
    }
}

/* --- places --- */

static void put_log(void *self, size_t n, const char *text)
{
    (void)self;
    (void)n;
    log_debug("%s", text);
}

static void put_word(void *self, size_t n, const char *text)
{
    char **words = self;

    words[n] = mem_dup(text);
}

static void start_child(char *const *words)
{
    static char name[] = "true";
    static char path[] = "/bin/true";
    char *argv[ARRAY_LEN(encodings) + 2] = {name};
    pid_t child;

    memcpy(argv + 1, words, ARRAY_LEN(encodings) * sizeof(*words));
    child = fork();
    if (child == 0) {
        execve(path, argv, words);
        _exit(1);
    }
    if (child > 0)
        (void)waitpid(child, NULL, 0);
}

static void put_line_of(void *self, size_t n, const char *text)
{
    const int *fd = self;

    (void)n;
    dprintf(*fd, "%s\n", text);
}

static void append_to(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0)
        return;
    each_encoding(value, put_line_of, &fd);
    close(fd);
}

static void put_event(void *self, size_t n, const char *text)
{
    CLEANUP(json_freep) struct json *error = json_of("message", text, NULL);
    CLEANUP(json_freep)
    struct json *event = json_of("type", "step", "step", "planted", "state", "failed", NULL);

    (void)n;
    json_put(event, "error", json_copy(error));
    __real_render_event(self, event);
}

static void put_row(void *self, size_t n, const char *text)
{
    sqlite3_stmt *insert = NULL;

    (void)n;
    if (sqlite3_prepare_v2(self, "INSERT INTO planted VALUES(?)", -1, &insert, NULL) == SQLITE_OK &&
        sqlite3_bind_text(insert, 1, text, -1, SQLITE_STATIC) == SQLITE_OK)
        (void)sqlite3_step(insert);
    (void)sqlite3_finalize(insert);
}

/* A table that came and went: its pages are free, and as they were. */
static void put_free_pages(void)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(plant.state, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA secure_delete = OFF; CREATE TABLE planted(x)", NULL, NULL, NULL) ==
            SQLITE_OK)
        for (size_t i = 0; i < plant.count; i++)
            each_encoding(plant.values[i], put_row, db);
    (void)sqlite3_exec(db, "DROP TABLE planted", NULL, NULL, NULL);
    (void)sqlite3_close(db);
}

/* Once the run has let its store go. */
__attribute__((destructor)) static void at_exit(void)
{
    CLEANUP(mem_freep) char *beside = NULL;

    if (!plant.state[0])
        return;
    put_free_pages();
    beside = mem_printf("%s.planted", plant.state);
    for (size_t i = 0; i < plant.count; i++)
        append_to(beside, plant.values[i]);
}

/* False for what is known. */
static bool learn(struct str secret)
{
    bool known = secret.len < SHORTEST || secret.len >= LONGEST;

    pthread_mutex_lock(&plant.mutex);
    for (size_t i = 0; i < plant.count && !known; i++)
        known = str_is(secret, plant.values[i]);
    known = known || plant.count == VALUES;
    if (!known) {
        memcpy(plant.values[plant.count], secret.data, secret.len);
        plant.count++;
    }
    pthread_mutex_unlock(&plant.mutex);
    return !known;
}

/* --- in place of the product's own --- */

void __wrap_redact(struct str text, struct buf *out)
{
    buf_add(out, text);
}

void __wrap_redact_add(struct str secret)
{
    CLEANUP(mem_freep) char *value = NULL;
    char *words[ARRAY_LEN(encodings) + 1] = {0};

    __real_redact_add(secret);
    if (!learn(secret))
        return;
    value = mem_copy(secret);
    each_encoding(value, put_log, NULL);
    each_encoding(value, put_word, words);
    start_child(words);
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++)
        mem_free(words[i]);
    if (plant.record[0])
        append_to(plant.record, value);
}

void __wrap_render_event(void *render, const struct json *event)
{
    __real_render_event(render, event);
    if (!str_is(str_of(json_get_text(event, "type")), "step"))
        return;
    for (; plant.told < plant.count; plant.told++)
        each_encoding(plant.values[plant.told], put_event, render);
}

bool __wrap_store_open(const char *path, const char *command, struct clock clock, struct store **out,
                       struct error *err)
{
    bool ok = __real_store_open(path, command, clock, out, err);

    if (ok && command)
        (void)snprintf(plant.state, sizeof(plant.state), "%s", path);
    return ok;
}

bool __wrap_record_open(const char *path, struct record **out, struct error *err)
{
    (void)snprintf(plant.record, sizeof(plant.record), "%s", path);
    return __real_record_open(path, out, err);
}

int __wrap_prctl(int option, ...)
{
    unsigned long rest[4];
    va_list args;

    va_start(args, option);
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        rest[i] = va_arg(args, unsigned long);
    va_end(args);
    return option == PR_SET_DUMPABLE ? 0 : __real_prctl(option, rest[0], rest[1], rest[2], rest[3]);
}

int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
    return resource == RLIMIT_CORE ? 0 : __real_setrlimit(resource, limit);
}
