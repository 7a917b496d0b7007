#include "steps/mysql/privilege.h"

#define G MYSQL_LEVEL_GLOBAL
#define D MYSQL_LEVEL_DATABASE
#define T MYSQL_LEVEL_TABLE

/* MySQL Reference Manual 8.0, 6.2.2, static privileges, as far as MariaDB has
 * them under the same word. GRANT OPTION is no word of a plan: a lab's user
 * has nothing to pass on. */
static const struct privilege {
    const char *word;
    unsigned levels;
} privileges_known[] = {
    {"ALL PRIVILEGES", G | D | T},
    {"ALTER", G | D | T},
    {"ALTER ROUTINE", G | D},
    {"CREATE", G | D | T},
    {"CREATE ROUTINE", G | D},
    {"CREATE TABLESPACE", G},
    {"CREATE TEMPORARY TABLES", G | D},
    {"CREATE USER", G},
    {"CREATE VIEW", G | D | T},
    {"DELETE", G | D | T},
    {"DROP", G | D | T},
    {"EVENT", G | D},
    {"EXECUTE", G | D},
    {"FILE", G},
    {"INDEX", G | D | T},
    {"INSERT", G | D | T},
    {"LOCK TABLES", G | D},
    {"PROCESS", G},
    {"REFERENCES", G | D | T},
    {"RELOAD", G},
    {"REPLICATION CLIENT", G},
    {"REPLICATION SLAVE", G},
    {"SELECT", G | D | T},
    {"SHOW DATABASES", G},
    {"SHOW VIEW", G | D | T},
    {"SHUTDOWN", G},
    {"SUPER", G},
    {"TRIGGER", G | D | T},
    {"UPDATE", G | D | T},
};

#undef G
#undef D
#undef T

bool mysql_scope_parse(struct str text, struct mysql_scope *out, struct error *err)
{
    size_t dot = str_find_char(text, '.');

    *out = (struct mysql_scope){.level = MYSQL_LEVEL_GLOBAL};
    if (str_is(text, "*.*"))
        return true;
    if (str_ends(text, STR(".*")) && text.len > 2) {
        out->level = MYSQL_LEVEL_DATABASE;
        out->database = str_slice(text, 0, text.len - 2);
    } else if (dot > 0 && dot + 1 < text.len) {
        out->level = MYSQL_LEVEL_TABLE;
        out->database = str_slice(text, 0, dot);
        out->table = str_slice(text, dot + 1, text.len);
    }
    /* "*.t" means nothing, "a.b.c" two things. */
    if (out->level == MYSQL_LEVEL_GLOBAL || str_is(out->database, "*") ||
        str_find_char(out->table, '.') < out->table.len)
        return error_set(err, ERR_PLAN, "'%.*s' is not *.*, DATABASE.* or DATABASE.TABLE", STR_ARG(text));
    return true;
}

static const struct privilege *privilege_find(struct str word)
{
    if (str_equal_ignore_case(word, STR("ALL")))
        return &privileges_known[0];
    for (size_t i = 0; i < ARRAY_LEN(privileges_known); i++)
        if (str_equal_ignore_case(word, str_of(privileges_known[i].word)))
            return &privileges_known[i];
    return NULL;
}

bool mysql_privileges_add(const struct json *privileges, enum mysql_level level, struct buf *out,
                          struct error *err)
{
    bool seen[ARRAY_LEN(privileges_known)] = {false};

    if (!json_is_array(privileges) || json_count(privileges) == 0)
        return error_set(err, ERR_PLAN, "a list of privileges is needed");
    for (const struct json *e = json_first(privileges); e; e = json_next(e)) {
        const struct privilege *p = privilege_find(json_str(e));

        if (!p)
            return error_set(err, ERR_PLAN, "'%.64s' is not a privilege", json_text(e));
        if ((p->levels & level) == 0)
            return error_set(err, ERR_PLAN, "%s cannot be granted here", p->word);
        if (seen[p - privileges_known])
            return error_set(err, ERR_PLAN, "%s is listed twice", p->word);
        if (p == &privileges_known[0] && json_count(privileges) > 1)
            return error_set(err, ERR_PLAN, "ALL PRIVILEGES stands alone");
        seen[p - privileges_known] = true;
        if (e != json_first(privileges))
            buf_adds(out, ", ");
        buf_adds(out, p->word);
    }
    return true;
}
