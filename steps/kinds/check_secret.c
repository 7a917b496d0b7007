/* Whether the secret holds what lets its reader in: the members that the
 * workshop's script and the rotation function read, and a password that works. */
#include "aws/common/mem.h"
#include "steps/kinds/database.h"
#include "steps/kinds/look.h"
#include "steps/kinds/verdict.h"

#include <string.h>

static void judge_members(struct checking *k, const struct mysql_login *login)
{
    const char *host = checking_text(k, "database.endpoint");
    const char *user = checking_text(k, "user.name");
    const char *schema = checking_text(k, "dbname");

    if (strcmp(login->user, user) != 0)
        check_fail(k, "secret-user", "it holds user %s", login->user);
    if (!str_equal_ignore_case(str_of(login->host), str_of(host)))
        check_fail(k, "secret-host", "its host is %s", login->host);
    if (login->port != (unsigned)json_int(json_path(k->planned, "database.port"), 3306))
        check_fail(k, "secret-port", "its port is %u", login->port);
    if (*schema && strcmp(login->database, schema) != 0)
        check_fail(k, "secret-dbname", "%s%s", *login->database ? "its dbname is " : "it has no dbname",
                   login->database);
}

static bool judge_login(struct checking *k, const struct mysql_login *login, struct error *err)
{
    struct error why;

    if (check_decided(k) || mysql_login_test(login, step_ca_file(k->step), &why))
        return true;
    if (why.code != ERR_DENIED) {
        *err = why;
        return error_wrap(err, "try the password");
    }
    check_fail(k, "secret-password", "the server refuses the stored password of %s", login->user);
    return true;
}

/* A secret without a database: nothing there tells whether the password is right. */
static void judge_made_up(struct checking *k, struct str value, const char *username)
{
    CLEANUP(json_freep) struct json *document = NULL;
    struct error ignored;

    if (!json_parse(value, NULL, &document, &ignored))
        check_fail(k, "secret-made-up", "its value is not JSON");
    else if (strcmp(json_get_text(document, "username"), username) != 0)
        check_fail(k, "secret-made-up", "its username is \"%s\"", json_get_text(document, "username"));
    else if (!*json_get_text(document, "password"))
        check_fail(k, "secret-made-up", "it has no password");
}

static bool judge_value(struct checking *k, const struct json *value, struct error *err)
{
    CLEANUP(mysql_login_release) struct mysql_login login = {0};
    const char *username = checking_text(k, "username");
    struct error why;

    if (!json_get(value, "SecretString")) {
        check_fail(k, *username ? "secret-made-up" : "secret-shape", "its value is binary");
        return true;
    }
    if (*username) {
        judge_made_up(k, json_str(json_get(value, "SecretString")), username);
        return true;
    }
    if (!mysql_login_parse(json_str(json_get(value, "SecretString")), NULL, &login, &why)) {
        check_fail(k, "secret-shape", "%s", why.message);
        return true;
    }
    judge_members(k, &login);
    return judge_login(k, &login, err);
}

CHECK(check_secret)
{
    CLEANUP(checking_release) struct checking k = {0};
    CLEANUP(json_freep) struct json *secret = NULL;
    CLEANUP(json_freep) struct json *value = NULL;

    if (!checking_begin(&k, c, out, err))
        return false;
    const char *name = checking_text(&k, "name"), *username = checking_text(&k, "username");
    if (!look_up(c, "secretsmanager", "DescribeSecret", json_of("SecretId", name, NULL),
                 "ResourceNotFoundException", &secret, err))
        return false;
    if (!secret || json_get(secret, "DeletedDate")) {
        check_fail(&k, secret ? "secret-deleted" : "secret-absent", "%s %s", name,
                   secret ? "is scheduled for deletion" : "is not there");
        return true;
    }
    if (!look_up(c, "secretsmanager", "GetSecretValue", json_of("SecretId", name, NULL),
                 "ResourceNotFoundException", &value, err))
        return false;
    if (!value)
        check_fail(&k, *username ? "secret-made-up" : "secret-shape", "it has no value");
    else if (!judge_value(&k, value, err))
        return false;
    if (*username)
        check_pass(&k, "it holds %s and a password", username);
    else
        check_pass(&k, "its password logs %s in over TLS", checking_text(&k, "user.name"));
    return true;
}
