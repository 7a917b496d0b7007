/* mysql.user: a database account with its grants. SQL users carry no tags: one
 * is ours when the store, or a secret tagged ours, names it. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/database.h"
#include "steps/kinds/look.h"
#include "steps/kinds/password.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"
#include "steps/mysql/account.h"

#include <stdio.h>
#include <string.h>

static const char *const cluster_kinds[] = {"rds.cluster", NULL};
static const char *const require_words[] = {"SSL", "NONE", NULL};

static const struct schema_field admin_fields[] = {
    {.name = "secret",
     .type = FIELD_TEXT,
     .any_of_group = true,
     .help = "secret with the admin's username and password"},
    {.name = "user_env",
     .type = FIELD_TEXT,
     .any_of_group = true,
     .beside = "password_env",
     .help = "environment variable with the admin's name"},
    {.name = "password_env",
     .type = FIELD_TEXT,
     .beside = "user_env",
     .help = "environment variable with the admin's password"},
    {.name = "option_file",
     .type = FIELD_TEXT,
     .any_of_group = true,
     .help = "MySQL option file whose [client] group has user and password, and may have host, port and "
             "ssl-ca; nobody but its owner may read it"},
    {0},
};
static const struct schema_field privilege_element[] = {{.name = "", .type = FIELD_TEXT}};
static const struct schema_field grants_element[] = {
    {.name = "", .type = FIELD_LIST, .element = privilege_element}};

static const struct schema_field with[] = {
    {.name = "cluster",
     .type = FIELD_STEP,
     .required = true,
     .step_kinds = cluster_kinds,
     .help = "the DB cluster"},
    {.name = "admin",
     .type = FIELD_OBJECT,
     .required = true,
     .fields = admin_fields,
     .help = "who makes the user"},
    {.name = "name", .type = FIELD_TEXT, .required = true, .max = 32, .help = "user name"},
    {.name = "host", .type = FIELD_TEXT, .otherwise = "%", .help = "where it may connect from"},
    {.name = "require",
     .type = FIELD_TEXT,
     .otherwise = "SSL",
     .choices = require_words,
     .help = "SSL or NONE"},
    {.name = "grants",
     .type = FIELD_MAP,
     .required = true,
     .element = grants_element,
     .help = "schema.* to privileges"},
    {0},
};

static const struct output_field outputs[] = {
    {"name", false, "user name"},
    {"host", false, "host part of the account"},
    {"password", true, "handle of the password"},
    {"made", false, "when it was made here, \"\" when it was there"},
    {0}};

struct user {
    struct mysql_session *admin;
    struct mysql_account account;
    struct mysql_account_state state;
    char target[128]; /* "demouser@%" */
    bool ours;
};

static void user_release(struct user *u)
{
    mysql_account_state_release(&u->state);
    mysql_endp(&u->admin);
}

/* Whether a secret of this lab holds this user at this endpoint. Asked only
 * when the store does not know the user: after a lost store. */
static bool secret_names_it(struct step_context *c, const struct user *u, bool *named, struct error *err)
{
    struct json *in = json_object();
    struct json *filters = json_put(in, "Filters", json_array());
    struct json *filter = json_push(filters, json_of("Key", "tag-key", NULL));
    CLEANUP(json_freep) struct json *out = NULL;

    json_push(json_put(filter, "Values", json_array()), json_text_new("lab:name"));
    *named = false;
    if (!look_up_all(c, "secretsmanager", "ListSecrets", in, NULL, &out, err))
        return false;
    const struct json *list = json_get(out, "SecretList");
    for (const struct json *s = json_first(list); s && !*named; s = json_next(s)) {
        CLEANUP(json_freep) struct json *value = NULL;
        CLEANUP(mysql_login_release) struct mysql_login login = {0};
        struct error ignored;
        if (!tags_of_lab(c, json_get(s, "Tags")))
            continue;
        if (!look_up(c, "secretsmanager", "GetSecretValue",
                     json_of("SecretId", json_get_text(s, "ARN"), NULL), "ResourceNotFoundException", &value,
                     err))
            return false;
        *named = mysql_login_parse(json_str(json_get(value, "SecretString")), NULL, &login, &ignored) &&
                 strcmp(login.user, u->account.user) == 0 &&
                 strcmp(login.host, json_text(json_path(step_with(c), "cluster.endpoint"))) == 0;
    }
    return true;
}

static bool look(struct step_context *c, struct user *u, struct error *err)
{
    const struct json *args = step_with(c);

    u->account = (struct mysql_account){json_get_text(args, "name"), json_get_text(args, "host")};
    snprintf(u->target, sizeof u->target, "%s@%s", u->account.user, u->account.host);
    if (!database_open_admin(c, json_get(args, "admin"), json_get(args, "cluster"), &u->admin, err) ||
        !mysql_account_look(u->admin, &u->account, &u->state, err))
        return false;
    if (!u->state.exists)
        return true;
    if (!step_made(c, "CREATE USER", u->target, &u->ours, err))
        return false;
    u->ours = u->ours || json_bool(json_get(step_memo(c), "ours"), false);
    if (!u->ours && !secret_names_it(c, u, &u->ours, err))
        return false;
    /* Kept, for the secret that says so is deleted before the user is. */
    if (u->ours)
        json_put_bool(step_memo(c), "ours", true);
    return true;
}

static bool wants_ssl(const struct step_context *c)
{
    return strcmp(json_get_text(step_with(c), "require"), "SSL") == 0;
}

/* Privileges of `from` that `to` lacks, as an owned array. */
static struct json *missing_privileges(const struct json *from, const struct json *to)
{
    struct json *missing = json_array();

    for (const struct json *p = json_first(from); p; p = json_next(p)) {
        const struct json *q = json_first(to);
        while (q && !str_equal_ignore_case(json_str(p), json_str(q)))
            q = json_next(q);
        if (!q)
            json_push(missing, json_copy(p));
    }
    return missing;
}

/* Calls each(scope, privileges) for what `from` has and `to` lacks. */
static bool each_difference(const struct json *from, const struct json *to,
                            bool (*each)(void *self, const char *scope, const struct json *privileges,
                                         struct error *err),
                            void *self, struct error *err)
{
    for (const struct json *scope = json_first(from); scope; scope = json_next(scope)) {
        CLEANUP(json_freep) struct json *missing = missing_privileges(scope, json_get(to, json_key(scope)));
        if (json_count(missing) > 0 && !each(self, json_key(scope), missing, err))
            return false;
    }
    return true;
}

static bool note_difference(void *self, const char *scope, const struct json *privileges, struct error *err)
{
    struct observation *o = self;

    (void)err;
    o->state = OBSERVED_DIFFERS;
    set_detail(o, "grants on %s differ: %s%s", scope, json_text(json_at(privileges, 0)),
               json_count(privileges) > 1 ? " and others" : "");
    return true;
}

static void give(struct step_context *c, const struct user *u)
{
    CLEANUP(mem_freep) char *handle = mem_printf("secret:%s/password", step_id(c));

    step_output_text(c, "name", u->account.user);
    step_output_text(c, "host", u->account.host);
    step_output_text(c, "password", handle);
    step_output_text(c, "made", json_get_text(step_memo(c), "made"));
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(user_release) struct user u = {0};

    if (!look(c, &u, err))
        return false;
    o->state = OBSERVED_ABSENT;
    if (!u.state.exists)
        return true;
    o->state = OBSERVED_PRESENT;
    o->ours = u.ours;
    if (u.state.requires_ssl != wants_ssl(c)) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, u.state.requires_ssl ? "it requires SSL%s" : "it does not require SSL%s", "");
    }
    const struct json *wanted = json_get(step_with(c), "grants");
    if (!each_difference(wanted, u.state.grants, note_difference, o, err) ||
        !each_difference(u.state.grants, wanted, note_difference, o, err))
        return false;
    give(c, &u);
    return true;
}

static bool create(struct step_context *c, struct user *u, struct error *err)
{
    CLEANUP(secret_release) struct secret password = {0};
    CLEANUP(buf_release) struct buf sql = {0};

    password_make(step_random(c), &password);
    /* Before the effect: whoever stored the password of the account that was
     * there before must not take it for this one's. */
    CLEANUP(mem_freep) char *now = mem_printf("%lld", (long long)step_now_ms(c));
    json_put_text(step_memo(c), "made", now);
    if (!step_save_memo(c, err))
        return false;
    step_output_text(c, "made", now);
    if (!mysql_sql_create_user(&u->account, secret_str(&password), wants_ssl(c),
                               mysql_no_backslash_escapes(u->admin), &sql, err) ||
        !effect_sql(c, u->admin, "CREATE USER", u->target, buf_str(&sql), err))
        return false;
    step_output_secret(c, "password", secret_str(&password));
    u->state.exists = true;
    u->state.requires_ssl = wants_ssl(c);
    return true;
}

/* What each_difference is handed to change grants. */
struct granting {
    struct step_context *c;
    struct user *u;
    const char *operation;
    bool (*write)(const struct mysql_account *, const char *, const struct json *, bool, struct buf *,
                  struct error *);
};

static bool change_grant(void *self, const char *scope, const struct json *privileges, struct error *err)
{
    const struct granting *g = self;
    CLEANUP(buf_release) struct buf sql = {0};

    return g->write(&g->u->account, scope, privileges, mysql_no_backslash_escapes(g->u->admin), &sql, err) &&
           effect_sql(g->c, g->u->admin, g->operation, g->u->target, buf_str(&sql), err);
}

static bool complete(struct step_context *c, struct user *u, struct error *err)
{
    const struct json *wanted = json_get(step_with(c), "grants");
    struct granting grant = {c, u, "GRANT", mysql_sql_grant};
    struct granting revoke = {c, u, "REVOKE", mysql_sql_revoke};
    CLEANUP(buf_release) struct buf sql = {0};

    if (wants_ssl(c) && !u->state.requires_ssl &&
        (!mysql_sql_require_ssl(&u->account, mysql_no_backslash_escapes(u->admin), &sql, err) ||
         !effect_sql(c, u->admin, "ALTER USER", u->target, buf_str(&sql), err)))
        return false;
    return each_difference(wanted, u->state.grants, change_grant, &grant, err) &&
           each_difference(u->state.grants, wanted, change_grant, &revoke, err);
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    CLEANUP(user_release) struct user u = {0};

    if (!look(c, &u, err))
        return STEP_FAILED;
    if (u.state.exists && !u.ours && !step_adopts(c)) {
        not_ours("database user", u.target, err);
        return STEP_FAILED;
    }
    /* Nothing on the account itself can say that it was taken over. */
    if (u.state.exists)
        json_put_bool(step_memo(c), "ours", true);
    /* Outputs first: create() replaces the handle by the value behind it. */
    give(c, &u);
    if ((!u.state.exists && !create(c, &u, err)) || !complete(c, &u, err))
        return STEP_FAILED;
    return STEP_FINISHED;
}

/* Drops what access tests of this user that were killed have left: the user
 * alone could do it as well, but may be gone or unable to log in. */
static bool drop_test_tables(struct step_context *c, const struct user *u, struct error *err)
{
    CLEANUP(mysql_rows_release) struct mysql_rows tables = {0};
    CLEANUP(buf_release) struct buf sql = {0};

    buf_adds(&sql, "SELECT table_schema, table_name FROM information_schema.tables WHERE LEFT(table_name, ");
    buf_printf(&sql, "%zu) = '" DATABASE_TEST_TABLE "' AND table_comment = ", strlen(DATABASE_TEST_TABLE));
    if (!database_test_comment(u->account.user, mysql_no_backslash_escapes(u->admin), &sql, err) ||
        !mysql_run(u->admin, buf_str(&sql), &tables, err))
        return error_wrap(err, "look for tables of access tests");
    for (size_t i = 0; i < tables.count; i++) {
        const struct str schema = tables.cells[2 * i], name = tables.cells[2 * i + 1];
        CLEANUP(mem_freep) char *target = mem_printf("%.*s.%.*s", STR_ARG(schema), STR_ARG(name));
        CLEANUP(buf_release) struct buf drop = {0};

        buf_adds(&drop, "DROP TABLE IF EXISTS ");
        if (!mysql_quote_identifier(schema, &drop, err))
            return false;
        buf_addc(&drop, '.');
        if (!mysql_quote_identifier(name, &drop, err) ||
            !effect_sql(c, u->admin, "DROP TABLE", target, buf_str(&drop), err))
            return false;
    }
    return true;
}

/* The sessions outlive the account. A run that died between the two leaves them, so
 * an account of ours that is gone is still asked for them. */
static bool end_sessions(struct step_context *c, const struct user *u, struct error *err)
{
    bool ours = json_bool(json_get(step_memo(c), "ours"), false);

    return (ours || step_made(c, "CREATE USER", u->target, &ours, err)) &&
           (!ours || mysql_account_disconnect(u->admin, &u->account, err));
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    CLEANUP(user_release) struct user u = {0};
    CLEANUP(buf_release) struct buf sql = {0};

    if (!*json_text(json_path(step_with(c), "cluster.endpoint"))) {
        step_note(c, "the cluster is gone, and the user with it");
        return STEP_FINISHED;
    }
    if (!look(c, &u, err))
        return STEP_FAILED;
    if (u.state.exists && !u.ours) {
        not_ours("database user", u.target, err);
        return STEP_FAILED;
    }
    if (!drop_test_tables(c, &u, err))
        return STEP_FAILED;
    if (u.state.exists && (!mysql_sql_drop_user(&u.account, mysql_no_backslash_escapes(u.admin), &sql, err) ||
                           !effect_sql(c, u.admin, "DROP USER", u.target, buf_str(&sql), err)))
        return STEP_FAILED;
    if (!end_sessions(c, &u, err))
        return STEP_FAILED;
    json_remove(step_memo(c), "ours");
    return STEP_FINISHED;
}

static bool reissue(struct step_context *c, const char *output, struct secret *value, struct error *err)
{
    CLEANUP(user_release) struct user u = {0};
    CLEANUP(buf_release) struct buf sql = {0};

    if (strcmp(output, "password") != 0)
        return error_set(err, ERR_BUG, "mysql.user has no secret %s", output);
    if (!look(c, &u, err))
        return false;
    if (!u.state.exists || !u.ours)
        return error_set(err, ERR_NOT_OURS, "database user %s is not ours: its password is not changed",
                         u.target);
    password_make(step_random(c), value);
    return mysql_sql_set_password(&u.account, secret_str(value), mysql_no_backslash_escapes(u.admin), &sql,
                                  err) &&
           effect_sql(c, u.admin, "ALTER USER", u.target, buf_str(&sql), err);
}

/* --- explained --- */

static struct mysql_account account_of(const struct step_context *c)
{
    return (struct mysql_account){json_get_text(step_with(c), "name"), json_get_text(step_with(c), "host")};
}

static bool push_grants(const struct step_context *c, struct json *statements, struct error *err)
{
    const struct mysql_account account = account_of(c);
    const struct json *grants = json_get(step_with(c), "grants");

    for (const struct json *scope = json_first(grants); scope; scope = json_next(scope)) {
        CLEANUP(buf_release) struct buf sql = {0};
        if (!mysql_sql_grant(&account, json_key(scope), scope, false, &sql, err))
            return false;
        json_push(statements, json_string(buf_str(&sql)));
    }
    return true;
}

static struct json *explain_admin(const struct step_context *c, struct json *items)
{
    return database_explain_admin(c, json_get(step_with(c), "admin"), json_get(step_with(c), "cluster"),
                                  items);
}

static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    const struct mysql_account account = account_of(c);
    struct json *login = explain_admin(c, items);
    CLEANUP(mem_freep) char *password = password_explain(c, items, "password");
    struct json *item = explain_sql(items, login, json_array());
    struct json *statements = json_edit(item, "statements");
    CLEANUP(buf_release) struct buf sql = {0};

    if (!mysql_sql_create_user(&account, str_of(password), wants_ssl(c), false, &sql, err))
        return false;
    json_push(statements, json_string(buf_str(&sql)));
    return push_grants(c, statements, err);
}

static bool explain_reissue(struct step_context *c, struct json *items, struct error *err)
{
    const struct mysql_account account = account_of(c);
    struct json *login = explain_admin(c, items);
    CLEANUP(mem_freep) char *password = password_explain(c, items, "password");
    struct json *item = explain_sql(items, login, json_array());
    CLEANUP(buf_release) struct buf sql = {0};

    json_put_text(item, "why", "nobody has kept the user's password: it gets a new one");
    if (!mysql_sql_set_password(&account, str_of(password), false, &sql, err))
        return false;
    json_push(json_edit(item, "statements"), json_string(buf_str(&sql)));
    return true;
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    const struct mysql_account account = account_of(c);
    struct json *item = explain_sql(items, explain_admin(c, items), json_array());
    CLEANUP(buf_release) struct buf sql = {0};

    if (!mysql_sql_drop_user(&account, false, &sql, err))
        return false;
    json_push(json_edit(item, "statements"), json_string(buf_str(&sql)));
    return true;
}

const struct step_kind kind_mysql_user = {
    .schema = {"mysql.user", "a database user with its grants", KIND_RESOURCE, false, with, outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_user,
    .reissue = reissue,
    .explain = explain,
    .explain_undo = explain_undo,
    .explain_reissue = explain_reissue,
};
