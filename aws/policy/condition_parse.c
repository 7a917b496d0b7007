#include "aws/policy/document.h"

#include "aws/common/clock.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* IAM User Guide, "Condition operators". */
static const struct condition_operator operators[] = {
    {"StringEquals", CONDITION_STRING, RELATION_EQ, false},
    {"StringNotEquals", CONDITION_STRING, RELATION_EQ, true},
    {"StringEqualsIgnoreCase", CONDITION_STRING_FOLDED, RELATION_EQ, false},
    {"StringNotEqualsIgnoreCase", CONDITION_STRING_FOLDED, RELATION_EQ, true},
    {"StringLike", CONDITION_STRING_LIKE, RELATION_EQ, false},
    {"StringNotLike", CONDITION_STRING_LIKE, RELATION_EQ, true},
    {"NumericEquals", CONDITION_NUMERIC, RELATION_EQ, false},
    {"NumericNotEquals", CONDITION_NUMERIC, RELATION_EQ, true},
    {"NumericLessThan", CONDITION_NUMERIC, RELATION_LT, false},
    {"NumericLessThanEquals", CONDITION_NUMERIC, RELATION_LE, false},
    {"NumericGreaterThan", CONDITION_NUMERIC, RELATION_GT, false},
    {"NumericGreaterThanEquals", CONDITION_NUMERIC, RELATION_GE, false},
    {"DateEquals", CONDITION_DATE, RELATION_EQ, false},
    {"DateNotEquals", CONDITION_DATE, RELATION_EQ, true},
    {"DateLessThan", CONDITION_DATE, RELATION_LT, false},
    {"DateLessThanEquals", CONDITION_DATE, RELATION_LE, false},
    {"DateGreaterThan", CONDITION_DATE, RELATION_GT, false},
    {"DateGreaterThanEquals", CONDITION_DATE, RELATION_GE, false},
    {"Bool", CONDITION_BOOL, RELATION_EQ, false},
    {"BinaryEquals", CONDITION_BINARY, RELATION_EQ, false},
    {"IpAddress", CONDITION_IP, RELATION_EQ, false},
    {"NotIpAddress", CONDITION_IP, RELATION_EQ, true},
    {"ArnEquals", CONDITION_ARN, RELATION_EQ, false}, /* behaves as ArnLike */
    {"ArnLike", CONDITION_ARN, RELATION_EQ, false},
    {"ArnNotEquals", CONDITION_ARN, RELATION_EQ, true},
    {"ArnNotLike", CONDITION_ARN, RELATION_EQ, true},
    {"Null", CONDITION_NULL, RELATION_EQ, false},
};

static bool strip_prefix(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_slice(*s, prefix.len, s->len);
    return true;
}

static bool strip_suffix(struct str *s, struct str suffix)
{
    if (!str_ends(*s, suffix))
        return false;
    s->len -= suffix.len;
    return true;
}

static bool parse_operator(struct str name, struct condition *c)
{
    if (strip_prefix(&name, STR("ForAllValues:")))
        c->quantifier = QUANTIFIER_ALL;
    else if (strip_prefix(&name, STR("ForAnyValue:")))
        c->quantifier = QUANTIFIER_ANY;
    c->if_exists = strip_suffix(&name, STR("IfExists"));
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (!str_is(name, operators[i].name))
            continue;
        c->op = &operators[i];
        return !(c->if_exists && c->op->family == CONDITION_NULL);
    }
    return false;
}

bool condition_parse_number(struct str text, double *out)
{
    char copy[64];
    char *end;

    text = str_trim(text);
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    /* strtod would also take "inf", "nan" and hexadecimal. */
    if (strspn(copy, "+-.0123456789eE") != text.len || strspn(copy, "+-.eE") == text.len)
        return false;
    *out = strtod(copy, &end);
    return *end == '\0' && isfinite(*out);
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return s.len > 0;
}

/* The shorter forms of the W3C profile of ISO 8601, made long; what is long or
 * wrong stays as it is. */
static struct str complete_date(struct str text, char *room, size_t room_bytes)
{
    static const char rest[] = "0000-01-01T00:00:00Z";
    int n = 0;

    if (text.len == 4 || text.len == 7 || text.len == 10)
        n = snprintf(room, room_bytes, "%.*s%s", STR_ARG(text), rest + text.len);
    else if (text.len > 16 && text.data[13] == ':' && text.data[16] != ':')
        n = snprintf(room, room_bytes, "%.*s:00%.*s", 16, text.data, STR_ARG(str_slice(text, 16, text.len)));
    if (n <= 0 || (size_t)n >= room_bytes)
        return text;
    return (struct str){room, (size_t)n};
}

bool condition_parse_date(struct str text, int64_t *out_ms)
{
    char room[48];
    double epoch_s;

    text = str_trim(text);
    /* Four digits are a year, more are seconds since the epoch. */
    if (text.len == 4 ? !all_digits(text) : condition_parse_number(text, &epoch_s)) {
        if (text.len == 4 || fabs(epoch_s) > 1e14)
            return false;
        *out_ms = (int64_t)(epoch_s * 1000);
        return true;
    }
    return clock_parse_iso(complete_date(text, room, sizeof room), out_ms);
}

bool condition_parse_bool(struct str text, bool *out)
{
    *out = str_equal_ignore_case(text, STR("true"));
    return *out || str_equal_ignore_case(text, STR("false"));
}

/* An IPv4 address in IPv6 clothes is that IPv4 address: otherwise a Deny on an
 * IPv4 range could be walked around. */
static void unmap(struct ip_block *ip)
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};

    if (ip->family != AF_INET6 || memcmp(ip->bytes, mapped, sizeof mapped) != 0)
        return;
    ip->family = AF_INET;
    ip->bits = 32;
    memmove(ip->bytes, ip->bytes + sizeof mapped, 4);
}

bool condition_parse_ip(struct str text, bool block, struct ip_block *out)
{
    size_t slash = str_find_char(text, '/');
    char address[64];
    uint64_t bits;

    *out = (struct ip_block){0};
    if (slash >= sizeof address || (slash < text.len && !block))
        return false;
    memcpy(address, text.data, slash);
    address[slash] = '\0';
    if (memchr(address, '\0', slash) != NULL)
        return false;
    if (inet_pton(AF_INET, address, out->bytes) == 1)
        out->family = AF_INET;
    else if (inet_pton(AF_INET6, address, out->bytes) == 1)
        out->family = AF_INET6;
    else
        return false;
    out->bits = out->family == AF_INET ? 32 : 128;
    if (slash == text.len) {
        unmap(out);
        return true;
    }
    if (!str_to_u64(str_slice(text, slash + 1, text.len), &bits) || bits > out->bits)
        return false;
    out->bits = (unsigned)bits;
    return true;
}

static bool decode_binary(struct policy *p, struct str text, struct pattern *out)
{
    CLEANUP(buf_release) struct buf bytes = {0};

    if (!buf_add_unbase64(&bytes, text))
        return false;
    out->text = (struct str){arena_copy(&p->arena, buf_str(&bytes)), bytes.len};
    return true;
}

static bool parse_text_value(struct policy *p, struct statement *s, enum condition_family family,
                             struct str text, struct pattern *out)
{
    unsigned flags = p->variables ? PATTERN_VARIABLES : 0u;

    if (family == CONDITION_ARN)
        return pattern_compile_arn(&p->arena, text, flags, &s->variables, out);
    if (family == CONDITION_STRING_LIKE)
        flags |= PATTERN_WILDCARDS;
    return pattern_compile(&p->arena, text, flags, &s->variables, out);
}

static bool parse_value(struct policy *p, struct statement *s, enum condition_family family, struct str text,
                        struct condition_value *out)
{
    switch (family) {
    case CONDITION_STRING:
    case CONDITION_STRING_FOLDED:
    case CONDITION_STRING_LIKE:
    case CONDITION_ARN:
        return parse_text_value(p, s, family, text, &out->text);
    case CONDITION_NUMERIC:
        return condition_parse_number(text, &out->number);
    case CONDITION_DATE:
        return condition_parse_date(text, &out->date_ms);
    case CONDITION_BOOL:
    case CONDITION_NULL:
        return condition_parse_bool(text, &out->flag);
    case CONDITION_BINARY:
        return decode_binary(p, text, &out->text);
    case CONDITION_IP:
        return condition_parse_ip(text, true, &out->ip);
    }
    return false;
}

static bool parse_condition(struct policy *p, struct statement *s, const struct json *member,
                            struct condition *c, struct error *err)
{
    struct str key = str_of(json_key(member));
    const struct json *item = json_is_array(member) ? json_first(member) : member;
    char scratch[SCALAR_BYTES];
    struct str text;

    if (str_find_char(key, ':') == key.len)
        return policy_malformed(err,
                                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    c->key = (struct str){arena_copy(&p->arena, key), key.len};
    c->count = json_is_array(member) ? json_count(member) : 1;
    c->values = arena_array(&p->arena, c->count, sizeof *c->values);
    for (size_t i = 0; i < c->count; i++, item = json_next(item)) {
        if (!context_scalar(item, scratch, &text))
            return policy_malformed(err, SENTENCE_SYNTAX);
        if (!parse_value(p, s, c->op->family, text, &c->values[i]))
            return policy_malformed(err, SENTENCE_LEGACY);
    }
    return true;
}

bool condition_parse(struct policy *p, struct statement *s, const struct json *block, struct error *err)
{
    size_t cap = 0;

    if (block == NULL)
        return true;
    if (!json_is_object(block))
        return policy_malformed(err, SENTENCE_SYNTAX);
    for (const struct json *op = json_first(block); op != NULL; op = json_next(op)) {
        struct condition c = {0};

        if (!json_is_object(op) || !parse_operator(str_of(json_key(op)), &c))
            return policy_malformed(err, SENTENCE_SYNTAX);
        for (const struct json *key = json_first(op); key != NULL; key = json_next(key)) {
            if (!parse_condition(p, s, key, &c, err))
                return false;
            arena_grow(&p->arena, &s->conditions, &cap, s->condition_count, sizeof c);
            s->conditions[s->condition_count++] = c;
        }
    }
    return true;
}
