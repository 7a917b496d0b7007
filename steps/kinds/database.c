#include "steps/kinds/database.h"

#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/look.h"
#include "steps/mysql/account.h"
#include "steps/mysql/option_file.h"

#include <stdio.h>
#include <stdlib.h>

bool database_open(struct step_context *c, const struct mysql_login *login, struct mysql_session **out,
                   struct error *err)
{
    const char *ca_file = login->ca_file[0] ? login->ca_file : step_ca_file(c);

    if (!ca_file)
        return error_set(err, ERR_CONFIG,
                         "no CA file to verify the database with: use --ca FILE (RDS: global-bundle.pem)");
    const struct mysql_target target = {
        .host = login->host,
        .port = login->port,
        .user = login->user,
        .password = &login->password,
        .database = login->database[0] ? login->database : NULL,
        .ca_file = ca_file,
    };
    return mysql_open(&target, out, err);
}

static bool login_from_env(const struct json *admin, struct mysql_login *login, struct error *err)
{
    const char *user_env = json_get_text(admin, "user_env");
    const char *password_env = json_get_text(admin, "password_env");
    const char *user = getenv(user_env);
    const char *password = getenv(password_env);

    if (!user || !password)
        return error_set(err, ERR_CONFIG, "%s is not set", user ? password_env : user_env);
    if (snprintf(login->user, sizeof login->user, "%s", user) >= (int)sizeof login->user)
        return error_set(err, ERR_CONFIG, "%s is too long for a MySQL user", user_env);
    secret_set(&login->password, str_of(password));
    return true;
}

bool database_read_admin(const struct json *admin, const struct json *cluster, struct mysql_login *login,
                         struct error *err)
{
    const char *file = json_get_text(admin, "option_file");

    if (!(*file ? mysql_option_file_read(file, login, err) : login_from_env(admin, login, err)))
        return false;
    if (!login->host[0])
        snprintf(login->host, sizeof login->host, "%s", json_get_text(cluster, "endpoint"));
    if (login->port == 0)
        login->port = (unsigned)json_int(json_get(cluster, "port"), 3306);
    return true;
}

static struct json *secret_input(const char *name)
{
    return json_of("SecretId", name, NULL);
}

static bool login_from_secret(struct step_context *c, const char *name, const struct json *cluster,
                              struct mysql_login *login, struct error *err)
{
    CLEANUP(json_freep) struct json *out = NULL;

    if (!look_up(c, "secretsmanager", "GetSecretValue", secret_input(name), NULL, &out, err))
        return error_wrap(err, "read the admin's secret %s", name);
    if (!mysql_login_parse(json_str(json_get(out, "SecretString")), json_get_text(cluster, "endpoint"), login,
                           err))
        return error_wrap(err, "secret %s", name);
    return true;
}

bool database_open_admin(struct step_context *c, const struct json *admin, const struct json *cluster,
                         struct mysql_session **out, struct error *err)
{
    CLEANUP(mysql_login_release) struct mysql_login login = {0};
    const char *secret = json_get_text(admin, "secret");

    if (!(*secret ? login_from_secret(c, secret, cluster, &login, err)
                  : database_read_admin(admin, cluster, &login, err)))
        return false;
    /* The admin works on accounts, not in a schema. */
    login.database[0] = '\0';
    return database_open(c, &login, out, err);
}

struct json *database_explain_admin(const struct step_context *c, const struct json *admin,
                                    const struct json *cluster, struct json *items)
{
    const char *secret = json_get_text(admin, "secret");
    /* Whoever has an option file gives them to what is printed in the workshop's
     * variables: the file itself may hold more than these. */
    bool file = *json_get_text(admin, "option_file");
    CLEANUP(mem_freep)
    char *user_name = mem_printf("env.%s", file ? "DBUSER" : json_get_text(admin, "user_env"));
    CLEANUP(mem_freep)
    char *password_name = mem_printf("env.%s", file ? "DBPASS" : json_get_text(admin, "password_env"));
    CLEANUP(mem_freep) char *user = *secret ? explain_own(c, "admin") : explain_mark(user_name);
    CLEANUP(mem_freep)
    char *password = *secret ? explain_own(c, "admin_password") : explain_mark(password_name);

    if (*secret) {
        struct json *call = explain_call(items, "secretsmanager", "GetSecretValue", secret_input(secret));
        explain_gives(c, call, "admin", "SecretString/username");
        explain_gives(c, call, "admin_password", "SecretString/password");
    }
    return json_of("host", json_get_text(cluster, "endpoint"), "port", json_get_text(cluster, "port"), "user",
                   user, "password", password, NULL);
}

bool database_test_comment(const char *user, bool no_backslash_escapes, struct buf *out, struct error *err)
{
    CLEANUP(mem_freep) char *comment = mem_printf("access test of %s", user);

    return mysql_quote_text(str_of(comment), no_backslash_escapes, out, err);
}
