#include "aws/policy/pattern.h"
#include "aws/policy/policy.h"

#define ARN_FIELDS 6
#define VARIABLES_MAX 65535

static unsigned char at(struct str s, size_t i)
{
    return (unsigned char)s.data[i];
}

/* Reads one ${…} at text[*pos]; "${*}", "${?}" and "${$}" are the characters. */
static bool take_variable(struct arena *arena, struct str text, size_t *pos, struct variable_table *table,
                          struct buf *out, bool *variable)
{
    struct str inner = str_slice(text, *pos + 2, text.len);
    size_t end = str_find_char(inner, '}');
    size_t comma;
    struct variable v = {0};

    if (end == inner.len || table->count == VARIABLES_MAX)
        return false;
    inner.len = end;
    *pos += end + 3;
    if (inner.len == 1 && strchr("*?$", inner.data[0]) != NULL) {
        buf_addc(out, inner.data[0]);
        return true;
    }
    comma = str_find_char(inner, ',');
    if (comma < inner.len) {
        v.fallback = str_trim(str_slice(inner, comma + 1, inner.len));
        if (v.fallback.len < 2 || v.fallback.data[0] != '\'' || v.fallback.data[v.fallback.len - 1] != '\'')
            return false;
        v.fallback = str_slice(v.fallback, 1, v.fallback.len - 2);
        v.has_fallback = true;
    }
    v.key = str_trim(str_slice(inner, 0, comma));
    if (str_empty(v.key))
        return false;
    v.key.data = arena_copy(arena, v.key);
    v.fallback.data = arena_copy(arena, v.fallback);
    arena_grow(arena, &table->items, &table->cap, table->count, sizeof v);
    buf_addc(out, (char)PATTERN_VARIABLE);
    buf_addc(out, (char)(table->count >> 8));
    buf_addc(out, (char)(table->count & 0xFF));
    table->items[table->count++] = v;
    *variable = true;
    return true;
}

bool pattern_compile(struct arena *arena, struct str text, unsigned flags, struct variable_table *variables,
                     struct pattern *out)
{
    CLEANUP(buf_release) struct buf compiled = {0};

    *out = (struct pattern){0};
    for (size_t i = 0; i < text.len;) {
        char c = text.data[i];

        if ((flags & PATTERN_VARIABLES) != 0 && c == '$' && i + 1 < text.len && text.data[i + 1] == '{') {
            if (!take_variable(arena, text, &i, variables, &compiled, &out->variable))
                return false;
            continue;
        }
        if ((flags & PATTERN_WILDCARDS) != 0 && (c == '*' || c == '?')) {
            out->wild = true;
            c = (char)(c == '*' ? PATTERN_RUN : PATTERN_ONE);
        } else if ((flags & PATTERN_LOWER) != 0 && c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        buf_addc(&compiled, c);
        i++;
    }
    out->text = (struct str){arena_copy(arena, buf_str(&compiled)), compiled.len};
    return true;
}

/* Length of what stands at compiled[i]: a variable's index may hold any byte. */
static size_t unit(struct str compiled, size_t i)
{
    return at(compiled, i) == PATTERN_VARIABLE ? 3 : 1;
}

/* A wildcard between the fifth colon and the next "/" or ":" that is not the
 * whole of that part. "*" alone covers every type and is fine. */
static bool has_type_wildcard(struct str compiled, size_t start)
{
    size_t end = start;
    bool wild = false;

    while (end < compiled.len && compiled.data[end] != '/' && compiled.data[end] != ':') {
        wild = wild || at(compiled, end) == PATTERN_RUN || at(compiled, end) == PATTERN_ONE;
        end += unit(compiled, end);
    }
    return wild && !(end == start + 1 && at(compiled, start) == PATTERN_RUN);
}

bool pattern_compile_arn(struct arena *arena, struct str text, unsigned flags,
                         struct variable_table *variables, struct pattern *out)
{
    CLEANUP(buf_release) struct buf padded = {0};
    size_t colons = 0;
    size_t last = 0;

    if (!pattern_compile(arena, text, flags | PATTERN_WILDCARDS, variables, out))
        return false;
    for (size_t i = 0; i < out->text.len && colons < ARN_FIELDS - 1; i += unit(out->text, i)) {
        if (out->text.data[i] == ':') {
            colons++;
            last = i;
        }
    }
    if (colons == ARN_FIELDS - 1) {
        out->type_wildcard = has_type_wildcard(out->text, last + 1);
        return true;
    }
    buf_add(&padded, out->text);
    for (; colons < ARN_FIELDS - 1; colons++) {
        buf_addc(&padded, ':');
        buf_addc(&padded, (char)PATTERN_RUN);
    }
    out->wild = true;
    out->text = (struct str){arena_copy(arena, buf_str(&padded)), padded.len};
    return true;
}

void pattern_expand(const struct pattern *p, const struct str *values, struct buf *out)
{
    for (size_t i = 0; i < p->text.len; i += unit(p->text, i)) {
        if (at(p->text, i) == PATTERN_VARIABLE)
            buf_add(out, values[(size_t)at(p->text, i + 1) << 8 | at(p->text, i + 2)]);
        else
            buf_addc(out, p->text.data[i]);
    }
}

/* Past the character at s[i], however many bytes it has. */
static size_t next_char(struct str s, size_t i)
{
    i++;
    while (i < s.len && (at(s, i) & 0xC0) == 0x80)
        i++;
    return i;
}

bool pattern_glob(struct str compiled, struct str s)
{
    size_t p = 0;
    size_t i = 0;
    size_t run = SIZE_MAX; /* after the last RUN: where to take up again */
    size_t run_i = 0;

    while (i < s.len) {
        unsigned char c = p < compiled.len ? at(compiled, p) : 0;

        if (p < compiled.len && c == PATTERN_RUN) {
            run = ++p;
            run_i = i;
            if (p == compiled.len)
                return true;
        } else if (p < compiled.len && c == PATTERN_ONE) {
            p++;
            i = next_char(s, i);
        } else if (p < compiled.len && c == at(s, i)) {
            p++;
            i++;
        } else if (run != SIZE_MAX) {
            run_i = next_char(s, run_i);
            i = run_i;
            p = run;
        } else {
            return false;
        }
    }
    while (p < compiled.len && at(compiled, p) == PATTERN_RUN)
        p++;
    return p == compiled.len;
}

bool arn_split(struct str arn, struct str fields[6])
{
    for (size_t n = 0; n < ARN_FIELDS - 1; n++) {
        size_t colon = str_find_char(arn, ':');

        if (colon == arn.len)
            return false;
        fields[n] = str_slice(arn, 0, colon);
        arn = str_slice(arn, colon + 1, arn.len);
    }
    fields[ARN_FIELDS - 1] = arn;
    return true;
}

struct str arn_type(struct str resource)
{
    size_t slash = str_find_char(resource, '/');
    size_t colon = str_find_char(resource, ':');

    return str_slice(resource, 0, slash < colon ? slash : colon);
}

bool pattern_glob_arn(struct str compiled, struct str arn)
{
    struct str want[ARN_FIELDS];
    struct str have[ARN_FIELDS];

    if (!arn_split(compiled, want) || !arn_split(arn, have))
        return false;
    for (size_t i = 0; i < ARN_FIELDS; i++)
        if (!pattern_glob(want[i], have[i]))
            return false;
    return true;
}

static void arena_releasep(struct arena *a)
{
    arena_release(a);
}

bool policy_arn_like(struct str pattern, struct str arn)
{
    CLEANUP(arena_releasep) struct arena arena = {0};
    struct pattern compiled;

    return pattern_compile_arn(&arena, pattern, 0, NULL, &compiled) && pattern_glob_arn(compiled.text, arn);
}

bool policy_action_match(struct str pattern, struct str action)
{
    CLEANUP(arena_releasep) struct arena arena = {0};
    struct pattern want;
    struct pattern have;

    return pattern_compile(&arena, pattern, PATTERN_WILDCARDS | PATTERN_LOWER, NULL, &want) &&
           pattern_compile(&arena, action, PATTERN_LOWER, NULL, &have) && pattern_glob(want.text, have.text);
}
