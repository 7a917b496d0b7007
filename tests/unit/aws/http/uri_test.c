#include "aws/http/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void encodes(void **state)
{
    static const struct {
        const char *why, *in, *want, *want_path;
    } table[] = {
        {"unreserved stay", "aZ09-._~", "aZ09-._~", "aZ09-._~"},
        {"space is %20, never +", "a b", "a%20b", "a%20b"},
        {"a plus would be read as a space", "a+b", "a%2Bb", "a%2Bb"},
        {"slash only in paths", "/a/b", "%2Fa%2Fb", "/a/b"},
        {"an escape is escaped again", "%3A", "%253A", "%253A"},
        {"UTF-8 byte by byte, upper case", "\xe1\x88\xb4", "%E1%88%B4", "%E1%88%B4"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        CLEANUP(buf_release) struct buf path = {0};

        uri_encode(str_of(table[i].in), &out);
        uri_encode_path(str_of(table[i].in), &path);
        assert_string_equal(buf_text(&out), table[i].want);
        assert_string_equal(buf_text(&path), table[i].want_path);
    }
}

static void decodes(void **state)
{
    static const struct {
        const char *why, *in;
        bool plus;
        const char *want; /* NULL: refused */
    } table[] = {
        {"plus in a form", "a+b%20c", true, "a b c"},
        {"plus in a path", "a+b", false, "a+b"},
        {"either case", "%e1%88%B4", false, "\xe1\x88\xb4"},
        {"cut off after one digit", "a%2", false, NULL},
        {"cut off at once", "%", false, NULL},
        {"no hex", "%zz", false, NULL},
        {"escape at the very end", "x%41", false, "xA"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(buf_release) struct buf out = {0};
        struct error err = {0};
        bool ok = uri_decode(str_of(table[i].in), table[i].plus, &out, &err);

        assert_int_equal(ok, table[i].want != NULL);
        if (ok)
            assert_string_equal(buf_text(&out), table[i].want);
        else
            assert_int_equal(err.code, ERR_SYNTAX);
    }
}

static void cuts_pairs(void **state)
{
    struct str rest = STR("a=1&&b&=2&c=x=y"), name, value;
    static const char *const want[][2] = {{"a", "1"}, {"b", ""}, {"", "2"}, {"c", "x=y"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_true(uri_next_pair(&rest, &name, &value));
        assert_true(str_is(name, want[i][0]));
        assert_true(str_is(value, want[i][1]));
    }
    assert_false(uri_next_pair(&rest, &name, &value));
}

static void parses_urls(void **state)
{
    static const struct {
        const char *why, *in, *origin, *host, *path;
        bool loopback;
    } table[] = {
        {"ordinary", "https://sts.amazonaws.com", "https://sts.amazonaws.com", "sts.amazonaws.com", "",
         false},
        {"final slash is no path", "http://127.0.0.1:4566/", "http://127.0.0.1:4566", "127.0.0.1:4566", "",
         true},
        {"base path is kept", "https://h/a/b/", "https://h", "h", "/a/b", false},
        {"default port is not in Host", "https://h:443", "https://h:443", "h", "", false},
        {"80 on https is not the default", "https://h:80", "https://h:80", "h:80", "", false},
        {"brackets", "http://[::1]:80/x", "http://[::1]:80", "[::1]", "/x", true},
        {"scheme in any case", "HTTP://LocalHost:1", "http://LocalHost:1", "LocalHost:1", "", true},
        {"all of 127/8", "http://127.9.8.7", "http://127.9.8.7", "127.9.8.7", "", true},
        {"looks like 127", "http://127.0.0.1.example.com", "http://127.0.0.1.example.com",
         "127.0.0.1.example.com", "", false},
        {"128 is foreign", "http://128.0.0.1", "http://128.0.0.1", "128.0.0.1", "", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(buf_release) struct buf origin = {0};
        CLEANUP(buf_release) struct buf host = {0};
        struct http_url url;
        struct error err = {0};

        assert_true(http_url_parse(str_of(table[i].in), &url, &err));
        http_url_origin(&url, &origin);
        http_url_host(&url, &host);
        assert_string_equal(buf_text(&origin), table[i].origin);
        assert_string_equal(buf_text(&host), table[i].host);
        assert_string_equal(url.path, table[i].path);
        assert_int_equal(http_url_is_loopback(&url), table[i].loopback);
    }
}

static void refuses_urls(void **state)
{
    static const char *const table[] = {
        "",
        "ftp://h",
        "h",
        "https://",
        "https:///p",
        "https://h:0",
        "https://h:",
        "https://h:65536",
        "https://h:1x",
        "https://h/?q",
        "https://h/#f",
        "https://h?q",
        "https://[::1",
        "https://[zz]",
        "https://h /",
        "https://h/a b",
        "https://h\r\n",
        "https://user:hunter2@h",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct http_url url;
        struct error err = {0};

        if (http_url_parse(str_of(table[i]), &url, &err))
            fail_msg("'%s' was accepted", table[i]);
        assert_int_equal(err.code, ERR_CONFIG);
        /* What stands before an '@' may be a password. */
        assert_null(strstr(err.message, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes),     cmocka_unit_test(decodes),      cmocka_unit_test(cuts_pairs),
        cmocka_unit_test(parses_urls), cmocka_unit_test(refuses_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
