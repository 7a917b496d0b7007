/* The admin's option file: what is taken from it, written down again, reads as the same,
 * and no refusal holds the password. Input: the file. */
#include "aws/common/secret.h"
#include "steps/mysql/option_file.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* In double quotes, with the escapes of the MySQL Reference Manual. */
static void write_option(const char *name, struct str value, struct buf *out)
{
    buf_printf(out, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        char ch = value.data[i];

        if (ch == '\n')
            buf_adds(out, "\\n");
        else if (ch == '\\' || ch == '"')
            buf_printf(out, "\\%c", ch);
        else
            buf_addc(out, ch);
    }
    buf_adds(out, "\"\n");
}

static void write_and_read(const struct mysql_login *login)
{
    CLEANUP(buf_release) struct buf written = {0};
    CLEANUP(mysql_login_release) struct mysql_login again = {0};
    struct error err;

    buf_adds(&written, "[client]\n");
    write_option("user", str_of(login->user), &written);
    write_option("password", secret_str(&login->password), &written);
    if (login->host[0])
        write_option("host", str_of(login->host), &written);
    if (login->ca_file[0])
        write_option("ssl_ca", str_of(login->ca_file), &written);
    if (login->port > 0)
        buf_printf(&written, "port = %u # not another\n", login->port);
    HOLDS(mysql_option_file_parse(buf_str(&written), "written", &again, &err));
    HOLDS(strcmp(login->user, again.user) == 0 && strcmp(login->host, again.host) == 0);
    HOLDS(strcmp(login->ca_file, again.ca_file) == 0 && login->port == again.port);
    HOLDS(str_equal(secret_str(&login->password), secret_str(&again.password)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(mysql_login_release) struct mysql_login login = {0};
    struct error err;

    if (mysql_option_file_parse(fuzz_text(data, size), "my.cnf", &login, &err)) {
        HOLDS(login.user[0] && login.password.len > 0 && login.port <= 65535);
        write_and_read(&login);
    } else {
        HOLDS(err.code == ERR_CONFIG && str_starts(str_of(err.message), STR("my.cnf:")));
        HOLDS(login.password.len == 0);
    }
    return 0;
}
