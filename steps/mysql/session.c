#include "steps/mysql/session.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>
#include <mariadb/mysqld_error.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#define DEFAULT_TIMEOUT_MS 5000
#define CA_LIMIT (4u << 20) /* the RDS bundle has 170 KB */
#define ROWS_LIMIT 10000
#define BYTES_LIMIT (4u << 20)
#define MARKS_LIMIT (16u << 20) /* what the cells cost beside their text */
#define TEXT_LIMIT 400          /* of a server's error message */

/* Never mysql_clear_password or dialog: a server that asks for one of them
 * would be sent the password as it is. */
#define AUTH_PLUGINS "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519"
#define TLS_VERSIONS "TLSv1.2,TLSv1.3"

struct mysql_session {
    MYSQL mysql;
    char *where; /* "USER at HOST:PORT", for errors */
    char *cipher, *version;
};

/* Errors of the connector: nobody to talk to, rather than an answer. */
static const unsigned unreachable_errors[] = {
    CR_SOCKET_CREATE_ERROR,  CR_CONNECTION_ERROR,     CR_CONN_HOST_ERROR,  CR_IPSOCK_ERROR,
    CR_UNKNOWN_HOST,         CR_SERVER_GONE_ERROR,    CR_VERSION_ERROR,    CR_SERVER_HANDSHAKE_ERR,
    CR_SERVER_LOST,          CR_SSL_CONNECTION_ERROR, CR_MALFORMED_PACKET, CR_NET_PACKET_TOO_LARGE,
    CR_SERVER_LOST_EXTENDED, CR_PLUGIN_NOT_ALLOWED,
};

static bool number_in(unsigned number, const unsigned *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == number)
            return true;
    return false;
}

static bool is_unreachable(unsigned number)
{
    return number_in(number, unreachable_errors, ARRAY_LEN(unreachable_errors));
}

/* A connection that was cut off is no word on the server's TLS: the connector has one
 * number for both. What the server does not speak or show is among tls_problems. */
static unsigned error_number(MYSQL *m)
{
    static const char *const cut_off[] = {"unexpected eof", "reset by peer", "Broken pipe"};
    unsigned number = mysql_errno(m);

    for (size_t i = 0; number == CR_SSL_CONNECTION_ERROR && i < ARRAY_LEN(cut_off); i++)
        if (strstr(mysql_error(m), cut_off[i]))
            number = CR_SERVER_LOST;
    return number;
}

/* How the connector words what is wrong with TLS, and what it means. */
static const struct tls_problem {
    const char *part, *meaning;
} tls_problems[] = {
    {"does not support it", "the server offers no TLS; the password was not sent"},
    {"Validation of SSL server certificate failed", "the certificate does not name this host"},
    {"certificate has expired", "the server's certificate has expired"},
    {"not yet valid", "the server's certificate is not yet valid (is the clock right?)"},
    {"self-signed", "the certificate is not trusted by CA file"},
    {"self signed", "the certificate is not trusted by CA file"},
    {"unable to get", "the certificate is not trusted by CA file"},
    {"certificate verify failed", "the certificate is not trusted by CA file"},
    {"version", "the server speaks no TLS 1.2 or newer"},
};

static void describe_tls(const char *text, const char *ca_file, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(tls_problems); i++) {
        if (!strstr(text, tls_problems[i].part))
            continue;
        buf_adds(out, tls_problems[i].meaning);
        if (strstr(tls_problems[i].meaning, "CA file"))
            buf_printf(out, " %s", ca_file);
        break;
    }
    if (out->len == 0)
        buf_adds(out, "TLS failed");
    buf_printf(out, " (%s)", text);
}

/* The connector's words, but where they would mislead. */
static void describe(MYSQL *m, const struct mysql_target *t, struct buf *out)
{
    static const struct {
        unsigned number;
        const char *meaning;
    } own_words[] = {
        /* Theirs end in the number of EINPROGRESS. */
        {CR_CONNECTION_ERROR,
         "nothing answers: it is not running, or a firewall or security group is in the way"},
        {CR_CONN_HOST_ERROR,
         "nothing answers: it is not running, or a firewall or security group is in the way"},
        /* Theirs ends in "(using password: YES)", which the redactor has to
         * take for a password. */
        {ER_ACCESS_DENIED_ERROR, "the server refuses this user name or password"},
        /* Theirs print a stale buffer, with what we sent to log in. */
        {CR_PLUGIN_NOT_ALLOWED,
         "the server asks for the password in a way that would give it away; it was not sent"},
    };
    unsigned number = mysql_errno(m);

    for (size_t i = 0; i < ARRAY_LEN(own_words); i++)
        if (own_words[i].number == number)
            buf_adds(out, own_words[i].meaning);
    if (number == CR_SSL_CONNECTION_ERROR)
        describe_tls(mysql_error(m), t->ca_file, out);
    else if (out->len == 0)
        buf_add(out, str_slice(str_of(mysql_error(m)), 0, TEXT_LIMIT));
}

static bool open_failed(struct mysql_session *s, const struct mysql_target *t, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {.limit_bytes = 900};
    unsigned number = error_number(&s->mysql);
    const char *state = mysql_sqlstate(&s->mysql);
    enum error_code code = ERR_SQL;

    describe(&s->mysql, t, &text);
    if (is_unreachable(number))
        code = ERR_UNREACHABLE;
    else if (strcmp(state, "28000") == 0)
        code = ERR_DENIED;
    error_set(err, code, "%s: %s", s->where, buf_text(&text));
    if (code != ERR_UNREACHABLE)
        (void)snprintf(err->remote_code, sizeof err->remote_code, "%s", state);
    err->os_errno = (int)number;
    return false;
}

static void start_library(void)
{
    (void)mysql_library_init(0, NULL, NULL);
}

static bool check_target(const struct mysql_target *t, struct error *err)
{
    CLEANUP(buf_release) struct buf ca = {0};

    if (!t->host || !t->host[0] || !t->user || !t->user[0] || t->port == 0 || t->port > 65535)
        return error_set(err, ERR_USAGE, "a database session needs host, port and user");
    if (!t->ca_file || !t->ca_file[0])
        return error_set(err, ERR_USAGE, "no CA file to verify %s with: nothing is sent", t->host);
    /* The connector's own message for a bad CA file names neither. */
    if (!file_read(t->ca_file, CA_LIMIT, &ca, err))
        return error_wrap(err, "CA file");
    if (!str_contains(buf_str(&ca), STR("-----BEGIN CERTIFICATE-----")))
        return error_set(err, ERR_NO_INPUT, "CA file %s holds no certificate", t->ca_file);
    return true;
}

/* Every option has to take: one that is unknown to this connector would leave
 * a door open. */
static bool set_options(MYSQL *m, const struct mysql_target *t)
{
    unsigned seconds = (unsigned)((t->timeout_ms > 0 ? t->timeout_ms : DEFAULT_TIMEOUT_MS) + 999) / 1000;
    const unsigned protocol = MYSQL_PROTOCOL_TCP, no_infile = 0;
    const my_bool yes = 1, no = 0;
    char lock_wait[64];

    /* The server has to give up waiting for a lock before we give up waiting for the
     * server: a statement that nobody waits for any more would land whenever the
     * lock goes. */
    (void)snprintf(lock_wait, sizeof lock_wait, "SET SESSION lock_wait_timeout = %u",
                   seconds > 1 ? seconds - 1 : 1);

    /* VERIFY_SERVER_CERT is what refuses a server without TLS; ENFORCE alone
     * does not (SECURITY, "What the libraries really do"). No default file is
     * read unless asked for. "localhost" is TCP too. */
    return mysql_optionsv(m, MYSQL_OPT_SSL_CA, t->ca_file) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_SSL_ENFORCE, &yes) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes) == 0 &&
           mysql_optionsv(m, MARIADB_OPT_TLS_VERSION, TLS_VERSIONS) == 0 &&
           mysql_optionsv(m, MARIADB_OPT_RESTRICTED_AUTH, AUTH_PLUGINS) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_LOCAL_INFILE, &no_infile) == 0 &&
           mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0 &&
           mysql_optionsv(m, MYSQL_OPT_PROTOCOL, &protocol) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_RECONNECT, &no) == 0 &&
           mysql_optionsv(m, MYSQL_INIT_COMMAND, lock_wait) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_READ_TIMEOUT, &seconds) == 0 &&
           mysql_optionsv(m, MYSQL_OPT_WRITE_TIMEOUT, &seconds) == 0;
}

/* Belt and braces: what was negotiated, not what was asked for. */
static bool check_channel(struct mysql_session *s, struct error *err)
{
    const char *cipher = mysql_get_ssl_cipher(&s->mysql);
    const char *version = NULL;

    if (!cipher || !cipher[0] ||
        mariadb_get_infov(&s->mysql, MARIADB_CONNECTION_TLS_VERSION, &version) != 0 || !version ||
        (strcmp(version, "TLSv1.2") != 0 && strcmp(version, "TLSv1.3") != 0))
        return error_set(err, ERR_UNREACHABLE, "%s: no TLS 1.2 or newer on the connection", s->where);
    s->cipher = mem_dup(cipher);
    s->version = mem_dup(mysql_get_server_info(&s->mysql));
    return true;
}

bool mysql_open(const struct mysql_target *target, struct mysql_session **out, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CLEANUP(mysql_endp) struct mysql_session *s = NULL;

    *out = NULL;
    if (!check_target(target, err))
        return false;
    (void)pthread_once(&once, start_library);
    s = mem_alloc(sizeof *s);
    s->where = mem_printf("%s at %s:%u", target->user, target->host, target->port);
    if (!mysql_init(&s->mysql))
        return error_set(err, ERR_BUG, "%s: mysql_init failed", s->where);
    if (!set_options(&s->mysql, target))
        return error_set(err, ERR_BUG, "%s: the MySQL library refuses an option that keeps us safe",
                         s->where);
    if (!mysql_real_connect(&s->mysql, target->host, target->user,
                            target->password ? secret_text(target->password) : "", target->database,
                            target->port, NULL, 0))
        return open_failed(s, target, err);
    if (!check_channel(s, err))
        return false;
    *out = s;
    s = NULL;
    return true;
}

void mysql_end(struct mysql_session *s)
{
    if (!s)
        return;
    mysql_close(&s->mysql);
    mem_free(s->where);
    mem_free(s->cipher);
    mem_free(s->version);
    mem_free(s);
}

void mysql_endp(struct mysql_session **s)
{
    mysql_end(*s);
    *s = NULL;
}

void mysql_rows_release(struct mysql_rows *rows)
{
    mem_free(rows->cells);
    mem_free(rows->bytes);
    *rows = (struct mysql_rows){0};
}

/* Errors whose text quotes no part of the statement but names that are no
 * secret. All others may quote it, and a statement may hold a password. */
static const unsigned plain_errors[] = {
    ER_CON_COUNT_ERROR,
    ER_DBACCESS_DENIED_ERROR,
    ER_ACCESS_DENIED_ERROR,
    ER_NO_DB_ERROR,
    ER_BAD_DB_ERROR,
    ER_TABLE_EXISTS_ERROR,
    ER_BAD_TABLE_ERROR,
    ER_DB_CREATE_EXISTS,
    ER_DB_DROP_EXISTS,
    ER_NO_SUCH_THREAD,
    ER_KILL_DENIED_ERROR,
    ER_HOST_IS_BLOCKED,
    ER_HOST_NOT_PRIVILEGED,
    ER_PASSWORD_ANONYMOUS_USER,
    ER_PASSWORD_NOT_ALLOWED,
    ER_PASSWORD_NO_MATCH,
    ER_NONEXISTING_GRANT,
    ER_TABLEACCESS_DENIED_ERROR,
    ER_COLUMNACCESS_DENIED_ERROR,
    ER_NO_SUCH_TABLE,
    ER_NONEXISTING_TABLE_GRANT,
    ER_LOCK_WAIT_TIMEOUT,
    ER_LOCK_DEADLOCK,
    ER_SPECIFIC_ACCESS_DENIED_ERROR,
    ER_OPTION_PREVENTS_STATEMENT,
    ER_PROCACCESS_DENIED_ERROR,
    ER_CANNOT_USER,
    ER_CANT_CREATE_USER_WITH_GRANT,
    ER_NOT_VALID_PASSWORD,
    ER_READ_ONLY_MODE,
    3159, /* MySQL alone: connections using insecure transport are prohibited */
};

static bool run_failed(struct mysql_session *s, struct error *err)
{
    unsigned number = error_number(&s->mysql);

    if (is_unreachable(number)) {
        error_set(err, ERR_UNREACHABLE, "%s: %s", s->where, mysql_error(&s->mysql));
        err->os_errno = (int)number;
        return false;
    }
    error_set(err, ERR_SQL, "%s: database error %u (%s)", s->where, number, mysql_sqlstate(&s->mysql));
    if (number_in(number, plain_errors, ARRAY_LEN(plain_errors)))
        error_set(err, ERR_SQL, "%s: %s (%u)", s->where, mysql_error(&s->mysql), number);
    if (number == ER_PARSE_ERROR)
        error_set(err, ERR_SQL, "%s: the server does not understand the statement (1064)", s->where);
    (void)snprintf(err->remote_code, sizeof err->remote_code, "%s", mysql_sqlstate(&s->mysql));
    err->os_errno = (int)number;
    return false;
}

static bool collect_row(MYSQL_RES *result, MYSQL_ROW row, size_t columns, struct buf *bytes,
                        struct buf *marks)
{
    const unsigned long *lengths = mysql_fetch_lengths(result);

    if (!lengths)
        return false;
    for (size_t i = 0; i < columns; i++) {
        /* Offsets now, pointers when the bytes no longer move. */
        struct str cell = {NULL, row[i] ? lengths[i] : SIZE_MAX};

        buf_add(marks, (struct str){(const char *)&cell, sizeof cell});
        if (row[i]) {
            buf_add(bytes, (struct str){row[i], lengths[i]});
            buf_addc(bytes, '\0');
        }
    }
    return !bytes->overflow && !marks->overflow;
}

static void place_cells(struct mysql_rows *rows, struct buf *bytes, struct buf *marks)
{
    size_t offset = 0;

    rows->bytes = bytes->len > 0 ? buf_detach(bytes) : NULL;
    rows->cells = mem_array(rows->count * rows->columns, sizeof *rows->cells);
    if (marks->len > 0)
        memcpy(rows->cells, marks->data, marks->len);
    for (size_t i = 0; i < rows->count * rows->columns; i++) {
        struct str *cell = &rows->cells[i];

        if (cell->len == SIZE_MAX) {
            cell->len = 0;
            continue;
        }
        cell->data = rows->bytes + offset;
        offset += cell->len + 1;
    }
}

/* Row by row off the wire, so that an endless reply costs no memory. */
static bool collect(struct mysql_session *s, MYSQL_RES *result, struct mysql_rows *rows, struct error *err)
{
    CLEANUP(buf_release) struct buf bytes = {.limit_bytes = BYTES_LIMIT};
    CLEANUP(buf_release) struct buf marks = {.limit_bytes = MARKS_LIMIT};
    MYSQL_ROW row;

    rows->columns = mysql_num_fields(result);
    while ((row = mysql_fetch_row(result)) != NULL) {
        if (rows->count == ROWS_LIMIT || !collect_row(result, row, rows->columns, &bytes, &marks)) {
            rows->count = 0;
            /* Freeing the result would read it to its end: there may be none. */
            (void)shutdown(mysql_get_socket(&s->mysql), SHUT_RDWR);
            return error_set(err, ERR_LIMIT, "%s: the result is over %d rows or %u bytes", s->where,
                             ROWS_LIMIT, BYTES_LIMIT);
        }
        rows->count++;
    }
    if (mysql_errno(&s->mysql) != 0) {
        rows->count = 0;
        return run_failed(s, err);
    }
    place_cells(rows, &bytes, &marks);
    return true;
}

/* A CALL ends in one more, empty result. */
static bool drain(struct mysql_session *s, struct error *err)
{
    int next;

    while ((next = mysql_next_result(&s->mysql)) == 0) {
        MYSQL_RES *more = mysql_use_result(&s->mysql);

        if (more)
            mysql_free_result(more); /* reads and drops what is left */
        else if (mysql_field_count(&s->mysql) != 0)
            return run_failed(s, err);
    }
    return next < 0 || run_failed(s, err);
}

bool mysql_run(struct mysql_session *s, struct str statement, struct mysql_rows *rows, struct error *err)
{
    struct mysql_rows dropped = {0};
    MYSQL_RES *result;
    bool ok = true;

    if (rows)
        *rows = (struct mysql_rows){0};
    if (mysql_real_query(&s->mysql, statement.data ? statement.data : "", statement.len) != 0)
        return run_failed(s, err);
    result = mysql_use_result(&s->mysql);
    if (!result && mysql_field_count(&s->mysql) != 0)
        return run_failed(s, err);
    if (result) {
        ok = collect(s, result, rows ? rows : &dropped, err);
        mysql_free_result(result);
        mysql_rows_release(&dropped);
    }
    return ok && drain(s, err);
}

const char *mysql_version(const struct mysql_session *s)
{
    return s->version;
}

const char *mysql_cipher(const struct mysql_session *s)
{
    return s->cipher;
}

bool mysql_no_backslash_escapes(const struct mysql_session *s)
{
    /* In every OK packet, so it is right after SET sql_mode as well. */
    return (s->mysql.server_status & SERVER_STATUS_NO_BACKSLASH_ESCAPES) != 0;
}
