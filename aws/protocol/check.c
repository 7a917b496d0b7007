#include "aws/protocol/protocol.h"

#include "aws/protocol/wire.h"

#include <ctype.h>
#include <stdio.h>

/* AWS lists what is wrong in one answer; past this many it helps nobody. */
#define FINDINGS 10

enum rule { RULE_REQUIRED, RULE_SHORT, RULE_LONG, RULE_SMALL, RULE_LARGE, RULE_ENUM, RULE_PATTERN };

struct check {
    const struct conversion *c;
    bool with_patterns;
    size_t findings;
    struct buf text;  /* "…; …" */
    const char *code; /* of the answer */
};

static bool check_value(struct check *k, const struct model_member *m, const struct json *v,
                        const struct place *at);

static bool is_sensitive(const struct model_member *m)
{
    return m->sensitive || m->shape->sensitive || m->shape->type == SHAPE_BLOB;
}

/* "tags.1.member.key": the coral front's path, first letters small. */
static void coral_path(const struct place *at, struct buf *out)
{
    if (at->up) {
        coral_path(at->up, out);
        buf_addc(out, '.');
    }
    if (at->name) {
        buf_addc(out, (char)tolower((unsigned char)at->name[0]));
        buf_adds(out, at->name[0] ? at->name + 1 : "");
    } else {
        buf_printf(out, "%zu.member", at->index + 1);
    }
}

/* The name as it stands in the form: "Filter.1.Name". */
static void form_path(const struct place *at, struct buf *out)
{
    if (at->up) {
        form_path(at->up, out);
        buf_addc(out, '.');
    }
    if (at->name)
        buf_adds(out, at->name);
    else
        buf_printf(out, "%zu", at->index + 1);
}

static void enum_set(const struct model_shape *s, struct buf *out)
{
    buf_addc(out, '[');
    for (size_t i = 0; s->values[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : "", s->values[i]);
    buf_addc(out, ']');
}

static void constraint(enum rule rule, const struct model_shape *s, struct buf *out)
{
    switch (rule) {
    case RULE_REQUIRED:
        buf_adds(out, "Member must not be null");
        break;
    case RULE_SHORT:
        buf_printf(out, "Member must have length greater than or equal to %lld", (long long)s->min);
        break;
    case RULE_LONG:
        buf_printf(out, "Member must have length less than or equal to %lld", (long long)s->max);
        break;
    case RULE_SMALL:
        buf_printf(out, "Member must have value greater than or equal to %lld", (long long)s->min);
        break;
    case RULE_LARGE:
        buf_printf(out, "Member must have value less than or equal to %lld", (long long)s->max);
        break;
    case RULE_ENUM:
        buf_adds(out, "Member must satisfy enum value set: ");
        enum_set(s, out);
        break;
    case RULE_PATTERN:
        buf_printf(out, "Member must satisfy regular expression pattern: %s", s->pattern);
        break;
    }
}

static void coral_finding(enum rule rule, const struct model_member *m, const struct json *v,
                          const struct place *at, struct buf *out)
{
    CLEANUP(buf_release) struct buf value = {.limit_bytes = 256};

    buf_adds(out, "Value ");
    if (rule == RULE_REQUIRED) {
        buf_adds(out, "null ");
    } else if (!is_sensitive(m) && (json_is_string(v) || json_is_number(v))) {
        if (json_is_string(v))
            buf_add(&value, json_str(v));
        else
            json_write(v, &value);
        buf_printf(out, "'%s' ", value.overflow ? "..." : buf_text(&value));
    }
    buf_adds(out, "at '");
    coral_path(at, out);
    buf_adds(out, "' failed to satisfy constraint: ");
    constraint(rule, m->shape, out);
}

static void plain_finding(enum rule rule, const struct model_member *m, const struct json *v,
                          const struct place *at, struct buf *out)
{
    CLEANUP(buf_release) struct buf path = {0};

    form_path(at, &path);
    if (rule == RULE_REQUIRED) {
        buf_printf(out, "The request must contain the parameter %s", buf_text(&path));
        return;
    }
    if (json_is_number(v)) {
        buf_printf(out, "Value (%lld) for parameter %s is invalid. ", (long long)json_int(v, 0),
                   buf_text(&path));
        buf_printf(out, "Expecting a value not %s than %lld.", rule == RULE_SMALL ? "less" : "greater",
                   (long long)(rule == RULE_SMALL ? m->shape->min : m->shape->max));
        return;
    }
    if (is_sensitive(m) || !json_is_string(v) || json_str(v).len > 256)
        buf_printf(out, "The value for parameter %s is invalid. ", buf_text(&path));
    else
        buf_printf(out, "Value (%s) for parameter %s is invalid. ", json_text(v), buf_text(&path));
    constraint(rule, m->shape, out);
}

/* Facts 2.5 and 2.6: EC2 and RDS have words of their own. */
static bool speaks_coral(const struct aws_service *s)
{
    return s->protocol != AWS_EC2 && strcmp(s->id, "rds") != 0;
}

/* What the services judge themselves, with codes and words of their own. */
static const struct {
    const char *service, *member;
} judged_behind[] = {
    {"secretsmanager", "ClientRequestToken"}, /* facts 8.1 */
    {"cloudtrail", "AttributeKey"},           /* facts 9.1: InvalidLookupAttributesException, … */
    {"cloudtrail", "AttributeValue"},         {"cloudtrail", "MaxResults"}, {"cloudtrail", "EventCategory"},
};

static bool is_judged_behind(const struct check *k, const struct model_member *m)
{
    for (size_t i = 0; i < ARRAY_LEN(judged_behind); i++) {
        if (strcmp(k->c->op->service->id, judged_behind[i].service) == 0 &&
            strcmp(m->name, judged_behind[i].member) == 0)
            return true;
    }
    return false;
}

static void finding(struct check *k, enum rule rule, const struct model_member *m, const struct json *v,
                    const struct place *at)
{
    bool json = k->c->op->service->protocol == AWS_JSON_1_1 || k->c->op->service->protocol == AWS_REST_JSON;

    if ((rule != RULE_REQUIRED && is_judged_behind(k, m)) || k->findings++ >= FINDINGS)
        return;
    if (speaks_coral(k->c->op->service)) {
        if (k->findings > 1)
            buf_adds(&k->text, "; ");
        k->code = json ? "ValidationException" : "ValidationError";
        coral_finding(rule, m, v, at, &k->text);
    } else if (k->findings == 1) {
        k->code = rule == RULE_REQUIRED ? "MissingParameter" : "InvalidParameterValue";
        plain_finding(rule, m, v, at, &k->text);
    }
}

static int64_t characters(struct str text)
{
    int64_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return n;
}

static bool is_listed(const struct model_shape *s, const char *value)
{
    for (size_t i = 0; s->values[i]; i++)
        if (strcmp(s->values[i], value) == 0)
            return true;
    return false;
}

static void check_length(struct check *k, const struct model_member *m, int64_t length, const struct json *v,
                         const struct place *at)
{
    /* EC2's limits on lengths are not enforced as such. */
    if (k->c->op->service->protocol == AWS_EC2)
        return;
    if (m->shape->min > 0 && length < m->shape->min)
        finding(k, RULE_SHORT, m, v, at);
    if (m->shape->max >= 0 && length > m->shape->max)
        finding(k, RULE_LONG, m, v, at);
}

static void check_string(struct check *k, const struct model_member *m, const struct json *v,
                         const struct place *at)
{
    bool known = true;

    check_length(k, m, characters(json_str(v)), v, at);
    if (m->shape->values && !is_listed(m->shape, json_text(v)))
        finding(k, RULE_ENUM, m, v, at);
    if (k->with_patterns && m->shape->pattern && !pattern_fits(m->shape->pattern, json_str(v), &known) &&
        known)
        finding(k, RULE_PATTERN, m, v, at);
}

static bool check_scalar(struct check *k, const struct model_member *m, const struct json *v,
                         const struct place *at)
{
    CLEANUP(json_freep) struct json *copy = NULL;
    CLEANUP(buf_release) struct buf bytes = {0};
    const struct model_shape *s = m->shape;

    if (!scalar_copy(k->c, m, v, at, &copy))
        return false;
    if (s->type == SHAPE_STRING)
        check_string(k, m, v, at);
    if (s->type == SHAPE_BLOB && buf_add_unbase64(&bytes, json_str(v)))
        check_length(k, m, (int64_t)bytes.len, v, at);
    if (s->type == SHAPE_INTEGER || s->type == SHAPE_DOUBLE) {
        if (s->min != -1 && json_double(v, 0) < (double)s->min)
            finding(k, RULE_SMALL, m, v, at);
        if (s->max != -1 && json_double(v, 0) > (double)s->max)
            finding(k, RULE_LARGE, m, v, at);
    }
    return true;
}

static void check_required(struct check *k, const struct model_shape *s, const struct json *v,
                           const struct place *up)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct model_member *m = &s->members[i];
        const struct json *given = json_get(v, m->name);
        struct place at = {up, k->c->op->service->protocol == AWS_EC2 ? m->wire : m->name, 0};

        if (m->required && (!given || json_is_null(given)))
            finding(k, RULE_REQUIRED, m, NULL, &at);
    }
}

static bool check_structure(struct check *k, const struct model_shape *s, const struct json *v,
                            const struct place *up)
{
    if (s)
        check_required(k, s, v, up);
    for (const struct json *e = json_first(v); e; e = json_next(e)) {
        const struct model_member *m = model_member(s, json_key(e));
        struct place at = {up, m && k->c->op->service->protocol == AWS_EC2 ? m->wire : json_key(e), 0};

        if (!m)
            return conversion_fail(k->c, MISFIT_UNKNOWN, &at, NULL);
        if (!json_is_null(e) && !check_value(k, m, e, &at))
            return false;
    }
    return true;
}

static bool check_elements(struct check *k, const struct model_shape *s, const struct json *v,
                           const struct place *up)
{
    size_t i = 0;

    for (const struct json *e = json_first(v); e; e = json_next(e), i++) {
        bool map = s->type == SHAPE_MAP;
        struct place at = {up, map ? json_key(e) : NULL, i};

        if (!check_value(k, &s->members[map ? 1 : 0], e, &at))
            return false;
    }
    return true;
}

static bool check_value(struct check *k, const struct model_member *m, const struct json *v,
                        const struct place *at)
{
    const struct model_shape *s = m->shape;

    if (shape_is_scalar(s))
        return check_scalar(k, m, v, at);
    if (s->type == SHAPE_LIST ? !json_is_array(v) : !json_is_object(v))
        return conversion_fail(k->c, MISFIT_TYPE, at, s);
    if (s->type == SHAPE_STRUCTURE)
        return check_structure(k, s, v, at);
    check_length(k, m, (int64_t)json_count(v), v, at);
    return check_elements(k, s, v, at);
}

bool protocol_check_input(const struct aws_operation *op, const struct json *in, bool with_patterns,
                          struct error *err)
{
    struct conversion c = {op, SERVER_REQUEST, err};
    struct check k = {.c = &c, .with_patterns = with_patterns, .text = {.limit_bytes = 4096}};
    CLEANUP(buf_release) struct buf text = {.limit_bytes = 4200};
    bool ok;

    if (in && !json_is_null(in) && !json_is_object(in))
        return conversion_fail(&c, MISFIT_TYPE, NULL, op->input);
    ok = check_structure(&k, op->input, in, NULL);
    if (ok && k.findings > 0) {
        if (speaks_coral(op->service))
            buf_printf(&text, "%zu validation error%s detected: ", k.findings, k.findings == 1 ? "" : "s");
        buf_add(&text, buf_str(&k.text));
        error_aws(err, k.code, buf_text(&text));
        err->http_status = 400;
        ok = false;
    }
    buf_release(&k.text);
    return ok;
}
