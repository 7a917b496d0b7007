/* credential_process: facts 5.2. No shell; what looks like a pipe is a word. */
#include "aws/provider/source.h"

#include "aws/common/clock.h"
#include "aws/common/mem.h"
#include "aws/common/process.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_LIMIT_BYTES 8192
#define WORDS_MAX 128
#define OUTPUT_LIMIT_BYTES (64u << 10)
#define ERRORS_LIMIT_BYTES (8u << 10)
/* A helper may wait for a browser or a hardware key. */
#define TIMEOUT_MS 120000

/* --- words --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool next_word(struct str *rest, struct buf *word, bool *found, struct error *err)
{
    char quote = '\0';
    size_t i = 0;

    buf_reset(word);
    while (i < rest->len && is_blank(rest->data[i]))
        i++;
    *found = i < rest->len;
    for (; i < rest->len && (quote != '\0' || !is_blank(rest->data[i])); i++) {
        char c = rest->data[i], after = i + 1 < rest->len ? rest->data[i + 1] : '\0';

        if (quote == '\0' && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == quote) {
            quote = '\0';
        } else if (c == '\\' && after != '\0' &&
                   (quote == '\0' || (quote == '"' && (after == '"' || after == '\\')))) {
            buf_addc(word, after);
            i++;
        } else {
            buf_addc(word, c);
        }
    }
    *rest = str_slice(*rest, i, rest->len);
    return quote == '\0' || error_set(err, ERR_CONFIG, "credential_process: a quote is not closed");
}

void process_words_free(char ***words)
{
    for (size_t i = 0; *words && (*words)[i]; i++)
        mem_free((*words)[i]);
    mem_free(*words);
    *words = NULL;
}

bool process_split(struct str command, char ***words, struct error *err)
{
    CLEANUP(buf_release) struct buf word = {0};
    CLEANUP(process_words_free) char **list = mem_array(WORDS_MAX + 1, sizeof *list);
    bool found;

    if (command.len > COMMAND_LIMIT_BYTES)
        return error_set(err, ERR_LIMIT, "credential_process is longer than %d bytes", COMMAND_LIMIT_BYTES);
    for (size_t n = 0;; n++) {
        if (!next_word(&command, &word, &found, err))
            return false;
        if (!found)
            break;
        if (n == WORDS_MAX)
            return error_set(err, ERR_LIMIT, "credential_process has more than %d words", WORDS_MAX);
        list[n] = mem_copy(buf_str(&word));
    }
    if (!list[0] || list[0][0] == '\0')
        return error_set(err, ERR_CONFIG, "credential_process names no program");
    *words = list;
    list = NULL;
    return true;
}

/* --- the child --- */

static bool is_secret(struct str variable)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID=",
        "AWS_SECRET_ACCESS_KEY=",
        "AWS_SESSION_TOKEN=",
        "AWS_SECURITY_TOKEN=",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=",
        "DBUSER=",
        "DBPASS=",
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_starts(variable, str_of(names[i])))
            return true;
    return false;
}

/* The helper needs HOME, PATH, the desktop's bus; nobody's keys. */
static const char **child_environment(void)
{
    size_t count = 0, kept = 0;

    while (environ && environ[count])
        count++;
    const char **list = mem_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (!is_secret(str_of(environ[i])))
            list[kept++] = environ[i];
    return list;
}

static bool run(const char *const *argv, struct buf *out, struct error *err)
{
    CLEANUP(mem_freep) const char **env = child_environment();
    CLEANUP(buf_release) struct buf errors = {.limit_bytes = ERRORS_LIMIT_BYTES};
    const struct process_options options = {.argv = argv, .env = env};
    struct str complaint;
    int status = 0;

    if (!process_run(&options, STR(""), TIMEOUT_MS, out, &errors, &status, err)) {
        err->code = ERR_CONFIG;
        return false;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    /* Its first line says what is wrong; more would be a page in an error. */
    complaint = str_trim(buf_str(&errors));
    complaint = str_slice(complaint, 0, str_find_char(complaint, '\n'));
    return error_set(err, ERR_CONFIG, "%s ended with status %d: %.*s", argv[0],
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                     STR_ARG(str_slice(complaint, 0, 300)));
}

static bool read_output(struct str text, struct aws_credentials *out, struct error *err)
{
    static const struct key_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", "AccountId"};
    CLEANUP(json_freep) struct json *reply = NULL;
    const struct json *expires;
    int64_t expires_ms = 0;

    /* The parser's message may show where a secret stands. */
    if (!json_parse(text, NULL, &reply, err))
        return error_set(err, ERR_CONFIG, "what it printed is not JSON");
    if (json_int(json_get(reply, "Version"), 0) != 1)
        return error_set(err, ERR_CONFIG, "what it printed has no Version 1");
    expires = json_get(reply, "Expiration");
    if (expires && !json_is_null(expires) && !clock_parse_iso(json_str(expires), &expires_ms))
        return error_set(err, ERR_CONFIG, "Expiration is not a time in ISO 8601");
    if (!keys_read(reply, &names, out, err))
        return false;
    out->expires_at_s = expires_ms / 1000;
    return true;
}

bool process_keys(const char *command, struct aws_credentials *out, struct error *err)
{
    CLEANUP(process_words_free) char **words = NULL;
    CLEANUP(mem_freep) const char **argv = mem_array(WORDS_MAX + 1, sizeof *argv);
    CLEANUP(buf_release) struct buf text = {.limit_bytes = OUTPUT_LIMIT_BYTES};

    if (!process_split(str_of(command), &words, err))
        return false;
    /* The words themselves, as process_run borrows them. */
    for (size_t i = 0; words && words[i]; i++)
        argv[i] = words[i];
    if (!run(argv, &text, err) || !read_output(buf_str(&text), out, err))
        return error_wrap(err, "credential_process");
    return true;
}
