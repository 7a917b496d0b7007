/* `probe quote`: the statements by which a mysql.user step makes an account.
 * The password stands in them as given: this is a test program. */
#include "steps/mysql/account.h"
#include "tests/support/probe.h"

#include <stdio.h>

static const char *const members[] = {"user", "host", "password", "database"};

static bool has_shape(const struct json *line)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (!json_is_string(json_get(line, members[i])))
            return false;
    return true;
}

static bool add_statement(bool ok, struct buf *sql, struct json *statements)
{
    if (ok)
        (void)json_push(statements, json_string(buf_str(sql)));
    buf_reset(sql);
    return ok;
}

static bool quote(const struct json *line, struct json *statements, struct error *err)
{
    static const char *const privileges[] = {"CREATE", "INSERT", "SELECT", "DROP"}; /* the workshop's */
    const struct mysql_account account = {json_get_text(line, "user"), json_get_text(line, "host")};
    bool mode = json_bool(json_get(line, "no_backslash_escapes"), false);
    CLEANUP(json_freep) struct json *list = json_array();
    CLEANUP(buf_release) struct buf scope = {0};
    CLEANUP(buf_release) struct buf sql = {0};

    for (size_t i = 0; i < ARRAY_LEN(privileges); i++)
        (void)json_push(list, json_text_new(privileges[i]));
    /* As a plan writes it, where "*.*" is no database's grant. */
    if (strcmp(json_get_text(line, "database"), "*") == 0)
        return error_set(err, ERR_PLAN, "'*' is not a database");
    buf_printf(&scope, "%s.*", json_get_text(line, "database"));
    return add_statement(
               mysql_sql_create_user(&account, json_str(json_get(line, "password")), true, mode, &sql, err),
               &sql, statements) &&
           add_statement(mysql_sql_grant(&account, buf_text(&scope), list, mode, &sql, err), &sql,
                         statements);
}

/* JSON that our own reader will not take (NUL in a text) is an answer here,
 * not a malformed line: the question is what we do with such input. */
static bool answer_line(struct str text, struct json **answer)
{
    CLEANUP(json_freep) struct json *line = NULL;
    CLEANUP(json_freep) struct json *statements = json_array();
    struct error err = {0};

    *answer = json_object();
    if (!json_parse(text, NULL, &line, &err)) {
        struct error check = {0};

        json_put_text(*answer, "error", err.message);
        return json_check(text, NULL, &check);
    }
    if (!has_shape(line))
        return false;
    if (!quote(line, statements, &err)) {
        json_put_text(*answer, "error", err.message);
        return true;
    }
    (void)json_put(*answer, "statements", statements);
    statements = NULL;
    return true;
}

int probe_quote(int argc, char **argv)
{
    CLEANUP(buf_release) struct buf input = {0};
    struct str rest, text;
    unsigned long number = 0;

    (void)argc;
    (void)argv;
    if (!probe_read_all(&input))
        return 1;
    rest = buf_str(&input);
    while (str_split(&rest, '\n', &text)) {
        CLEANUP(json_freep) struct json *answer = NULL;
        CLEANUP(buf_release) struct buf out = {0};

        number++;
        if (str_empty(str_trim(text)))
            continue;
        if (!answer_line(text, &answer)) {
            fprintf(stderr, "probe: line %lu: not what this word reads\n", number);
            return PROBE_USAGE;
        }
        json_write(answer, &out);
        buf_addc(&out, '\n');
        if (fwrite(out.data, 1, out.len, stdout) != out.len)
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
