/* The rows of a state store: one that was tampered with is refused, whatever it
 * would say; of a damaged file only what it says counts. Input: a letter, then either places and bytes that are
 * put into the file (`b`), or, a line each, the number of a row and of a column
 * and what is written there with SQL (any other letter). */
#include "aws/common/db.h"
#include "aws/common/file.h"
#include "steps/store/store.h"
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

enum { MOST_CHANGES = 16 };

static const char *const columns[] = {
    "entry.seq",   "entry.kind", "entry.account", "entry.region", "entry.lab",       "entry.learner",
    "entry.step",  "entry.run",  "entry.at_ms",   "entry.ref",    "entry.operation", "entry.target",
    "entry.state", "entry.body", "entry.hash",    "head.seq",     "head.hash",
};

static int64_t held(void *self)
{
    (void)self;
    return 1795502236000; /* 2026-11-24T06:37:16Z */
}

static const struct clock clock_held = {held, held, NULL};

static void must(bool ok, const struct error *err)
{
    if (!ok)
        (void)fprintf(stderr, "%s\n", err->message);
    HOLDS(ok);
}

/* --- where the files are, made once and removed at the end --- */

static struct {
    char *dir, *path;
    struct buf file; /* a sound store */
    struct buf said; /* what it says */
} sound;

static void set_scope(struct store *s)
{
    store_set_scope(s, &(struct store_scope){"111122223333", "eu-west-1", "lab", "me"});
    store_set_run(s, "run-1");
}

static void fill(const char *path)
{
    static const struct store_intent intents[] = {
        {"role", "iam:CreateRole", "role workshop", "token-1", "digest-1"},
        {"db-user", "mysql:CREATE USER", "demouser@%", "", "digest-2"},
        {"secret", "secretsmanager:CreateSecret", "secret_Demouser", "token-3", ""},
    };
    CLEANUP(store_closep) struct store *s = NULL;
    CLEANUP(json_freep) struct json *done = json_object(), *refused = json_object();
    CLEANUP(json_freep)
    struct json *outputs = json_of("arn", "arn:aws:iam::111122223333:role/workshop", NULL);
    struct error err;
    int64_t id[ARRAY_LEN(intents)];

    json_put_bool(done, "ok", true);
    json_put_bool(refused, "ok", false);
    json_put_bool(refused, "acted", false);
    must(store_open(path, "up", clock_held, &s, &err), &err);
    set_scope(s);
    for (size_t i = 0; i < ARRAY_LEN(intents); i++)
        must(store_intend(s, &intents[i], &id[i], &err), &err);
    must(store_settle(s, id[0], done, &err), &err);
    must(store_settle(s, id[1], refused, &err), &err);
    must(store_put_step(s, "role", STORE_DONE, outputs, outputs, "", &err), &err);
    must(store_put_step(s, "db-user", STORE_FAILED, NULL, NULL, "refused", &err), &err);
}

static void note_intent(void *self, const struct store_intent *i, int64_t id)
{
    buf_printf(self, "%lld %s %s %s %s %s\n", (long long)id, i->step, i->operation, i->target, i->token,
               i->digest);
}

/* Everything a run would ask of it. False when the store is refused. */
static bool say(const char *path, struct buf *out)
{
    static const char *const steps[] = {"role", "db-user", "secret"};
    CLEANUP(store_closep) struct store *s = NULL;
    CLEANUP(json_freep) struct json *list = NULL;
    struct error err;
    bool known;

    if (!store_open(path, NULL, clock_held, &s, &err)) {
        HOLDS(err.code == ERR_STORE && err.message[0]);
        return false;
    }
    set_scope(s);
    must(store_list(s, &list, &err), &err);
    json_write(list, out);
    must(store_open_intents(s, NULL, note_intent, out, &err), &err);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct store_step step;

        must(store_get_step(s, steps[i], &step, &err), &err);
        buf_printf(out, "%d %lld %s ", step.state, (long long)step.at_ms, step.message);
        if (step.outputs)
            json_write(step.outputs, out);
        if (step.memo)
            json_write(step.memo, out);
        store_step_release(&step);
    }
    must(store_knows(s, "iam:CreateRole", "role workshop", &known, &err), &err);
    buf_printf(out, "%d", known);
    must(store_knows(s, "mysql:CREATE USER", "demouser@%", &known, &err), &err);
    buf_printf(out, "%d", known);
    return true;
}

static void remove_files(void)
{
    struct error err;

    must(file_remove_tree(sound.dir, &err), &err);
    mem_free(sound.dir);
    mem_free(sound.path);
    buf_release(&sound.file);
    buf_release(&sound.said);
}

static void prepare(void)
{
    struct error err;

    if (sound.path)
        return;
    must(file_temp_dir("lab-fuzz-store", &sound.dir, &err), &err);
    sound.path = mem_printf("%s/state.db", sound.dir);
    fill(sound.path);
    must(file_read(sound.path, 1 << 20, &sound.file, &err), &err);
    HOLDS(say(sound.path, &sound.said));
    (void)atexit(remove_files);
}

static void write_file(struct str bytes)
{
    static const char *const beside[] = {"-wal", "-shm", "-journal"};
    FILE *f = fopen(sound.path, "we");

    HOLDS(f && fwrite(bytes.data, 1, bytes.len, f) == bytes.len && fclose(f) == 0);
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        CLEANUP(mem_freep) char *path = mem_printf("%s%s", sound.path, beside[i]);

        (void)unlink(path);
    }
}

/* --- tampering --- */

/* Three bytes of place and one of value at a time; a place behind the file cuts
 * it there. */
static void change_bytes(struct str text)
{
    CLEANUP(buf_release) struct buf bytes = {0};

    buf_add(&bytes, buf_str(&sound.file));
    for (size_t i = 0; i + 4 <= text.len && i < (size_t)4 * MOST_CHANGES; i += 4) {
        const unsigned char *c = (const unsigned char *)text.data + i;
        size_t at = ((size_t)c[0] << 16 | (size_t)c[1] << 8 | c[2]) % (bytes.len + bytes.len / 16 + 1);

        if (at < bytes.len)
            bytes.data[at] = (char)(bytes.data[at] ^ c[3]);
        else
            bytes.len -= (at - bytes.len) * 16 < bytes.len ? (at - bytes.len) * 16 : 0;
    }
    write_file(buf_str(&bytes));
}

/* Every cell, byte by byte. */
static void read_cells(struct db *db, struct buf *out)
{
    CLEANUP(db_donep) struct db_rows *rows = NULL;
    CLEANUP(buf_release) struct buf sql = {0};
    struct error err;
    bool row;

    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        buf_printf(&sql, "%stypeof(%s) || hex(%s)", i ? " || ' ' || " : "SELECT ", columns[i], columns[i]);
    buf_adds(&sql, " FROM entry, head ORDER BY entry.rowid");
    must(db_query(db, buf_text(&sql), NULL, 0, &rows, &err), &err);
    for (must(db_next(rows, &row, &err), &err); row; must(db_next(rows, &row, &err), &err)) {
        buf_add(out, db_text(rows, 0));
        buf_addc(out, '\n');
    }
}

static void write_cell(struct db *db, struct str row, struct str column, struct str text)
{
    const char *name = columns[(column.len ? (unsigned char)column.data[0] : 0) % ARRAY_LEN(columns)];
    int64_t seq = row.len ? (unsigned char)row.data[0] % 8 : 0, number;
    bool head = strncmp(name, "head.", 5) == 0;
    CLEANUP(mem_freep)
    char *sql = mem_printf("UPDATE %s SET %s = ? WHERE %s = ?", head ? "head" : "entry",
                           strchr(name, '.') + 1, head ? "one" : "seq");
    struct db_value args[] = {DB_TEXT(text), DB_INT(head ? 1 : seq)};
    struct error ignored;

    if (str_to_i64(text, &number))
        args[0] = DB_INT(number);
    /* What the table does not allow is no change. */
    if (!db_run(db, sql, args, ARRAY_LEN(args), &ignored))
        return;
}

/* Whether any cell is another now. */
static bool change_cells(struct str text)
{
    CLEANUP(db_closep) struct db *db = NULL;
    CLEANUP(buf_release) struct buf before = {0};
    CLEANUP(buf_release) struct buf after = {0};
    struct error err;

    write_file(buf_str(&sound.file));
    must(db_open(sound.path, false, &db, &err), &err);
    must(db_script(db,
                   "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN;"
                   "DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete",
                   &err),
         &err);
    read_cells(db, &before);
    for (size_t i = 0; i < MOST_CHANGES && text.data != NULL; i++) {
        struct str row = fuzz_line(&text), column = fuzz_line(&text), value = fuzz_line(&text);

        write_cell(db, row, column, value);
    }
    read_cells(db, &after);
    must(db_script(db,
                   "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN "
                   "SELECT RAISE(ABORT, 'append-only'); END;"
                   "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN "
                   "SELECT RAISE(ABORT, 'append-only'); END; COMMIT",
                   &err),
         &err);
    return !str_equal(buf_str(&before), buf_str(&after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_release) struct buf said = {0};
    struct str text = str_slice(fuzz_text(data, size), 1, size);
    bool other = false;

    prepare();
    if (size > 0 && data[0] == 'b')
        change_bytes(text);
    else
        other = change_cells(text);
    if (say(sound.path, &said))
        HOLDS(!other && str_equal(buf_str(&said), buf_str(&sound.said)));
    return 0;
}
