/* Whether a database user is what the plan wants, whoever made it: its TLS, its
 * grants and no account that is taken in its place. The server's own account of
 * it is asked: a login without TLS would send what can be guessed from. */
#include "aws/common/mem.h"
#include "steps/kinds/database.h"
#include "steps/kinds/verdict.h"
#include "steps/mysql/account.h"

#include <string.h>

struct user_check {
    struct checking k;
    struct mysql_session *admin;
    struct mysql_account account;
    bool tls_enforced; /* by the server, for everybody */
};

static void user_check_release(struct user_check *u)
{
    mysql_endp(&u->admin);
    checking_release(&u->k);
}

static bool holds_word(const struct json *list, const struct json *word)
{
    for (const struct json *e = json_first(list); e; e = json_next(e)) {
        if (str_equal_ignore_case(json_str(e), json_str(word)))
            return true;
    }
    return false;
}

/* The first privilege of `from` that `to` lacks; *scope where. */
static const char *find_lacking(const struct json *from, const struct json *to, const char **scope)
{
    for (const struct json *s = json_first(from); s; s = json_next(s)) {
        for (const struct json *p = json_first(s); p; p = json_next(p)) {
            *scope = json_key(s);
            if (!holds_word(json_get(to, json_key(s)), p))
                return json_text(p);
        }
    }
    return NULL;
}

static void judge_grants(struct user_check *u, const char *who, const struct mysql_account_state *state)
{
    const struct json *wanted = json_get(u->k.planned, "grants");
    const char *scope = "";
    const char *extra = find_lacking(state->grants, wanted, &scope);

    if (extra)
        check_fail(&u->k, "user-extra-grant", "%s may also do %s on %s", who, extra, scope);
    if (state->other_grants > 0)
        check_fail(&u->k, "user-extra-grant", "%s also has a role, a proxy right or a routine", who);
    const char *missing = find_lacking(wanted, state->grants, &scope);
    if (missing)
        check_fail(&u->k, "user-missing-grant", "%s may not do %s on %s", who, missing, scope);
}

static void judge_account(struct user_check *u, const char *host, const struct mysql_account_state *state)
{
    CLEANUP(mem_freep) char *who = mem_printf("'%s'@'%s'", u->account.user, host);

    if (strcmp(checking_text(&u->k, "require"), "SSL") == 0 && !state->requires_ssl && !u->tls_enforced)
        check_fail(&u->k, "user-no-tls", "%s may log in without TLS", who);
    if (state->locked)
        check_fail(&u->k, "user-locked", "%s is locked, or its password has expired", who);
    judge_grants(u, who, state);
}

static void learn_tls(struct user_check *u)
{
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    struct error ignored;

    /* A server that does not know the variable does not enforce. */
    if (mysql_run(u->admin, STR("SELECT @@GLOBAL.require_secure_transport"), &rows, &ignored) &&
        rows.count == 1)
        u->tls_enforced = str_is(rows.cells[0], "1") || str_is(rows.cells[0], "ON");
}

/* Other accounts that a login under this name may be taken for. An account of a
 * closer host goes before '%', an anonymous one of a closer host too. */
static bool judge_others(struct user_check *u, bool exists, struct error *err)
{
    CLEANUP(mysql_rows_release) struct mysql_rows rows = {0};
    CLEANUP(buf_release) struct buf sql = {0};
    struct error ignored;

    buf_adds(&sql, "SELECT User, Host FROM mysql.user WHERE Host <> '' AND User IN ('', ");
    if (!mysql_quote_text(str_of(u->account.user), mysql_no_backslash_escapes(u->admin), &sql, err))
        return false;
    buf_addc(&sql, ')');
    if (!mysql_run(u->admin, buf_str(&sql), &rows, &ignored))
        return true; /* not ours to see: nothing is said about others */
    for (size_t i = 0; i < rows.count; i++) {
        CLEANUP(mem_freep) char *host = mem_copy(rows.cells[2 * i + 1]);
        CLEANUP(mysql_account_state_release) struct mysql_account_state state = {0};
        const struct mysql_account other = {u->account.user, host};

        if (strcmp(host, u->account.host) == 0)
            continue;
        if (str_empty(rows.cells[2 * i])) {
            if (exists)
                check_fail(&u->k, "user-shadowed", "an anonymous user ''@'%s' is taken first there", host);
            continue;
        }
        if (!exists) {
            check_fail(&u->k, "user-host", "there is '%s'@'%s' but no '%s'@'%s'", u->account.user, host,
                       u->account.user, u->account.host);
            continue;
        }
        if (!mysql_account_look(u->admin, &other, &state, err))
            return false;
        judge_account(u, host, &state);
    }
    return true;
}

CHECK(check_user)
{
    CLEANUP(user_check_release) struct user_check u = {0};
    CLEANUP(mysql_account_state_release) struct mysql_account_state state = {0};

    if (!checking_begin(&u.k, c, out, err) ||
        !database_open_admin(c, json_get(step_with(c), "admin"), json_get(step_with(c), "cluster"), &u.admin,
                             err))
        return false;
    u.account = (struct mysql_account){checking_text(&u.k, "name"), checking_text(&u.k, "host")};
    learn_tls(&u);
    if (!mysql_account_look(u.admin, &u.account, &state, err))
        return false;
    if (state.exists)
        judge_account(&u, u.account.host, &state);
    if (!judge_others(&u, state.exists, err))
        return false;
    if (!state.exists)
        check_fail(&u.k, "user-absent", "there is no user '%s'@'%s'", u.account.user, u.account.host);
    check_pass(&u.k, "'%s'@'%s' has exactly these grants, and logs in over TLS only", u.account.user,
               u.account.host);
    return true;
}
