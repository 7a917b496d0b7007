#include "steps/kinds/verdict.h"

#include "aws/common/mem.h"
#include "steps/kinds/reasons.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool checking_begin(struct checking *k, struct step_context *c, struct check_result *out, struct error *err)
{
    *k = (struct checking){.step = c, .out = out};
    *out = (struct check_result){.verdict = VERDICT_PASS};
    return step_planned(c, &k->planned, err);
}

void checking_release(struct checking *k)
{
    json_free(k->planned);
    *k = (struct checking){0};
}

const char *checking_text(const struct checking *k, const char *path)
{
    return json_text(json_path(k->planned, path));
}

bool check_decided(const struct checking *k)
{
    return k->out->verdict != VERDICT_PASS;
}

static void PRINTF_LIKE(2, 0) set_found(struct checking *k, const char *format, va_list args)
{
    CLEANUP(mem_freep) char *text = mem_vprintf(format, args);
    struct str all = str_of(text);

    all.len = str_utf8_prefix(str_slice(all, 0, sizeof(k->out->found) - 1));
    (void)snprintf(k->out->found, sizeof(k->out->found), "%.*s", STR_ARG(all));
}

void check_pass(struct checking *k, const char *format, ...)
{
    va_list args;

    if (check_decided(k))
        return;
    va_start(args, format);
    set_found(k, format, args);
    va_end(args);
}

void check_not_yet(struct checking *k, int64_t wait_ms, const char *format, ...)
{
    va_list args;

    if (check_decided(k))
        return;
    k->out->verdict = VERDICT_CANNOT_TELL;
    k->out->wait_ms = wait_ms;
    va_start(args, format);
    set_found(k, format, args);
    va_end(args);
}

/* A number is written into number. */
static const char *value_of(const struct checking *k, const char *name, char *number, size_t size)
{
    const struct json *planned = json_path(k->planned, name);
    int64_t n = json_int(planned, INT64_MIN);

    const struct {
        const char *name, *value;
    } words[] = {{"account", step_account(k->step)},
                 {"region", step_region(k->step)},
                 {"partition", step_partition(k->step)},
                 {"id", step_id(k->step)}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].name, name) == 0)
            return words[i].value;
    }
    if (n == INT64_MIN)
        return json_text(planned);
    (void)snprintf(number, size, "%lld", (long long)n);
    return number;
}

/* A brace that names nothing stays: JSON in a command. */
static void fill_in(const struct checking *k, const char *text, char *out, size_t size)
{
    CLEANUP(buf_release) struct buf all = {0};
    struct str rest = str_of(text), before;
    char number[24];

    while (str_split(&rest, '{', &before)) {
        size_t close = str_find_char(rest, '}');

        buf_add(&all, before);
        if (!rest.data)
            break;
        CLEANUP(mem_freep) char *name = mem_copy(str_slice(rest, 0, close));
        const char *value = value_of(k, name, number, sizeof(number));
        if (close < rest.len && *value) {
            buf_adds(&all, value);
            rest = str_slice(rest, close + 1, rest.len);
        } else {
            buf_addc(&all, '{');
        }
    }
    (void)snprintf(out, size, "%s", buf_text(&all));
}

void check_fail(struct checking *k, const char *reason, const char *format, ...)
{
    const struct reason *row = reasons;
    va_list args;

    if (check_decided(k))
        return;
    while (row->name && strcmp(row->name, reason) != 0)
        row++;
    k->out->verdict = VERDICT_FAIL;
    va_start(args, format);
    set_found(k, format, args);
    va_end(args);
    if (!row->name)
        return;
    fill_in(k, row->expected, k->out->expected, sizeof(k->out->expected));
    fill_in(k, row->why, k->out->why, sizeof(k->out->why));
    for (size_t i = 0; i < HINT_LEVELS; i++)
        fill_in(k, row->hints[i], k->out->hints[i], sizeof(k->out->hints[i]));
}
