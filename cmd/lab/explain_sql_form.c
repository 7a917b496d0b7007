/* A step as SQL, for whoever is logged in as the one who may. A password is made by the
 * server and stays there. */
#include "cmd/lab/explain.h"
#include "steps/mysql/account.h"

#include <string.h>

static bool made_by_random(const struct json *items, struct str name)
{
    return strcmp(json_get_text(item_giver(items, name), "operation"), "GetRandomPassword") == 0;
}

static void variable(struct str name, struct buf *out)
{
    buf_addc(out, '@');
    for (size_t i = 0; i < name.len; i++)
        buf_addc(out, strchr("-.", name.data[i]) ? '_' : name.data[i]);
}

/* A mark as an expression: a variable, or who is logged in. */
static bool expression(const struct json *items, struct str name, struct buf *out, struct error *err)
{
    if (made_by_random(items, name)) {
        variable(name, out);
        return true;
    }
    if (str_ends(name, STR(".user"))) {
        buf_adds(out, "SUBSTRING_INDEX(USER(), '@', 1)");
        return true;
    }
    return error_set(err, ERR_FAILED, "SQL cannot find %.*s", STR_ARG(name));
}

/* Quotes doubled are right in every sql_mode, a backslash is not. */
static bool quote(struct str text, struct buf *out, struct error *err)
{
    return mysql_quote_text(text, !str_contains(text, STR("\\")), out, err);
}

/* A statement with a value in it that only the server has. */
static bool add_prepared(const struct json *items, struct str text, struct buf *out, struct error *err)
{
    struct str before, name, after;

    buf_adds(out, "SET @made = CONCAT(");
    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        if (!quote(before, out, err))
            return false;
        buf_adds(out, ", ");
        if (!expression(items, name, out, err))
            return false;
        buf_adds(out, ", ");
    }
    if (!quote(text, out, err))
        return false;
    buf_adds(out,
             ");\nPREPARE made FROM @made;\nEXECUTE made;\nDEALLOCATE PREPARE made;\nSET @made = NULL;\n");
    return true;
}

static bool add_statements(const struct json *items, const struct json *item, struct buf *out,
                           struct error *err)
{
    struct str before, name, after;

    for (const struct json *e = json_first(json_get(item, "statements")); e; e = json_next(e)) {
        if (!explain_next_mark(json_str(e), &before, &name, &after))
            buf_printf(out, "%s;\n", json_text(e));
        else if (!add_prepared(items, json_str(e), out, err))
            return false;
    }
    return true;
}

/* 28 random characters and one of each class that a password policy may ask for. */
static void add_random(const struct json *call, struct buf *out)
{
    const struct json *give = json_first(json_get(call, "gives"));

    buf_adds(out, "SET ");
    variable(str_of(json_key(give)), out);
    buf_adds(out, " = CONCAT('aA1-', REPLACE(TO_BASE64(RANDOM_BYTES(21)), '/', '_'));\n");
}

/* Only the database is asked, and nothing of it is to fail. */
static bool has_form(const struct json *items)
{
    for (const struct json *item = json_first(items); item; item = json_next(item)) {
        const struct aws_operation *op = item_operation(item);
        if ((op && op->mutates) || *json_get_text(item, "fails") || item_is(item, "repeat"))
            return false;
    }
    return items_have(items, "sql");
}

bool explain_sql_form(const struct explanation *x, struct buf *out, struct error *err)
{
    if (!has_form(x->items))
        return error_set(err, ERR_USAGE,
                         "step %s has no sql form: it asks AWS; its forms are cli, boto3 and curl",
                         x->step->id);
    explain_heading(x, "--", out);
    for (const struct json *item = json_first(x->items); item; item = json_next(item)) {
        explain_comment("--", 0, json_get_text(item, "why"), out);
        if (strcmp(json_get_text(item, "operation"), "GetRandomPassword") == 0)
            add_random(item, out);
        if (item_is(item, "sql") && !add_statements(x->items, item, out, err))
            return false;
    }
    return true;
}
