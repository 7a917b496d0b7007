#include "cmd/lab/options.h"

#include "aws/common/mem.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

#define AT(member) offsetof(struct options, member)

const struct option_row option_rows[] = {
    {"plan", 'f', OPTION_TEXT, AT(plan), "PLAN", "plan file (default ./lab.yaml, else the built-in lab)", "",
     0, 0},
    {"var", 0, OPTION_VAR, AT(vars), "K=V", "set a var of the plan; LAB_VAR_name does the same", "", 0, 0},
    {"profile", 0, OPTION_TEXT, AT(profile), "NAME", "profile of the AWS configuration", "", 0, 0},
    {"region", 0, OPTION_TEXT, AT(region), "REGION", "AWS region", "", 0, 0},
    {"endpoint-url", 0, OPTION_TEXT, AT(endpoint_url), "URL", "send AWS calls there", "", 0, 0},
    {"ca", 0, OPTION_TEXT, AT(ca), "FILE", "PEM file that verifies the database", "", 0, 0},
    {"state", 0, OPTION_TEXT, AT(state), "FILE", "checkpoints (default .lab/state.db)", "", 0, 0},
    {"learner", 0, OPTION_TEXT, AT(learner), "NAME", "whose lab this is (default: default)", "", 0, 0},
    {"json", 0, OPTION_FLAG, AT(json), NULL, "one event a line, as JSON", "", 0, 0},
    {"junit", 0, OPTION_TEXT, AT(junit), "FILE", "also write a JUnit report", "", 0, 0},
    {"plain", 0, OPTION_FLAG, AT(plain), NULL, "plain lines, no live terminal", "", 0, 0},
    {"color", 0, OPTION_TEXT, AT(color_text), "auto|always|never", "when to colour", "", 0, 0},
    {"yes", 0, OPTION_FLAG, AT(yes), NULL, "do not ask", "", 0, 0},
    {"timeout", 0, OPTION_NUMBER, AT(timeout_s), "SECONDS", "deadline of each wait", "", 1, 86400},
    {"jobs", 'j', OPTION_NUMBER, AT(jobs), "N", "steps at the same time (default 4)", "", 1, 64},
    {"quiet", 'q', OPTION_FLAG, AT(quiet), NULL, "only results and errors", "", 0, 0},
    {"verbose", 'v', OPTION_FLAG, AT(verbose), NULL, "every call, without secrets", "", 0, 0},
    {"help", 'h', OPTION_FLAG, AT(help), NULL, "help on the command", "", 0, 0},
    {"version", 'V', OPTION_FLAG, AT(version), NULL, "the same without a command", "version", 0, 0},
    {"until", 0, OPTION_TEXT, AT(until), "STEP", "stop after this step and what it needs", "up", 0, 0},
    {"prove", 0, OPTION_FLAG, AT(prove), NULL, "look for leftovers afterwards", "down", 0, 0},
    {"purge", 0, OPTION_FLAG, AT(purge), NULL, "delete the secret at once, not in 7 days", "down undo sweep",
     0, 0},
    {"with-needs", 0, OPTION_FLAG, AT(with_needs), NULL, "also run the needs that are missing", "run", 0, 0},
    {"adopt", 0, OPTION_FLAG, AT(adopt), NULL, "take over what exists and is not ours", "up run", 0, 0},
    {"allow-prod", 0, OPTION_FLAG, AT(allow_prod), NULL, "go on in an account whose alias says prod",
     "up down run undo sweep rotate", 0, 0},
    {"detailed-exitcode", 0, OPTION_FLAG, AT(detailed_exitcode), NULL, "exit 2 when there are changes",
     "plan", 0, 0},
    {"last", 0, OPTION_FLAG, AT(last), NULL, "the last denial in the trail", "why", 0, 0},
    {"context", 0, OPTION_VAR, AT(context), "KEY=VALUE", "a condition key of the request, as aws:SourceIp",
     "why", 0, 0},
    {"hint", 0, OPTION_NUMBER, AT(hint), "LEVEL",
     "what to do about a fail: 1 a nudge, 2 where to look, 3 the command", "check", 1, 3},
    {"secret", 's', OPTION_TEXT, AT(secret), "SECRET", "name or ARN of the secret", "access-test audit", 0,
     0},
    {"repeat", 0, OPTION_NUMBER, AT(repeat), "N", "log in N times and count the reads of the secret",
     "access-test", 1, 100000},
    {"cache", 0, OPTION_NUMBER, AT(cache_s), "SECONDS", "keep what was read that long, as a caching client",
     "access-test", 1, 86400},
    {"out", 0, OPTION_TEXT, AT(out), "FILE", "the page (default lab-report.html)", "report", 0, 0},
    {"as", 0, OPTION_TEXT, AT(as), "WHAT",
     "sandbox: admin (default) or workstation; graph: dot (default) or mermaid; "
     "explain: cli (default), sql, boto3, curl, terraform or console",
     "sandbox graph explain", 0, 0},
    {"world", 0, OPTION_TEXT, AT(world), "FILE", "what the account holds at the start", "sandbox", 0, 0},
    {"listen", 0, OPTION_TEXT, AT(listen), "ADDRESS:PORT", "loopback address of the API", "sandbox", 0, 0},
    {"db-listen", 0, OPTION_TEXT, AT(db_listen), "ADDRESS:PORT", "loopback address of the database",
     "sandbox", 0, 0},
    {"ready-file", 0, OPTION_TEXT, AT(ready_file), "FILE", "write the environment there when ready",
     "sandbox", 0, 0},
    {"record", 0, OPTION_TEXT, AT(record), "FILE", "write requests and replies there, redacted", "sandbox", 0,
     0},
    {"dump", 0, OPTION_TEXT, AT(dump), "FILE", "write the world there at exit and on SIGUSR1", "sandbox", 0,
     0},
    {"seed", 0, OPTION_NUMBER, AT(seed), "N", "fixes all that is random", "sandbox", 1, INT64_C(1) << 53},
    {"latency-ms", 0, OPTION_NUMBER, AT(latency_ms), "MS", "delay of every reply", "sandbox", 0, 60000},
    {"propagation-ms", 0, OPTION_NUMBER, AT(propagation_ms), "MS", "how late changes are seen elsewhere",
     "sandbox", 0, 3600000},
    {"stack-ms", 0, OPTION_NUMBER, AT(stack_ms), "MS", "how long a stack takes", "sandbox", 0, 36000000},
    {"trail-delay-ms", 0, OPTION_NUMBER, AT(trail_delay_ms), "MS", "how late events show in the trail",
     "sandbox", 0, 36000000},
    {"interface-ms", 0, OPTION_NUMBER, AT(interface_ms), "MS",
     "how long a deleted function's network interface stays", "sandbox", 0, 36000000},
    {"throttle", 0, OPTION_RATE, AT(throttle), "P", "share of calls refused as too many, 0 to 1", "sandbox",
     0, 0},
    {"errors", 0, OPTION_RATE, AT(errors), "P", "share of calls that fail with 500 or 503", "sandbox", 0, 0},
    {"resets", 0, OPTION_RATE, AT(resets), "P", "share of connections broken before the call acts", "sandbox",
     0, 0},
    {"lose-replies", 0, OPTION_RATE, AT(lose_replies), "P", "share of replies lost after the call acted",
     "sandbox", 0, 0},
    {"data", 0, OPTION_TEXT, AT(data), "DIR", "keep the world and the database there", "sandbox", 0, 0},
    {"speed", 0, OPTION_NUMBER, AT(speed), "N", "service time runs N times real time", "sandbox", 1, 1000000},
    {NULL, 0, OPTION_FLAG, 0, NULL, NULL, NULL, 0, 0},
};

static const char *const color_words[] = {
    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

bool option_applies(const struct option_row *row, const char *command)
{
    struct str rest = str_of(row->commands);
    struct str name;

    if (str_empty(rest))
        return true;
    while (str_split(&rest, ' ', &name)) {
        if (str_is(name, command))
            return true;
    }
    return false;
}

bool option_given(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->given_count; i++) {
        if (strcmp(o->given[i]->name, name) == 0)
            return true;
    }
    return false;
}

static const struct option_row *find_option(struct str name, char letter)
{
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (letter ? row->letter == letter : str_is(name, row->name))
            return row;
    }
    return NULL;
}

static bool unknown_option(struct str word, struct error *err)
{
    const struct option_row *near = NULL;
    size_t best = 3;

    for (const struct option_row *row = option_rows; row->name; row++) {
        size_t d = str_distance(word, str_of(row->name));
        if (d < best) {
            best = d;
            near = row;
        }
    }
    if (near)
        return error_set(err, ERR_USAGE, "unknown option --%.*s (did you mean --%s?)", STR_ARG(word),
                         near->name);
    return error_set(err, ERR_USAGE, "unknown option --%.*s", STR_ARG(word));
}

static bool set_var(struct json *vars, const char *name, struct str value, const char *from,
                    struct error *err)
{
    if (!*name)
        return error_set(err, ERR_USAGE, "%s wants NAME=VALUE", from);
    json_put_str(vars, name, value);
    return true;
}

/* "0.05", ".5", "1": plain decimal text, whatever the locale. */
static bool parse_rate(struct str text, double *out)
{
    double value = 0, unit = 1;
    size_t digits = 0;
    bool fraction = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > 15)
            return false;
        if (fraction)
            unit /= 10;
        value = fraction ? value + unit * (c - '0') : value * 10 + (c - '0');
    }
    *out = value;
    return digits > 0 && value <= 1;
}

/* from: how the person wrote it, "--jobs" or "LAB_JOBS". */
static bool store_value(struct options *o, const struct option_row *row, const char *value, const char *from,
                        struct error *err)
{
    char *at = (char *)o + row->offset;

    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)(void *)at = true;
        return true;
    case OPTION_TEXT:
        if (!*value)
            return error_set(err, ERR_USAGE, "%s wants a value: %s", from, row->value);
        *(const char **)(void *)at = value;
        return true;
    case OPTION_NUMBER: {
        int64_t n;
        if (!str_to_i64(str_of(value), &n) || n < row->min || n > row->max)
            return error_set(err, ERR_USAGE, "%s wants a number from %lld to %lld, not \"%s\"", from,
                             (long long)row->min, (long long)row->max, value);
        *(int64_t *)(void *)at = n;
        return true;
    }
    case OPTION_RATE: {
        double p;
        if (!parse_rate(str_of(value), &p))
            return error_set(err, ERR_USAGE, "%s wants a share from 0 to 1, as 0.05, not \"%s\"", from,
                             value);
        *(double *)(void *)at = p;
        return true;
    }
    case OPTION_VAR: {
        struct str text = str_of(value);
        size_t eq = str_find_char(text, '=');
        if (eq == text.len)
            return error_set(err, ERR_USAGE, "%s wants NAME=VALUE, not \"%s\"", from, value);
        CLEANUP(mem_freep) char *name = mem_copy(str_slice(text, 0, eq));
        return set_var(*(struct json **)(void *)at, name, str_slice(text, eq + 1, text.len), from, err);
    }
    }
    return error_set(err, ERR_BUG, "option %s has no type", row->name);
}

static bool flag_off(const char *text)
{
    return !*text || strcmp(text, "0") == 0 || strcmp(text, "false") == 0 || strcmp(text, "no") == 0;
}

/* LAB_ENDPOINT_URL for endpoint-url. */
static void twin_name(const char *option, char out[64])
{
    size_t n = (size_t)snprintf(out, 64, "LAB_%s", option);
    for (size_t i = 4; i < n && i < 63; i++)
        out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
}

static bool read_environment(struct options *o, char **env, struct error *err)
{
    for (char **e = env; e && *e; e++) {
        struct str entry = str_of(*e);
        size_t eq = str_find_char(entry, '=');

        if (!str_starts(entry, STR("LAB_")) || eq == entry.len)
            continue;
        CLEANUP(mem_freep) char *name = mem_copy(str_slice(entry, 0, eq));
        const char *value = *e + eq + 1;
        if (str_starts(entry, STR("LAB_VAR_"))) {
            if (!set_var(o->vars, name + 8, str_of(value), name, err))
                return false;
            continue;
        }
        for (const struct option_row *row = option_rows; row->name; row++) {
            char twin[64];
            twin_name(row->name, twin);
            if (row->type == OPTION_VAR || strcmp(twin, name) != 0)
                continue;
            if (row->type == OPTION_FLAG ? flag_off(value) : !*value)
                break;
            if (!store_value(o, row, value, name, err))
                return false;
            break;
        }
    }
    return true;
}

/* One word that begins with '-'. *used counts a value taken from argv. */
static bool read_option(struct options *o, int argc, char **argv, int *i, struct error *err)
{
    const char *word = argv[*i];
    const struct option_row *row;
    const char *value = NULL;
    char shown[96];

    if (word[1] == '-') {
        struct str name = str_of(word + 2);
        size_t eq = str_find_char(name, '=');
        if (eq < name.len)
            value = word + 2 + eq + 1;
        name = str_slice(name, 0, eq);
        row = find_option(name, 0);
        if (!row)
            return unknown_option(name, err);
        if (value && row->type == OPTION_FLAG)
            return error_set(err, ERR_USAGE, "--%s takes no value", row->name);
    } else {
        row = find_option(STR(""), word[1]);
        if (!row)
            return error_set(err, ERR_USAGE, "unknown option %s", word);
        if (word[2] && row->type == OPTION_FLAG)
            return error_set(err, ERR_USAGE, "write the options of %s apart", word);
        if (word[2])
            value = word + 2;
    }
    snprintf(shown, sizeof shown, "--%s", row->name);
    if (row->type != OPTION_FLAG && !value) {
        if (*i + 1 >= argc)
            return error_set(err, ERR_USAGE, "%s wants a value: %s", shown, row->value);
        value = argv[++*i];
    }
    o->given[o->given_count++] = row;
    return store_value(o, row, value, shown, err);
}

static bool finish(struct options *o, struct error *err)
{
    if (!o->color_text)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(color_words); i++) {
        if (strcmp(o->color_text, color_words[i]) == 0) {
            o->color = (enum color_mode)i;
            return true;
        }
    }
    return error_set(err, ERR_USAGE, "--color is auto, always or never, not \"%s\"", o->color_text);
}

bool options_parse(int argc, char **argv, char **env, struct options *out, struct error *err)
{
    *out = (struct options){.jobs = 4, .learner = "default"};
    out->vars = json_object();
    out->context = json_object();
    out->words = mem_array((size_t)argc + 1, sizeof *out->words);
    out->given = mem_array((size_t)argc + 1, sizeof(void *));
    if (!read_environment(out, env, err))
        return false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            out->rest = (const char *const *)(argv + i + 1);
            break;
        }
        if (argv[i][0] != '-' || !argv[i][1]) {
            out->words[out->word_count++] = argv[i];
            continue;
        }
        if (!read_option(out, argc, argv, &i, err))
            return false;
    }
    return finish(out, err);
}

void options_release(struct options *o)
{
    json_free(o->vars);
    json_free(o->context);
    mem_free(o->words);
    mem_free(o->given);
    *o = (struct options){0};
}
