#include "aws/policy/document.h"

static bool ip_inside(const struct ip_block *block, const struct ip_block *ip)
{
    unsigned whole = block->bits / 8;
    unsigned rest = block->bits % 8;
    unsigned mask = 0xFF00u >> rest & 0xFFu;

    if (block->family != ip->family || memcmp(block->bytes, ip->bytes, whole) != 0)
        return false;
    return rest == 0 || ((block->bytes[whole] ^ ip->bytes[whole]) & mask) == 0;
}

static bool relation_holds(enum condition_relation relation, int order)
{
    switch (relation) {
    case RELATION_EQ:
        return order == 0;
    case RELATION_LT:
        return order < 0;
    case RELATION_LE:
        return order <= 0;
    case RELATION_GT:
        return order > 0;
    case RELATION_GE:
        return order >= 0;
    }
    return false;
}

static bool text_fits(enum condition_family family, struct str want, struct str have)
{
    if (family == CONDITION_STRING_LIKE)
        return pattern_glob(want, have);
    if (family == CONDITION_ARN)
        return pattern_glob_arn(want, have);
    if (family == CONDITION_STRING_FOLDED)
        return str_equal_ignore_case(want, have);
    return str_equal(want, have);
}

static bool pattern_fits(enum condition_family family, const struct pattern *p, struct str have,
                         const struct str *values)
{
    CLEANUP(buf_release) struct buf expanded = {0};

    if (!p->variable)
        return text_fits(family, p->text, have);
    pattern_expand(p, values, &expanded);
    return text_fits(family, buf_str(&expanded), have);
}

/* One value of the request, read as the operator's type. */
struct reading {
    struct str text;
    struct buf bytes;
    double number;
    int64_t date_ms;
    bool flag;
    struct ip_block ip;
    char scratch[SCALAR_BYTES];
};

static bool read_value(enum condition_family family, const struct json *value, struct reading *r)
{
    struct str fields[6];

    if (!context_scalar(value, r->scratch, &r->text))
        return false;
    switch (family) {
    case CONDITION_STRING:
    case CONDITION_STRING_FOLDED:
    case CONDITION_STRING_LIKE:
    case CONDITION_NULL:
        return true;
    case CONDITION_ARN:
        return arn_split(r->text, fields);
    case CONDITION_NUMERIC:
        return condition_parse_number(r->text, &r->number);
    case CONDITION_DATE:
        return condition_parse_date(r->text, &r->date_ms);
    case CONDITION_BOOL:
        return condition_parse_bool(r->text, &r->flag);
    case CONDITION_BINARY:
        return buf_add_unbase64(&r->bytes, r->text);
    case CONDITION_IP:
        return condition_parse_ip(r->text, false, &r->ip);
    }
    return false;
}

static bool value_fits(const struct condition_operator *op, const struct condition_value *want,
                       const struct reading *have, const struct str *values)
{
    switch (op->family) {
    case CONDITION_STRING:
    case CONDITION_STRING_FOLDED:
    case CONDITION_STRING_LIKE:
    case CONDITION_ARN:
        return pattern_fits(op->family, &want->text, have->text, values);
    case CONDITION_NUMERIC:
        return relation_holds(op->relation, (have->number > want->number) - (have->number < want->number));
    case CONDITION_DATE:
        return relation_holds(op->relation,
                              (have->date_ms > want->date_ms) - (have->date_ms < want->date_ms));
    case CONDITION_BOOL:
        return have->flag == want->flag;
    case CONDITION_BINARY:
        return str_equal(want->text.text, buf_str(&have->bytes));
    case CONDITION_IP:
        return ip_inside(&want->ip, &have->ip);
    case CONDITION_NULL:
        return false;
    }
    return false;
}

/* One value of the request against all of the condition: any of them, and for
 * a negated operator none of them. */
static enum truth test_value(const struct condition *c, const struct json *value, const struct str *values)
{
    struct reading r;
    enum truth result = TRUTH_UNKNOWN;

    r.bytes = (struct buf){0};
    if (read_value(c->op->family, value, &r)) {
        bool any = false;

        for (size_t i = 0; i < c->count && !any; i++)
            any = value_fits(c->op, &c->values[i], &r, values);
        result = any != c->op->negated ? TRUTH_YES : TRUTH_NO;
    }
    buf_release(&r.bytes);
    return result;
}

/* Null asks whether the key is there, and nothing else. */
static enum truth test_null(const struct condition *c, bool present)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->values[i].flag != present)
            return TRUTH_YES;
    return TRUTH_NO;
}

static enum truth test_absent(const struct condition *c)
{
    if (c->if_exists || c->quantifier == QUANTIFIER_ALL)
        return TRUTH_YES;
    if (c->quantifier == QUANTIFIER_ANY)
        return TRUTH_NO;
    return c->op->negated ? TRUTH_YES : TRUTH_NO;
}

static enum truth test_list(const struct condition *c, const struct json *list, const struct str *values)
{
    enum truth decisive = c->quantifier == QUANTIFIER_ANY ? TRUTH_YES : TRUTH_NO;
    enum truth result = decisive == TRUTH_YES ? TRUTH_NO : TRUTH_YES;

    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        enum truth one = test_value(c, item, values);

        if (one == decisive)
            return one;
        if (one == TRUTH_UNKNOWN)
            result = one;
    }
    return result;
}

enum truth condition_holds(const struct condition *c, const struct context *context, const struct str *values)
{
    const struct json *value = context_find(context, c->key);

    if (c->op->family == CONDITION_NULL)
        return test_null(c, value != NULL);
    if (value == NULL)
        return test_absent(c);
    if (!json_is_array(value))
        return test_value(c, value, values);
    /* Several values need a set operator; without one it is not said whether
     * all or any of them count (IAM User Guide, "Multivalued context keys"). */
    if (c->quantifier == QUANTIFIER_NONE && json_count(value) > 1)
        return TRUTH_UNKNOWN;
    return test_list(c, value, values);
}
