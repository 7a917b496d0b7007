/* The AWS CLI's files: what is read, written down again, reads as the same.
 * Input: a config file, then, behind a line "===", a credentials file. */
#include "aws/config/config.h"
#include "tests/fuzz/fuzz.h"

static void write_section(const char *head, const struct json *section, struct buf *out)
{
    buf_printf(out, "[%s%s%s]\n", head, head[0] ? " " : "", json_key(section));
    for (const struct json *m = json_first(section); m; m = json_next(m)) {
        struct str rest = json_str(m), line;
        bool first = true; /* where a comment is one behind a blank only */

        HOLDS(json_is_string(m) && json_key(m)[0]);
        buf_printf(out, "%s=", json_key(m));
        while (str_split(&rest, '\n', &line)) {
            buf_printf(out, first ? "%.*s\n" : "  %.*s\n", STR_ARG(line));
            first = false;
        }
    }
}

/* A name that has to be quoted holds something else than a name's letters; one
 * that also holds a quote, a bracket or a comment cannot be written plainly. */
static bool is_plain(const struct json *group)
{
    for (const struct json *s = json_first(group); s; s = json_next(s))
        if (strspn(json_key(s), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.%@:+") !=
            strlen(json_key(s)))
            return false;
    return true;
}

static void write_and_read(const struct json *parsed)
{
    static const char *const groups[][2] = {
        {"profiles", "profile"}, {"sso_sessions", "sso-session"}, {"services", "services"}};
    CLEANUP(buf_release) struct buf written = {0};
    CLEANUP(json_freep) struct json *again = NULL;
    struct error err;

    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct json *group = json_get(parsed, groups[i][0]);

        HOLDS(json_is_object(group));
        if (!is_plain(group))
            return;
        for (const struct json *s = json_first(group); s; s = json_next(s)) {
            HOLDS(json_is_object(s) && json_key(s)[0]);
            write_section(groups[i][1], s, &written);
        }
    }
    HOLDS(aws_config_parse(buf_str(&written), STR(""), &again, &err));
    HOLDS(json_equal(parsed, again));
}

static const char *no_environment(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

/* Whatever is configured, an endpoint is a URL or a refusal with a reason. */
static void find_endpoint(struct json *files)
{
    struct aws_settings settings = {
        .profile = "default", .region = "eu-west-1", .files = files, .env = {no_environment, NULL}};

    for (size_t i = 0; aws_services[i]; i++) {
        struct aws_endpoint endpoint = {0};
        struct error err;

        if (aws_endpoint_resolve(&settings, aws_services[i], &endpoint, &err))
            HOLDS(endpoint.url.host[0] && endpoint.signing_name[0]);
        else
            HOLDS(err.code == ERR_CONFIG && err.message[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str mark = STR("\n===\n");
    struct str text = fuzz_text(data, size), credentials = {0};
    CLEANUP(json_freep) struct json *parsed = NULL, *both = NULL;
    struct error err;

    for (size_t i = 0; i + mark.len <= text.len; i++) {
        if (!str_starts(str_slice(text, i, text.len), mark))
            continue;
        credentials = str_slice(text, i + mark.len, text.len);
        text = str_slice(text, 0, i + 1);
        break;
    }
    if (aws_config_parse(text, STR(""), &parsed, &err)) {
        write_and_read(parsed);
        find_endpoint(parsed);
    } else {
        HOLDS(err.code == ERR_CONFIG && strstr(err.message, "line"));
    }
    /* Neither file can break the other. */
    if (aws_config_parse(text, credentials, &both, &err))
        HOLDS(parsed && json_count(json_get(both, "profiles")) >= json_count(json_get(parsed, "profiles")));
    return 0;
}
