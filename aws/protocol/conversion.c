#include "aws/protocol/wire.h"

#include "aws/common/clock.h"
#include "aws/http/uri.h"

#include <math.h>
#include <stdio.h>

/* 0001-01-01 to 9999-12-31: what ISO 8601 text can say. */
static const double earliest_s = -62135596800.0;
static const double latest_s = 253402300799.0;

static const char *const type_words[] = {
    [SHAPE_STRUCTURE] = "an object", [SHAPE_LIST] = "a list",        [SHAPE_MAP] = "an object of texts",
    [SHAPE_STRING] = "a string",     [SHAPE_INTEGER] = "an integer", [SHAPE_DOUBLE] = "a number",
    [SHAPE_BOOLEAN] = "a boolean",   [SHAPE_TIMESTAMP] = "a time",   [SHAPE_BLOB] = "base64",
};

/* How each service refuses a request that does not fit. EC2 names the parameter
 * it does not know; JSON services answer before the operation sees the body. */
static const char *const refusal_codes[][MISFIT_COUNT] = {
    [AWS_QUERY] = {"ValidationError", "MalformedInput", "MalformedInput", "MalformedInput"},
    [AWS_EC2] = {"UnknownParameter", "InvalidParameterValue", "InvalidParameterValue",
                 "InvalidParameterValue"},
    [AWS_JSON_1_1] = {"ValidationException", "SerializationException", "SerializationException",
                      "SerializationException"},
    [AWS_REST_JSON] = {"ValidationException", "SerializationException", "SerializationException",
                       "SerializationException"},
};

void place_print(const struct place *at, struct buf *out)
{
    if (!at)
        return;
    place_print(at->up, out);
    if (out->len > 0)
        buf_addc(out, '.');
    if (at->name)
        buf_adds(out, at->name);
    else
        buf_printf(out, "%zu", at->index);
}

/* "must be a string", "is not known", … */
static const char *complaint(enum misfit misfit, const struct model_shape *expected, char out[64])
{
    switch (misfit) {
    case MISFIT_UNKNOWN:
        return "is not known";
    case MISFIT_TYPE:
        snprintf(out, 64, "must be %s", expected ? type_words[expected->type] : "of another type");
        return out;
    case MISFIT_FORM:
        return "does not fit the shape of the parameter";
    case MISFIT_LIMIT:
        return "is over a limit";
    case MISFIT_COUNT:
        break;
    }
    return "";
}

static void fail_request(const struct conversion *c, enum misfit misfit, const char *path, const char *what)
{
    char text[512];

    if (c->op->service->protocol == AWS_EC2 && misfit == MISFIT_UNKNOWN)
        snprintf(text, sizeof text, "The parameter %.300s is not recognized", path);
    else
        snprintf(text, sizeof text, "The parameter %.300s %s", path, what);
    error_aws(c->err, refusal_codes[c->op->service->protocol][misfit], text);
    c->err->http_status = 400;
}

bool conversion_fail(const struct conversion *c, enum misfit misfit, const struct place *at,
                     const struct model_shape *expected)
{
    CLEANUP(buf_release) struct buf path = {.limit_bytes = 300};
    char words[64];
    const char *what = complaint(misfit, expected, words);

    place_print(at, &path);
    if (path.len == 0)
        buf_adds(&path, conversion_is_reply(c) ? "output" : "input");
    switch (c->direction) {
    case CLIENT_REQUEST:
        if (misfit == MISFIT_UNKNOWN)
            error_set(c->err, ERR_USAGE, "unknown parameter %s of %s", buf_text(&path), c->op->name);
        else
            error_set(c->err, ERR_USAGE, "parameter %s of %s %s", buf_text(&path), c->op->name, what);
        snprintf(c->err->remote_code, sizeof c->err->remote_code, "%s",
                 misfit == MISFIT_UNKNOWN ? "UnknownParameter" : "InvalidParameter");
        return false;
    case SERVER_REQUEST:
        fail_request(c, misfit, buf_text(&path), what);
        return false;
    case SERVER_REPLY:
        return error_set(c->err, ERR_BUG, "output member %s of %s %s", buf_text(&path), c->op->name, what);
    case CLIENT_REPLY:
        return error_set(c->err, ERR_SYNTAX, "reply member %s of %s %s", buf_text(&path), c->op->name, what);
    }
    return false;
}

const struct model_member *conversion_member(const struct conversion *c, const struct model_shape *s,
                                             struct str wire)
{
    for (size_t i = 0; s && i < s->count; i++)
        if (str_is(wire, conversion_wire(c, &s->members[i])))
            return &s->members[i];
    return NULL;
}

unsigned long utf8_next(struct str text, size_t *at)
{
    unsigned char first = (unsigned char)text.data[*at];
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    unsigned long point = more == 3   ? first & 0x07u
                          : more == 2 ? first & 0x0fu
                          : more == 1 ? first & 0x1fu
                                      : first;

    ++*at;
    for (; more > 0 && *at < text.len; more--, ++*at)
        point = point << 6 | ((unsigned char)text.data[*at] & 0x3fu);
    return point;
}

bool shape_is_scalar(const struct model_shape *s)
{
    return s->type != SHAPE_STRUCTURE && s->type != SHAPE_LIST && s->type != SHAPE_MAP;
}

static bool is_whole(double n)
{
    return isfinite(n) && n >= -9007199254740992.0 && n <= 9007199254740992.0 && n == floor(n);
}

static bool is_base64(struct str text)
{
    CLEANUP(buf_release) struct buf bytes = {0};

    return buf_add_unbase64(&bytes, text);
}

static bool fits(const struct model_shape *s, const struct json *v)
{
    double n = json_double(v, 0);

    switch (s->type) {
    case SHAPE_STRING:
        return json_is_string(v);
    case SHAPE_INTEGER:
        return json_is_number(v) && is_whole(n);
    case SHAPE_DOUBLE:
        return json_is_number(v) && isfinite(n);
    case SHAPE_BOOLEAN:
        return json_is_bool(v);
    case SHAPE_TIMESTAMP:
        return json_is_number(v) && n >= earliest_s && n <= latest_s;
    case SHAPE_BLOB:
        return json_is_string(v) && is_base64(json_str(v));
    case SHAPE_STRUCTURE:
    case SHAPE_LIST:
    case SHAPE_MAP:
        break;
    }
    return false;
}

static void write_time(const struct conversion *c, enum timestamp_form form, const struct json *v,
                       struct buf *out)
{
    int64_t ms = llround(json_double(v, 0) * 1000.0);
    int64_t seconds = ms >= 0 ? ms / 1000 : -((999 - ms) / 1000);
    enum aws_protocol protocol = c->op->service->protocol;
    /* Facts 2.1: EC2 and RDS always show the fraction in replies. */
    bool fraction =
        ms % 1000 != 0 ||
        (c->direction == SERVER_REPLY &&
         (protocol == AWS_EC2 || (protocol == AWS_QUERY && strcmp(c->op->service->id, "rds") == 0)));
    char text[32];

    if (form == TIMESTAMP_EPOCH) {
        json_write(v, out);
        return;
    }
    if (form == TIMESTAMP_HTTP)
        clock_format_http(seconds, text);
    else if (fraction)
        clock_format_iso_ms(ms, text);
    else
        clock_format_iso(seconds, text);
    buf_adds(out, text);
}

bool scalar_write(const struct conversion *c, const struct model_member *m, enum timestamp_form form,
                  const struct json *v, const struct place *at, struct buf *out)
{
    if (!fits(m->shape, v))
        return conversion_fail(c, MISFIT_TYPE, at, m->shape);
    switch (m->shape->type) {
    case SHAPE_STRING:
    case SHAPE_BLOB:
        if (m->encoded_document && conversion_is_reply(c))
            uri_encode(json_str(v), out);
        else
            buf_add(out, json_str(v));
        return true;
    case SHAPE_BOOLEAN:
        buf_adds(out, json_bool(v, false) ? "true" : "false");
        return true;
    case SHAPE_TIMESTAMP:
        write_time(c, m->timestamp ? m->timestamp : form, v, out);
        return true;
    case SHAPE_INTEGER:
    case SHAPE_DOUBLE:
        json_write(v, out);
        return true;
    case SHAPE_STRUCTURE:
    case SHAPE_LIST:
    case SHAPE_MAP:
        break;
    }
    return conversion_fail(c, MISFIT_TYPE, at, m->shape);
}

/* Milliseconds as the epoch number of our JSON. */
static struct json *time_json(int64_t ms)
{
    return ms % 1000 == 0 ? json_integer(ms / 1000) : json_number((double)ms / 1000.0);
}

static struct json *number_from(struct str text)
{
    struct json *n = NULL;
    struct error ignored;

    if (!json_parse(text, NULL, &n, &ignored))
        return NULL;
    if (!json_is_number(n))
        json_freep(&n);
    return n;
}

/* Any of the forms: services are not faithful to their own. */
static struct json *time_from(struct str text)
{
    int64_t n;

    if (clock_parse_iso(text, &n))
        return time_json(n);
    if (clock_parse_http(text, &n))
        return json_integer(n);
    return number_from(text);
}

static struct json *string_from(const struct conversion *c, const struct model_member *m, struct str text)
{
    CLEANUP(buf_release) struct buf plain = {0};
    struct error ignored;

    if (m->encoded_document && conversion_is_reply(c) && uri_decode(text, false, &plain, &ignored))
        text = buf_str(&plain);
    if (!str_is_utf8(text) || str_find_char(text, '\0') < text.len)
        return NULL;
    return json_string(text);
}

static struct json *text_to_json(const struct conversion *c, const struct model_member *m, struct str text)
{
    int64_t n;

    switch (m->shape->type) {
    case SHAPE_STRING:
        return string_from(c, m, text);
    case SHAPE_BLOB:
        return is_base64(text) ? json_string(text) : NULL;
    case SHAPE_BOOLEAN:
        if (str_equal_ignore_case(text, STR("true")))
            return json_boolean(true);
        return str_equal_ignore_case(text, STR("false")) ? json_boolean(false) : NULL;
    case SHAPE_INTEGER:
        return str_to_i64(text, &n) ? json_integer(n) : NULL;
    case SHAPE_DOUBLE:
        return number_from(text);
    case SHAPE_TIMESTAMP:
        return time_from(text);
    case SHAPE_STRUCTURE:
    case SHAPE_LIST:
    case SHAPE_MAP:
        break;
    }
    return NULL;
}

bool scalar_read(const struct conversion *c, const struct model_member *m, struct str text,
                 const struct place *at, struct json **out)
{
    bool is_text = m->shape->type == SHAPE_STRING;

    *out = NULL;
    if (!is_text)
        text = str_trim(text);
    if (!is_text && text.len == 0 && m->shape->type != SHAPE_BLOB)
        return true;
    *out = text_to_json(c, m, text);
    if (*out && !fits(m->shape, *out))
        json_freep(out);
    return *out || conversion_fail(c, MISFIT_TYPE, at, m->shape);
}

bool scalar_copy(const struct conversion *c, const struct model_member *m, const struct json *v,
                 const struct place *at, struct json **out)
{
    bool from_wire = c->direction == SERVER_REQUEST || c->direction == CLIENT_REPLY;

    *out = NULL;
    /* A reply's time may be text though the protocol says number. */
    if (m->shape->type == SHAPE_TIMESTAMP && json_is_string(v) && c->direction == CLIENT_REPLY)
        return scalar_read(c, m, json_str(v), at, out);
    if (!fits(m->shape, v))
        return conversion_fail(c, MISFIT_TYPE, at, m->shape);
    if (m->shape->type == SHAPE_TIMESTAMP && !from_wire && m->timestamp > TIMESTAMP_DEFAULT &&
        m->timestamp != TIMESTAMP_EPOCH) {
        CLEANUP(buf_release) struct buf text = {0};

        write_time(c, m->timestamp, v, &text);
        *out = json_string(buf_str(&text));
        return true;
    }
    if (m->shape->type == SHAPE_TIMESTAMP)
        *out = time_json(llround(json_double(v, 0) * 1000.0));
    else
        *out = json_copy(v);
    return true;
}
