#include "tests/support/probe.h"

#include <stdio.h>

static const struct probe_word words[] = {
    {"sign", "", probe_sign},
    {"verify", "", probe_verify},
    {"endpoint", "", probe_endpoint},
    {"config", "", probe_config},
    {"credentials", "", probe_credentials},
    {"json", "", probe_json},
    {"iam", "", probe_iam},
    {"quote", "", probe_quote},
    {"encode", "SERVICE OPERATION", probe_encode},
    {"decode", "SERVICE OPERATION", probe_decode},
    {"serve-encode", "SERVICE OPERATION", probe_serve_encode},
    {"serve-decode", "SERVICE OPERATION", probe_serve_decode},
};

static void usage(void)
{
    fputs("usage: probe WORD [ARGUMENT...]\n", stderr);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        fprintf(stderr, "  %s%s%s\n", words[i].name, words[i].args[0] ? " " : "", words[i].args);
}

/* The next line without its newline. False at the end of input; a line over
 * the limit comes back with overflow set. */
static bool read_line(struct buf *line)
{
    int c;

    buf_reset(line);
    while ((c = getc(stdin)) != EOF) {
        if (c == '\n')
            return true;
        buf_addc(line, (char)c);
    }
    return line->len > 0;
}

static int run_lines(probe_line_fn *fn, void *self, struct buf *line, struct buf *out)
{
    unsigned long number = 0;

    while (read_line(line)) {
        CLEANUP(json_freep) struct json *value = NULL;
        struct error err = {0};

        number++;
        if (str_empty(str_trim(buf_str(line))))
            continue;
        if (line->overflow) {
            fprintf(stderr, "probe: line %lu: too long\n", number);
            return PROBE_USAGE;
        }
        if (!json_parse(buf_str(line), NULL, &value, &err)) {
            fprintf(stderr, "probe: line %lu: %s\n", number, err.message);
            return PROBE_USAGE;
        }
        buf_reset(out);
        if (!fn(self, value, out)) {
            fprintf(stderr, "probe: line %lu: not what this word reads\n", number);
            return PROBE_USAGE;
        }
        if (out->len == 0)
            continue;
        buf_addc(out, '\n');
        /* Flushed, so that a driver may talk to us line by line. */
        if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) != 0)
            return 1;
    }
    return 0;
}

int probe_each_line(probe_line_fn *fn, void *self)
{
    CLEANUP(buf_release) struct buf line = {.limit_bytes = PROBE_LINE_LIMIT};
    CLEANUP(buf_release) struct buf out = {0};

    return run_lines(fn, self, &line, &out);
}

bool probe_read_all(struct buf *out)
{
    char chunk[16384];
    size_t n;

    out->limit_bytes = PROBE_LINE_LIMIT;
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        buf_add(out, (struct str){chunk, n});
    if (ferror(stdin) || out->overflow) {
        fputs("probe: standard input cannot be read or is too long\n", stderr);
        return false;
    }
    return true;
}

int probe_json(int argc, char **argv)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct error err = {0};

    (void)argc;
    (void)argv;
    if (!probe_read_all(&text))
        return 1;
    if (!json_check(buf_str(&text), NULL, &err)) {
        fprintf(stderr, "probe: %s\n", err.message);
        return 1;
    }
    return 0;
}

static size_t count_args(const char *args)
{
    size_t count = 0;

    for (size_t i = 0; args[i] != '\0'; i++)
        if (args[i] != ' ' && (i == 0 || args[i - 1] == ' '))
            count++;
    return count;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(words); i++) {
        if (strcmp(argv[1], words[i].name) != 0)
            continue;
        if ((size_t)argc - 2 != count_args(words[i].args)) {
            usage();
            return PROBE_USAGE;
        }
        return words[i].run(argc - 1, argv + 1);
    }
    usage();
    return PROBE_USAGE;
}
