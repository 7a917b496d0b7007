/* lab.access_test: what the workshop's db_access_test.py does. Reads the
 * secret, connects over TLS, lists the tables, makes one, inserts, selects,
 * drops it. With `expect`, the failure has to be seen several times in a row:
 * after a change of policies the old answer lives on for seconds (facts 4). */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/access_client.h"
#include "steps/kinds/database.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"
#include "steps/kinds/workstation.h"
#include "steps/mysql/account.h"

#include <string.h>

static const char *const secret_kinds[] = {"secretsmanager.secret", NULL};

static const struct schema_field with[] = {
    {.name = "secret",
     .type = FIELD_STEP,
     .step_kinds = secret_kinds,
     .any_of_group = true,
     .help = "the secret, as a step"},
    {.name = "name", .type = FIELD_TEXT, .any_of_group = true, .help = "the secret, by name or ARN"},
    WAY_FIELDS,
    {.name = "version", .type = FIELD_TEXT, .otherwise = "AWSCURRENT", .help = "staging label"},
    {.name = "samples",
     .type = FIELD_INTEGER,
     .otherwise = "3",
     .min = 1,
     .max = 100,
     .help = "how often in a row an expected failure has to be seen"},
    {.name = "patience",
     .type = FIELD_INTEGER,
     .otherwise = "120",
     .min = 0,
     .max = 3600,
     .help = "seconds to wait for permissions to take effect"},
    {.name = "repeat",
     .type = FIELD_INTEGER,
     .otherwise = "1",
     .min = 1,
     .max = 100000,
     .help = "how often to log in, counting the reads of the secret; not through ssm"},
    {.name = "cache",
     .type = FIELD_INTEGER,
     .otherwise = "0",
     .min = 0,
     .max = 86400,
     .help = "seconds for which a value that was read is kept, as a caching client does"},
    {0},
};

static const struct output_field outputs[] = {
    {"result", false, "what was seen"},
    {"reads", false, "calls of GetSecretValue that the logins took, when there were several"},
    {0}};

static const char *secret_id(const struct step_context *c)
{
    const char *name = json_text(json_path(step_with(c), "secret.name"));
    return *name ? name : json_get_text(step_with(c), "name");
}

/* The table's own statements; the first %s is its quoted name, the second its
 * comment. A table that an earlier run left behind when it was killed goes
 * first. By the comment the undo of the user knows it, should no run follow. */
static const struct {
    const char *operation, *sql;
    bool effect;
} statements[] = {
    {"DROP TABLE", "DROP TABLE IF EXISTS %s", true},
    {"CREATE TABLE", "CREATE TABLE %s (id INT PRIMARY KEY, note VARCHAR(32)) COMMENT %s", true},
    {"INSERT", "INSERT INTO %s VALUES (1, 'lab')", true},
    {"SELECT", "SELECT note FROM %s WHERE id = 1", false},
    {"DROP TABLE", "DROP TABLE %s", true},
};

/* One a step: the next run finds what a killed one left. */
static char *table_name(const struct step_context *c)
{
    return mem_printf(DATABASE_TEST_TABLE "%.40s", step_id(c));
}

/* Puts the table's name and its comment in the places of a statement. */
static void fill_in(const char *sql, struct str table, struct str comment, struct buf *out)
{
    struct str rest = str_of(sql), before;

    for (struct str value = table; str_split(&rest, '%', &before) && rest.data; value = comment) {
        buf_add(out, before);
        buf_add(out, value);
        rest = str_slice(rest, 1, rest.len);
    }
    buf_add(out, before);
}

static bool write_statement(const struct step_context *c, size_t i, const char *user,
                            bool no_backslash_escapes, struct buf *sql, struct error *err)
{
    CLEANUP(mem_freep) char *name = table_name(c);
    CLEANUP(buf_release) struct buf table = {0};
    CLEANUP(buf_release) struct buf comment = {0};

    if (!mysql_quote_identifier(str_of(name), &table, err) ||
        !database_test_comment(user, no_backslash_escapes, &comment, err))
        return false;
    fill_in(statements[i].sql, buf_str(&table), buf_str(&comment), sql);
    return true;
}

static bool use_table(struct step_context *c, struct mysql_session *s, const char *user, struct error *err)
{
    CLEANUP(mem_freep) char *name = table_name(c);

    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
        CLEANUP(buf_release) struct buf sql = {0};

        if (!write_statement(c, i, user, mysql_no_backslash_escapes(s), &sql, err))
            return false;
        if (statements[i].effect ? !effect_sql(c, s, statements[i].operation, name, buf_str(&sql), err)
                                 : !mysql_run(s, buf_str(&sql), &rows, err))
            return error_wrap(err, "%s", statements[i].operation);
        if (!statements[i].effect && (rows.count != 1 || !str_is(rows.cells[0], "lab")))
            return error_set(err, ERR_FAILED, "the row that was inserted did not come back");
    }
    return true;
}

static bool use_database(struct step_context *c, struct access_client *a, struct error *err)
{
    CLEANUP(mysql_endp) struct mysql_session *session = NULL;
    CLEANUP(mysql_rows_release) struct mysql_rows tables = {0};

    if (!access_client_login(c, a, &session, err))
        return false;
    if (!mysql_run(session, STR("SHOW TABLES"), &tables, err))
        return error_wrap(err, "list the tables of %s", a->login.database);
    if (!use_table(c, session, a->login.user, err))
        return false;
    step_note(c, "%s logs in over TLS (%s), sees %zu tables, made one, wrote, read and dropped it",
              a->login.user, mysql_cipher(session), tables.count);
    return true;
}

/* Between the function's setSecret and finishSecret neither password works:
 * the server has the new one, the secret still gives the old one. */
static enum step_status await_rotation(struct step_context *c, const struct access_client *a)
{
    CLEANUP(mem_freep)
    char *reason = mem_printf("a rotation to end, in which login %lld is refused", (long long)a->logins + 1);
    const struct step_wait ends = {reason, 200, 2000, 120000};

    access_client_save(a, step_scratch(c));
    return step_wait(c, &ends);
}

/* Further logins, which only ask who they are. */
static enum step_status log_in_again(struct step_context *c, struct access_client *a, struct error *err)
{
    int64_t times = json_int(json_get(step_with(c), "repeat"), 1);

    while (a->logins < times) {
        CLEANUP(mysql_endp) struct mysql_session *session = NULL;
        int64_t number = a->logins + 1;

        if (step_interrupted(c)) {
            error_set(err, ERR_INTERRUPTED, "interrupted before login %lld of %lld", (long long)number,
                      (long long)times);
            return STEP_FAILED;
        }
        if (access_client_login(c, a, &session, err) &&
            mysql_run(session, STR("SELECT CURRENT_USER()"), NULL, err))
            continue;
        if (!session && err->code == ERR_DENIED && strcmp(err->remote_code, "28000") == 0)
            return await_rotation(c, a);
        error_wrap(err, "login %lld of %lld", (long long)number, (long long)times);
        return STEP_FAILED;
    }
    if (times > 1) {
        access_client_tell(c, a);
        step_output(c, "reads", json_number((double)a->calls));
    }
    return STEP_FINISHED;
}

static enum step_status try_here(struct step_context *c, const struct way *way, struct error *err)
{
    CLEANUP(access_client_release)
    struct access_client a = {.who = way->who,
                              .secret_id = secret_id(c),
                              .stage = json_get_text(step_with(c), "version"),
                              .cache_ms = json_int(json_get(step_with(c), "cache"), 0) * 1000};

    access_client_restore(&a, step_scratch(c));
    if (a.logins == 0 && !use_database(c, &a, err))
        return STEP_FAILED;
    return log_in_again(c, &a, err);
}

/* The value behind `name` in a line "name<TAB>value" of the script's output. */
static struct str line_value(struct str output, const char *name)
{
    struct str rest = output, line, key;

    while (str_split(&rest, '\n', &line)) {
        struct str value = line;
        if (str_split(&value, '\t', &key) && str_is(key, name))
            return value;
    }
    return STR("");
}

/* The same on the workstation. The table's name is quoted here; user and
 * password stay there. */
static bool script_vars(const struct step_context *c, struct json **vars, struct error *err)
{
    CLEANUP(mem_freep) char *name = table_name(c);
    CLEANUP(buf_release) struct buf table = {0};

    if (json_int(json_get(step_with(c), "repeat"), 1) > 1) {
        return error_set(err, ERR_PLAN, "repeat: only from where lab runs, not through Systems Manager");
    }
    if (!mysql_quote_identifier(str_of(name), &table, err))
        return false;
    *vars = json_of("SECRET", secret_id(c), "VERSION", json_get_text(step_with(c), "version"), "TABLE",
                    buf_text(&table), NULL);
    return true;
}

static enum step_status try_there(struct step_context *c, const struct way *way, struct error *err)
{
    CLEANUP(buf_release) struct buf output = {0};
    CLEANUP(json_freep) struct json *vars = NULL;

    if (!script_vars(c, &vars, err))
        return STEP_FAILED;
    enum step_status status = way_run_script(c, way, "access", vars, &output, err);
    if (status != STEP_FINISHED)
        return status;
    struct str cipher = line_value(buf_str(&output), "Ssl_cipher");
    if (str_empty(cipher) || !str_is(line_value(buf_str(&output), "note"), "lab")) {
        error_set(err, ERR_FAILED,
                  str_empty(cipher) ? "the workstation's connection has no TLS"
                                    : "the row that was inserted did not come back");
        return STEP_FAILED;
    }
    step_note(c, "%.*s logs in over TLS (%.*s), sees %.*s tables, made one, wrote, read and dropped it",
              STR_ARG(line_value(buf_str(&output), "user")), STR_ARG(cipher),
              STR_ARG(line_value(buf_str(&output), "tables")));
    return STEP_FINISHED;
}

/* AWS's words name neither the key nor what is missing on it. */
static void explain_key(struct error *err)
{
    if (error_is(err, "AccessDeniedException") && strstr(err->message, "Access to KMS"))
        error_wrap(err, "kms:Decrypt is missing on the secret's KMS key");
}

static enum step_status try_access(struct step_context *c, const struct way *way, struct error *err)
{
    if (way->from == FROM_SSM) {
        enum step_status status = try_there(c, way, err);

        if (status == STEP_FAILED)
            explain_key(err);
        return status;
    }
    enum step_status status = try_here(c, way, err);
    if (status != STEP_FAILED)
        return status;
    explain_key(err);
    return way->from == FROM_ROLE ? gotcha_or_fail(c, "sts:AssumeRole", err) : STEP_FAILED;
}

static bool drop_table(struct step_context *c, const char *name, struct error *err)
{
    CLEANUP(access_client_release)
    struct access_client a = {.who = AS_CALLER, .secret_id = secret_id(c), .stage = "AWSCURRENT"};
    CLEANUP(mysql_endp) struct mysql_session *session = NULL;
    CLEANUP(buf_release) struct buf sql = {0};

    buf_adds(&sql, "DROP TABLE IF EXISTS ");
    return mysql_quote_identifier(str_of(name), &sql, err) && access_client_login(c, &a, &session, err) &&
           effect_sql(c, session, "DROP TABLE", name, buf_str(&sql), err);
}

/* Before access was refused it still worked, and a run may have died while it
 * used its table. Whoever is refused now cannot drop it. */
static bool clear_table(struct step_context *c, struct error *err)
{
    CLEANUP(mem_freep) char *name = table_name(c);
    struct error why;
    bool made;

    if (!step_made(c, "CREATE TABLE", name, &made, err))
        return false;
    if (made && !drop_table(c, name, &why)) {
        if (why.code == ERR_STORE || why.code == ERR_INTERRUPTED || step_may_pass(&why)) {
            *err = why;
            return false;
        }
        step_note(c, "table %s may be left until the user is undone: %s", name, why.message);
    }
    return true;
}

static bool is_denial(const struct error *err)
{
    return error_is(err, "AccessDeniedException");
}

static bool is_expected(const struct error *err, const char *wanted)
{
    return strcmp(err->remote_code, wanted) == 0;
}

/* The expected failure, several times in a row. */
static enum step_status expect_failure(struct step_context *c, const struct way *way, const char *wanted,
                                       struct error *err)
{
    struct json *scratch = step_scratch(c);
    int64_t patience_ms = json_int(json_get(step_with(c), "patience"), 120) * 1000;
    int64_t samples = json_int(json_get(step_with(c), "samples"), 3);
    const struct step_wait works = {"access to be refused", 500, 3000, patience_ms};
    const struct step_wait again = {"the same refusal several times in a row", 300, 500, patience_ms};
    struct error got = {0};

    enum step_status status = try_access(c, way, &got);
    if (status == STEP_WAITING)
        return status;
    if (status == STEP_FINISHED) {
        json_put_int(scratch, "seen", 0);
        return step_wait(c, &works);
    }
    if (!is_expected(&got, wanted)) {
        *err = got;
        error_wrap(err, "expected %s", wanted);
        return STEP_FAILED;
    }
    int64_t seen = json_int(json_get(scratch, "seen"), 0) + 1;
    json_put_int(scratch, "seen", seen);
    /* The sentence is the lesson, but one reading of it is enough. */
    step_note(c, "refused, %lld of %lld times in a row%s%s", (long long)seen, (long long)samples,
              seen == 1 ? ": " : "", seen == 1 ? got.message : "");
    if (seen < samples)
        return step_wait(c, &again);
    if (!clear_table(c, err))
        return STEP_FAILED;
    step_output_text(c, "result", wanted);
    return STEP_FINISHED;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    int64_t patience_ms = json_int(json_get(step_with(c), "patience"), 120) * 1000;
    const struct step_wait allowed = {"permission to read the secret to take effect", 500, 5000, patience_ms};
    const char *wanted = json_get_text(step_expect(c), "error");

    struct way way;

    if (!way_choose(c, &way, err))
        return STEP_FAILED;
    if (*wanted)
        return expect_failure(c, &way, wanted, err);
    enum step_status status = try_access(c, &way, err);
    if (status == STEP_WAITING)
        return status;
    if (status == STEP_FAILED) {
        if (!is_denial(err) || patience_ms == 0)
            return STEP_FAILED;
        /* The keys at hand may be those of a role that is no longer there. */
        if (way.from != FROM_SSM)
            step_refresh(c, way.who);
        return step_wait(c, &allowed);
    }
    step_output_text(c, "result", "works");
    return STEP_FINISHED;
}

static bool explain_there(const struct step_context *c, const char *wanted, struct json *items,
                          struct error *err)
{
    CLEANUP(json_freep) struct json *vars = NULL;

    return script_vars(c, &vars, err) &&
           way_explain_script(c, "access", vars, *wanted ? "StandardErrorContent" : "StandardOutputContent",
                              *wanted ? wanted : "note\tlab", items, err);
}

static bool explain_statements(const struct step_context *c, struct json *items, struct json **item,
                               struct error *err)
{
    static const char *const members[][2] = {{"host", "host"},
                                             {"port", "port"},
                                             {"user", "username"},
                                             {"password", "password"},
                                             {"database", "dbname"}};
    CLEANUP(mem_freep) char *user = explain_own(c, "user");
    struct json *call =
        explain_call(items, "secretsmanager", "GetSecretValue",
                     access_client_input(secret_id(c), json_get_text(step_with(c), "version")));
    struct json *login = json_object();
    struct json *list;

    *item = explain_sql(items, login, json_array());
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        CLEANUP(mem_freep) char *mark = explain_own(c, members[i][0]);
        CLEANUP(mem_freep) char *path = mem_printf("SecretString/%s", members[i][1]);
        explain_gives(c, call, members[i][0], path);
        json_put_text(login, members[i][0], mark);
    }
    list = json_edit(*item, "statements");
    json_push(list, json_text_new("SHOW TABLES"));
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        CLEANUP(buf_release) struct buf sql = {0};
        if (!write_statement(c, i, user, false, &sql, err))
            return false;
        json_push(list, json_string(buf_str(&sql)));
    }
    return true;
}

/* An SQLSTATE has five characters, and the database says it; else AWS refuses. */
static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    const char *wanted = json_get_text(step_expect(c), "error");
    enum way_from from;
    struct json *item;

    if (!way_explain(c, &from, err))
        return false;
    if (from == FROM_SSM)
        return explain_there(c, wanted, items, err);
    if (!*wanted || strlen(wanted) == 5) {
        if (!explain_statements(c, items, &item, err))
            return false;
    } else {
        item = explain_call(items, "secretsmanager", "GetSecretValue",
                            access_client_input(secret_id(c), json_get_text(step_with(c), "version")));
    }
    if (*wanted)
        json_put_text(item, "fails", wanted);
    return true;
}

const struct step_kind kind_lab_access_test = {
    .schema = {"lab.access_test", "reads the secret and uses the database", KIND_TEST, true, with, outputs},
    .observe = observe_test,
    .apply = apply,
    .explain = explain,
};
