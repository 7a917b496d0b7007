/* What a lab can leave in the database: a user, grants that outlive it, and the
 * table of an access test that was killed. */
#include "steps/kinds/leftovers_search.h"

#include "aws/common/mem.h"
#include "steps/kinds/database.h"
#include "steps/mysql/account.h"

#include <string.h>

static bool read_admin(struct search *s, const struct json *with, struct mysql_login *login,
                       struct error *err)
{
    const char *secret = json_text(json_path(with, "admin.secret"));
    const char *endpoint = json_text(json_path(with, "cluster.endpoint"));
    CLEANUP(json_freep) struct json *out = NULL;

    if (*secret)
        return search_read(s, "secretsmanager", "GetSecretValue", json_of("SecretId", secret, NULL), NULL,
                           &out, err) &&
               mysql_login_parse(json_str(json_get(out, "SecretString")), endpoint, login, err);
    return database_read_admin(json_get(with, "admin"), json_get(with, "cluster"), login, err);
}

static bool open_admin(struct search *s, const struct json *with, struct mysql_session **out,
                       struct error *err)
{
    CLEANUP(mysql_login_release) struct mysql_login login = {0};

    if (!read_admin(s, with, &login, err))
        return error_wrap(err, "read the admin's login");
    const char *ca_file = login.ca_file[0] ? login.ca_file : s->request->ca_file;
    if (!ca_file)
        return error_set(err, ERR_CONFIG, "no CA file to verify the database with: use --ca FILE");
    const struct mysql_target target = {.host = login.host,
                                        .port = login.port,
                                        .user = login.user,
                                        .password = &login.password,
                                        .ca_file = ca_file};
    return mysql_open(&target, out, err);
}

/* DROP USER takes the grants along; rows that somebody wrote by hand, or a
 * server that died, can leave some without a user. */
static bool search_grants(struct search *s, struct mysql_session *admin, const struct mysql_account *account,
                          const char *name, struct error *err)
{
    CLEANUP(buf_release) struct buf quoted = {0};
    CLEANUP(buf_release) struct buf sql = {0};
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    size_t count = json_count(s->found);

    /* GRANTEE holds the account as it is quoted. */
    if (!mysql_quote_account(account, true, &quoted, err))
        return false;
    buf_adds(&sql, "SELECT DISTINCT table_schema FROM information_schema.schema_privileges WHERE grantee = ");
    if (!mysql_quote_text(buf_str(&quoted), mysql_no_backslash_escapes(admin), &sql, err) ||
        !mysql_run(admin, buf_str(&sql), &rows, err))
        return error_wrap(err, "look for grants");
    for (size_t i = 0; i < rows.count; i++) {
        CLEANUP(mem_freep) char *detail = mem_printf("on %.*s", STR_ARG(rows.cells[i * rows.columns]));
        search_add(s, "grants", name, "left", detail);
    }
    search_add_absent(s, count, "grants", name);
    return true;
}

static bool of_a_step(const struct plan *plan, struct str table)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        CLEANUP(mem_freep) char *name = mem_printf("lab_access_test_%.40s", plan->steps[i].id);
        if (str_is(table, name))
            return true;
    }
    /* `lab access-test`. */
    return str_is(table, "lab_access_test_access-test");
}

static bool search_tables(struct search *s, struct mysql_session *admin, struct error *err)
{
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    size_t count = json_count(s->found);

    if (!mysql_run(admin,
                   STR("SELECT table_name, table_schema FROM information_schema.tables WHERE table_name"
                       " LIKE 'lab!_access!_test!_%' ESCAPE '!'"),
                   &rows, err))
        return error_wrap(err, "look for tables");
    for (size_t i = 0; i < rows.count; i++) {
        struct str table = rows.cells[i * rows.columns];
        CLEANUP(mem_freep)
        char *name = mem_printf("%.*s.%.*s", STR_ARG(rows.cells[i * rows.columns + 1]), STR_ARG(table));
        if (of_a_step(s->request->plan, table))
            search_add(s, "table", name, "left", NULL);
    }
    search_add_absent(s, count, "table", "lab_access_test_*");
    return true;
}

bool search_user(struct search *s, const struct json *with, struct error *err)
{
    const struct mysql_account account = {json_get_text(with, "name"), json_get_text(with, "host")};
    CLEANUP(mem_freep) char *name = mem_printf("%s@%s", account.user, account.host);
    CLEANUP(mysql_account_state_release) struct mysql_account_state state = {0};
    CLEANUP(mysql_endp) struct mysql_session *admin = NULL;

    if (!*json_text(json_path(with, "cluster.endpoint"))) {
        search_add(s, "database user", name, "absent", "the cluster is gone, and the user with it");
        return true;
    }
    if (!open_admin(s, with, &admin, err) || !mysql_account_look(admin, &account, &state, err))
        return false;
    search_add(s, "database user", name, state.exists ? "left" : "absent", NULL);
    return search_grants(s, admin, &account, name, err) && search_tables(s, admin, err);
}
