#include "steps/store/store.h"

#include "aws/common/db.h"
#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a directory, a held clock, a store in it --- */

struct place {
    char *dir, *path;
    int64_t now_ms;
};

static int64_t held_wall(void *self)
{
    return ((struct place *)self)->now_ms;
}

static struct clock held_clock(struct place *p)
{
    return (struct clock){held_wall, held_wall, p};
}

static int set_up(void **state)
{
    struct place *p = mem_alloc(sizeof(*p));
    struct error err;

    assert_true(file_temp_dir("lab-store", &p->dir, &err));
    p->path = mem_printf("%s/.lab/state.db", p->dir);
    p->now_ms = 1795502236000; /* 2026-11-24T06:37:16Z, as in the header's run id */
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    struct error err;

    assert_true(file_remove_tree(p->dir, &err));
    mem_free(p->dir);
    mem_free(p->path);
    mem_free(p);
    return 0;
}

static struct store *open_store(struct place *p)
{
    struct store *s = NULL;
    struct error err;

    if (!store_open(p->path, "up", held_clock(p), &s, &err))
        fail_msg("%s", err.message);
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "lab", "me"});
    store_set_run(s, "run-1");
    return s;
}

static int64_t intend(struct store *s, const char *step, const char *operation, const char *target)
{
    struct error err;
    int64_t id = 0;
    struct store_intent intent = {step, operation, target, "token-1", "digest-1"};

    if (!store_intend(s, &intent, &id, &err))
        fail_msg("%s", err.message);
    return id;
}

static void settle(struct store *s, int64_t id, const char *outcome)
{
    CLEANUP(json_freep) struct json *j = NULL;
    struct error err;

    assert_true(json_parse(str_of(outcome), NULL, &j, &err));
    if (!store_settle(s, id, j, &err))
        fail_msg("%s", err.message);
}

static bool knows(struct store *s, const char *operation, const char *target)
{
    struct error err;
    bool known = false;

    assert_true(store_knows(s, operation, target, &known, &err));
    return known;
}

struct seen {
    size_t count;
    char last[200];
};

static void see(void *self, const struct store_intent *i, int64_t id)
{
    struct seen *seen = self;

    seen->count++;
    (void)snprintf(seen->last, sizeof(seen->last), "%lld %s %s %s %s %s", (long long)id, i->step,
                   i->operation, i->target, i->token, i->digest);
}

static struct seen open_intents(struct store *s, const char *step)
{
    struct seen seen = {0};
    struct error err;

    assert_true(store_open_intents(s, step, see, &seen, &err));
    return seen;
}

static void put(struct store *s, const char *step, enum store_state state, const char *outputs)
{
    CLEANUP(json_freep) struct json *j = NULL;
    struct error err;

    if (outputs)
        assert_true(json_parse(str_of(outputs), NULL, &j, &err));
    if (!store_put_step(s, step, state, j, NULL, NULL, &err))
        fail_msg("%s", err.message);
}

/* --- tests --- */

static void test_steps(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p);
    CLEANUP(json_freep) struct json *memo = json_of("original", "arn:a", NULL);
    struct store_step got;
    struct error err;
    struct stat st;

    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *dir = mem_printf("%s/.lab", p->dir);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    mem_free(dir);

    assert_true(store_get_step(s, "a", &got, &err));
    assert_int_equal(got.state, STORE_NONE);
    assert_null(got.outputs);
    put(s, "a", STORE_FAILED, NULL);
    p->now_ms += 5;
    put(s, "a", STORE_DONE, "{\"arn\":\"x\"}");
    assert_true(store_put_step(s, "b", STORE_FAILED, NULL, memo, "it broke", &err));
    store_close(s);

    s = open_store(p);
    assert_true(store_get_step(s, "a", &got, &err));
    assert_int_equal(got.state, STORE_DONE);
    assert_int_equal(got.at_ms, p->now_ms);
    assert_string_equal(json_get_text(got.outputs, "arn"), "x");
    assert_null(got.memo);
    store_step_release(&got);
    store_step_release(&got);
    assert_true(store_get_step(s, "b", &got, &err));
    assert_int_equal(got.state, STORE_FAILED);
    assert_string_equal(got.message, "it broke");
    assert_string_equal(json_get_text(got.memo, "original"), "arn:a");
    store_step_release(&got);

    /* Another learner's rows are not ours. */
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "lab", "you"});
    assert_true(store_get_step(s, "a", &got, &err));
    assert_int_equal(got.state, STORE_NONE);
    store_close(s);
}

static void test_message_is_cut_at_a_character(void **state)
{
    struct store *s = open_store(*state);
    struct store_step got;
    struct error err;
    char text[400];

    text[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof(text); i += 2) /* "é": an odd boundary at 255 */
        memcpy(text + i, "\xc3\xa9", 3);
    assert_true(store_put_step(s, "a", STORE_FAILED, NULL, NULL, text, &err));
    assert_true(store_get_step(s, "a", &got, &err));
    assert_true(str_is_utf8(str_of(got.message)));
    assert_int_equal(strlen(got.message), 255);
    store_step_release(&got);
    store_close(s);
}

static void test_intents(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p);
    struct seen seen;
    struct error err;
    int64_t first = intend(s, "role", "iam:CreateRole", "role x"), second;
    CLEANUP(json_freep) struct json *ok = json_object();

    second = intend(s, "user", "mysql:CREATE USER", "u@%");
    assert_int_equal(open_intents(s, NULL).count, 2);
    seen = open_intents(s, "role");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last, "1 role iam:CreateRole role x token-1 digest-1");
    settle(s, first, "{\"ok\":true}");
    store_close(s); /* the second stays open over the end of a process */

    s = open_store(p);
    assert_int_equal(open_intents(s, "role").count, 0);
    assert_int_equal(open_intents(s, NULL).count, 1);
    settle(s, second, "{\"ok\":false,\"code\":\"X\",\"message\":\"m\"}");
    assert_int_equal(open_intents(s, NULL).count, 0);
    assert_false(store_settle(s, 99, ok, &err));
    assert_int_equal(err.code, ERR_STORE);
    store_close(s);
}

static void test_knows(void **state)
{
    struct store *s = open_store(*state);
    int64_t refused, open;

    assert_false(knows(s, "mysql:CREATE USER", "u@%"));
    refused = intend(s, "user", "mysql:CREATE USER", "u@%");
    settle(s, refused, "{\"ok\":false,\"acted\":false,\"code\":\"1396\",\"message\":\"m\"}");
    /* Refused because a stranger's user is there: that does not make it ours. */
    assert_false(knows(s, "mysql:CREATE USER", "u@%"));
    open = intend(s, "user", "mysql:CREATE USER", "u@%");
    assert_true(knows(s, "mysql:CREATE USER", "u@%"));
    settle(s, open, "{\"ok\":true}");
    assert_true(knows(s, "mysql:CREATE USER", "u@%"));
    assert_false(knows(s, "mysql:CREATE USER", "other@%"));
    /* Another step's end says nothing about it, its own does. */
    put(s, "other", STORE_UNDONE, NULL);
    assert_true(knows(s, "mysql:CREATE USER", "u@%"));
    put(s, "user", STORE_UNDONE, NULL);
    assert_false(knows(s, "mysql:CREATE USER", "u@%"));
    (void)intend(s, "user", "mysql:CREATE USER", "u@%");
    assert_true(knows(s, "mysql:CREATE USER", "u@%"));
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "other", "me"});
    assert_false(knows(s, "mysql:CREATE USER", "u@%"));
    store_close(s);
}

static void test_list(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p);
    CLEANUP(json_freep) struct json *list = NULL;
    CLEANUP(buf_release) struct buf text = {0};
    struct error err;

    settle(s, intend(s, "a", "iam:CreateRole", "role a"), "{\"ok\":true}");
    put(s, "a", STORE_DONE, "{}");
    /* What was between two states is no part of the second. */
    p->now_ms += 60000;
    settle(s, intend(s, "a", "iam:DeleteRole", "role a"), "{\"ok\":true}");
    p->now_ms += 2500;
    put(s, "a", STORE_RETIRED, "{}");
    (void)intend(s, "b", "iam:CreateRole", "role x");
    assert_true(store_list(s, &list, &err));
    json_write(list, &text);
    assert_string_equal(buf_text(&text),
                        "[{\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"lab\":\"lab\",\"learner\":"
                        "\"me\",\"step\":\"a\","
                        "\"state\":\"retired\",\"at_ms\":1795502298500,\"message\":\"\","
                        "\"open_intents\":0,\"took_ms\":2500},"
                        "{\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"lab\":\"lab\",\"learner\":"
                        "\"me\",\"step\":\"b\","
                        "\"state\":\"none\",\"at_ms\":0,\"message\":\"\",\"open_intents\":1,\"took_ms\":0}]");
    store_close(s);
}

static void test_read_only(void **state)
{
    struct place *p = *state;
    struct store *s = NULL;
    struct store_step got;
    struct error err;
    struct stat st;

    assert_true(store_open(p->path, NULL, held_clock(p), &s, &err));
    assert_int_not_equal(stat(p->path, &st), 0); /* reading makes nothing */
    assert_true(store_get_step(s, "a", &got, &err));
    assert_int_equal(got.state, STORE_NONE);
    assert_false(knows(s, "o", "t"));
    assert_int_equal(open_intents(s, NULL).count, 0);
    assert_false(store_put_step(s, "a", STORE_DONE, NULL, NULL, NULL, &err));
    assert_int_equal(err.code, ERR_BUG);
    store_close(s);

    s = open_store(p);
    put(s, "a", STORE_DONE, NULL);
    store_close(s);
    assert_true(store_open(p->path, NULL, held_clock(p), &s, &err));
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "lab", "me"});
    assert_true(store_get_step(s, "a", &got, &err));
    assert_int_equal(got.state, STORE_DONE);
    store_step_release(&got);
    store_close(s);
}

static void refused(struct place *p, const char *word)
{
    for (int read_only = 0; read_only < 2; read_only++) {
        struct store *s = NULL;
        struct error err;

        if (store_open(p->path, read_only ? NULL : "up", held_clock(p), &s, &err)) {
            store_close(s);
            fail_msg("opened although %s", word);
        }
        assert_int_equal(err.code, ERR_STORE);
        if (!strstr(err.message, word) || !strstr(err.message, p->path))
            fail_msg("\"%s\" does not say \"%s\"", err.message, word);
    }
}

static void change(struct place *p, const char *sql)
{
    CLEANUP(db_closep) struct db *db = NULL;
    struct error err;

    assert_true(db_open(p->path, false, &db, &err));
    if (!db_script(db, sql, &err))
        fail_msg("%s", err.message);
}

static void test_refused(void **state)
{
    static const struct {
        const char *why, *sql, *word;
    } rows[] = {
        {"a changed value breaks its hash",
         "DROP TRIGGER entry_no_update; UPDATE entry SET state = 'undone' WHERE seq = 2;"
         "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); "
         "END",
         "a row was changed or removed"},
        {"a row taken out of the middle",
         "DROP TRIGGER entry_no_delete; DELETE FROM entry WHERE seq = 2;"
         "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); "
         "END",
         "a row was changed or removed"},
        {"the last row taken away",
         "DROP TRIGGER entry_no_delete; DELETE FROM entry WHERE seq = 3;"
         "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); "
         "END",
         "its last rows are missing"},
        {"a row that no store wrote",
         "INSERT INTO entry VALUES(4,'step','','','','','a','',0,0,'','','done','{}','00')",
         "a row was changed or removed"},
        {"without its head nothing says where it ends", "DELETE FROM head", "its head is missing"},
        {"an index that shows other rows", "DROP INDEX entry_ref; CREATE INDEX entry_ref ON entry(seq)",
         "its tables are not those of a store"},
        {"an index less", "DROP INDEX entry_ref", "a table or index is missing"},
        {"a trigger that lies", "CREATE TRIGGER t AFTER INSERT ON head BEGIN SELECT 1; END",
         "its tables are not those of a store"},
        {"a later format may mean other things", "PRAGMA user_version = 2", "written by a newer lab"},
        {"an earlier format too", "PRAGMA user_version = 0", "written by an older lab"},
        {"another program's database", "PRAGMA application_id = 7", "not a state store of lab"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store *s = open_store(p);
        struct error err;

        put(s, "a", STORE_DONE, "{\"n\":1}");
        put(s, "b", STORE_DONE, NULL);
        put(s, "c", STORE_DONE, NULL);
        store_close(s);
        change(p, rows[i].sql);
        refused(p, rows[i].word);
        char *dir = mem_printf("%s/.lab", p->dir);
        assert_true(file_remove_tree(dir, &err));
        mem_free(dir);
    }
}

static void test_append_only(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p);
    CLEANUP(db_closep) struct db *db = NULL;
    struct error err;

    put(s, "a", STORE_DONE, NULL);
    store_close(s);
    assert_true(db_open(p->path, false, &db, &err));
    assert_false(db_script(db, "UPDATE entry SET state = 'undone'", &err));
    assert_non_null(strstr(err.message, "append-only"));
    assert_false(db_script(db, "DELETE FROM entry", &err));
}

/* Opens with what was in it, or is refused; never shows anything else. */
static bool shows_all_or_nothing(struct place *p)
{
    struct store_step got;
    struct error err;
    struct store *s;

    if (!store_open(p->path, NULL, held_clock(p), &s, &err)) {
        assert_int_equal(err.code, ERR_STORE);
        return false;
    }
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "lab", "me"});
    if (!store_get_step(s, "a", &got, &err)) {
        assert_int_equal(err.code, ERR_STORE);
        store_close(s);
        return false;
    }
    assert_int_equal(got.state, STORE_DONE);
    assert_string_equal(json_get_text(got.outputs, "n"), "1");
    assert_true(knows(s, "iam:CreateRole", "role x"));
    assert_int_equal(open_intents(s, NULL).count, 1);
    store_step_release(&got);
    store_close(s);
    return true;
}

static void fill(struct place *p)
{
    struct store *s = open_store(p);

    (void)intend(s, "a", "iam:CreateRole", "role x");
    put(s, "a", STORE_DONE, "{\"n\":\"1\"}");
    store_close(s);
}

/* Every byte that means something, one flip each, and a sample of the room
 * between: zeros, read by nobody. */
static void test_flipped_bytes(void **state)
{
    struct place *p = *state;
    CLEANUP(buf_release) struct buf whole = {0};
    size_t refusals = 0, flips = 0;
    struct error err;

    fill(p);
    assert_true(file_read(p->path, 1 << 20, &whole, &err));
    int fd = open(p->path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t at = 0; at < whole.len; at++) {
        /* A prime: each run of the test takes the same sample of all pages. */
        if (whole.data[at] == 0 && at % 131 != 0)
            continue;
        char flipped = (char)(whole.data[at] ^ 0x20);
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
        refusals += !shows_all_or_nothing(p);
        flips++;
        assert_int_equal(pwrite(fd, whole.data + at, 1, (off_t)at), 1);
    }
    close(fd);
    assert_true(shows_all_or_nothing(p));
    assert_true(refusals > flips / 2);
}

/* Cut at each page and in the middle of each. A file cut to nothing is an empty
 * store: what exists is then found by its tags. */
static void test_truncated(void **state)
{
    struct place *p = *state;
    CLEANUP(buf_release) struct buf whole = {0};
    struct error err;

    fill(p);
    assert_true(file_read(p->path, 1 << 20, &whole, &err));
    for (size_t length = 1; length < whole.len; length += 2047) {
        assert_true(file_replace(p->path, str_slice(buf_str(&whole), 0, length), &err));
        assert_false(shows_all_or_nothing(p));
    }
}

/* A run that died with its last rows in the log. */
static void die_with_a_log(struct place *p)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct store *s = open_store(p);
        (void)intend(s, "a", "iam:CreateRole", "role x");
        put(s, "a", STORE_DONE, "{\"n\":\"1\"}");
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* Whether a run would begin. */
static bool begins(struct place *p, struct error *err)
{
    struct store *s;

    if (!store_open(p->path, "up", held_clock(p), &s, err))
        return false;
    store_close(s);
    return true;
}

/* SQLite forgets the log from its first wrong byte on, without a word, and with
 * it what the killed run had done. The number of rows noted beside the lock shows it. */
static void test_damaged_log(void **state)
{
    struct place *p = *state;
    struct error err;
    CLEANUP(mem_freep) char *log = mem_printf("%s-wal", p->path);
    CLEANUP(mem_freep) char *lock = mem_printf("%s.lock", p->path);
    CLEANUP(buf_release) struct buf file = {0}, logged = {0}, locked = {0};
    size_t refusals = 0;

    die_with_a_log(p);
    assert_true(file_read(p->path, 1 << 20, &file, &err));
    assert_true(file_read(log, 1 << 20, &logged, &err));
    assert_true(file_read(lock, 1 << 20, &locked, &err));
    assert_true(logged.len > 4096);
    for (size_t at = 0; at < logged.len; at += 331) {
        logged.data[at] = (char)(logged.data[at] ^ 0x20);
        assert_true(file_replace(p->path, buf_str(&file), &err));
        assert_true(file_replace(log, buf_str(&logged), &err));
        assert_true(file_replace(lock, buf_str(&locked), &err));
        logged.data[at] = (char)(logged.data[at] ^ 0x20);
        if (begins(p, &err)) {
            assert_true(shows_all_or_nothing(p));
            continue;
        }
        assert_int_equal(err.code, ERR_STORE);
        assert_non_null(strstr(err.message, "move it away"));
        refusals++;
    }
    assert_true(refusals > 0);
}

/* The log gone altogether, and then the store too: that is a fresh one. */
static void test_log_taken_away(void **state)
{
    struct place *p = *state;
    CLEANUP(mem_freep) char *log = mem_printf("%s-wal", p->path);
    CLEANUP(mem_freep) char *shared = mem_printf("%s-shm", p->path);
    struct store *s = open_store(p);
    struct error err;

    put(s, "before", STORE_DONE, NULL);
    store_close(s);
    die_with_a_log(p);
    assert_int_equal(unlink(log), 0);
    assert_false(begins(p, &err));
    assert_non_null(strstr(err.message, "its last rows are missing: 1 of 3 are there"));
    assert_int_equal(unlink(p->path), 0);
    (void)unlink(log);
    (void)unlink(shared);
    assert_true(begins(p, &err));
    assert_true(begins(p, &err));
}

static void test_untrusted_files(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p);
    char *other = mem_printf("%s/other", p->dir), *dir = mem_printf("%s/.lab", p->dir);
    struct error err;

    store_close(s);
    assert_int_equal(chmod(p->path, 0644), 0);
    refused(p, "open to others");
    assert_int_equal(chmod(p->path, 0600), 0);
    assert_int_equal(rename(p->path, other), 0);
    assert_int_equal(symlink(other, p->path), 0);
    refused(p, "regular file");
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(rename(other, p->path), 0);
    assert_int_equal(chmod(dir, 0770), 0);
    assert_false(store_open(p->path, "up", held_clock(p), &s, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(chmod(dir, 0700), 0);
    assert_true(
        file_replace(p->path, STR("not a database, but long enough to be taken for one by its size"), &err));
    refused(p, p->path);
    mem_free(other);
    mem_free(dir);
}

static void test_lock(void **state)
{
    struct place *p = *state;
    struct store *one = open_store(p), *two;
    struct error err;
    char pid[32];

    (void)snprintf(pid, sizeof(pid), "pid %d on ", getpid());
    for (int look = 0; look < 2; look++) {
        assert_false(store_open(p->path, "down", held_clock(p), &two, &err));
        assert_int_equal(err.code, ERR_TRY_AGAIN);
        assert_non_null(strstr(err.message, pid));
        assert_non_null(strstr(err.message, "`lab up`"));
        assert_non_null(strstr(err.message, "since 2026-11-24T06:37:16Z"));
        /* A look at the store in between must not drop the lock. */
        assert_true(store_open(p->path, NULL, held_clock(p), &two, &err));
        store_close(two);
    }
    store_close(one);
    assert_true(store_open(p->path, "down", held_clock(p), &two, &err));
    store_close(two);
}

enum { RUNS_AT_ONCE = 6, STARTS = 20 };

/* 0: it began and gave the store up again; 75: another held it. */
static int begin_once(struct place *p)
{
    struct store *s;
    struct error err;

    if (!store_open(p->path, "up", held_clock(p), &s, &err))
        return err.code == ERR_TRY_AGAIN ? 75 : 74;
    store_close(s);
    return 0;
}

/* Runs that begin at once on a store that is not there yet. */
static void test_many_begin_at_once(void **state)
{
    struct place *p = *state;
    struct error err;
    int status, began = 0;

    for (int i = 0; i < STARTS; i++) {
        pid_t child[RUNS_AT_ONCE];
        for (int j = 0; j < RUNS_AT_ONCE; j++) {
            child[j] = fork();
            assert_true(child[j] >= 0);
            if (child[j] == 0)
                _exit(begin_once(p));
        }
        for (int j = 0; j < RUNS_AT_ONCE; j++) {
            assert_int_equal(waitpid(child[j], &status, 0), child[j]);
            assert_true(WIFEXITED(status));
            assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 75);
            began += WEXITSTATUS(status) == 0;
        }
        CLEANUP(mem_freep) char *made = mem_printf("%s/.lab", p->dir);
        assert_true(file_remove_tree(made, &err));
    }
    assert_true(began >= STARTS);
}

/* The lock ends with its process, however that ends. */
static void test_lock_of_a_dead_process(void **state)
{
    struct place *p = *state;
    struct store *s;
    struct error err;
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (!store_open(p->path, "up", held_clock(p), &s, &err))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    s = open_store(p);
    store_close(s);
}

/* `lab status` after a run was killed: what it committed is still in the log
 * beside the file, and reading has to bring it up. */
static void test_read_after_a_kill(void **state)
{
    struct place *p = *state;
    struct store *s;
    struct store_step got;
    struct error err;
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        s = open_store(p);
        put(s, "a", STORE_DONE, "{}");
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!store_open(p->path, NULL, held_clock(p), &s, &err))
        fail_msg("%s", err.message);
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "lab", "me"});
    assert_true(store_get_step(s, "a", &got, &err));
    assert_int_equal(got.state, STORE_DONE);
    store_step_release(&got);
    store_close(s);
}

/* A reader beside a run that writes sees what is committed, and disturbs nothing. */
static void test_read_beside_a_run(void **state)
{
    struct place *p = *state;
    struct store *writer = open_store(p), *reader;
    struct store_step got;
    struct error err;

    put(writer, "a", STORE_DONE, NULL);
    assert_true(store_open(p->path, NULL, held_clock(p), &reader, &err));
    store_set_scope(reader, &(struct store_scope){"111122223333", "eu-west-1", "lab", "me"});
    put(writer, "a", STORE_UNDONE, NULL);
    assert_true(store_get_step(reader, "a", &got, &err));
    assert_int_equal(got.state, STORE_UNDONE);
    store_step_release(&got);
    store_close(reader);
    put(writer, "b", STORE_DONE, NULL);
    store_close(writer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_steps),
        TEST(test_message_is_cut_at_a_character),
        TEST(test_intents),
        TEST(test_knows),
        TEST(test_list),
        TEST(test_read_only),
        TEST(test_refused),
        TEST(test_append_only),
        TEST(test_flipped_bytes),
        TEST(test_truncated),
        TEST(test_damaged_log),
        TEST(test_log_taken_away),
        TEST(test_untrusted_files),
        TEST(test_lock),
        TEST(test_many_begin_at_once),
        TEST(test_lock_of_a_dead_process),
        TEST(test_read_after_a_kill),
        TEST(test_read_beside_a_run),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
