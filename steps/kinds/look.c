#include "steps/kinds/look.h"

#include "aws/common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef bool reader(struct step_context *, enum step_identity, const char *, const char *,
                    const struct json *, struct json **, struct error *);

static bool look_with(reader *read, struct step_context *c, const char *service, const char *operation,
                      struct json *in, const char *absent_code, struct json **out, struct error *err)
{
    *out = NULL;
    bool ok = read(c, AS_CALLER, service, operation, in, out, err);
    json_free(in);
    if (!ok && absent_code && error_is(err, absent_code)) {
        *out = NULL;
        return true;
    }
    return ok;
}

bool look_up(struct step_context *c, const char *service, const char *operation, struct json *in,
             const char *absent_code, struct json **out, struct error *err)
{
    return look_with(step_call, c, service, operation, in, absent_code, out, err);
}

bool look_up_all(struct step_context *c, const char *service, const char *operation, struct json *in,
                 const char *absent_code, struct json **out, struct error *err)
{
    return look_with(step_call_all, c, service, operation, in, absent_code, out, err);
}

bool change(struct step_context *c, const char *target, const char *service, const char *operation,
            struct json *in, const char *absent_code, bool *done, struct error *err)
{
    bool ok = effect_call(c, target, service, operation, in, NULL, err);

    json_free(in);
    if (done)
        *done = ok;
    return ok || (*absent_code && error_is(err, absent_code));
}

bool asked_before(struct step_context *c, const char *operation, const char *target, const char *taken_code,
                  struct error *err)
{
    const struct error why = *err;
    bool asked;

    if (!error_is(err, taken_code))
        return false;
    if (!step_made(c, operation, target, &asked, err))
        return false;
    *err = why;
    return asked;
}

bool make(struct step_context *c, const char *target, const char *service, const char *operation,
          struct json *in, const char *taken_code, struct error *err)
{
    CLEANUP(mem_freep) char *name = mem_printf("%s:%s", service, operation);

    return change(c, target, service, operation, in, "", NULL, err) ||
           asked_before(c, name, target, taken_code, err);
}

bool is_refusal(const struct error *err)
{
    static const char *const codes[] = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (error_is(err, codes[i]))
            return true;
    }
    return false;
}

bool not_ours(const char *what, const char *name, struct error *err)
{
    return error_set(err, ERR_NOT_OURS,
                     "%s %s exists and is not ours: it is left alone (`lab run --adopt` takes it over)", what,
                     name);
}

char *iam_arn(const struct step_context *c, const char *kind, const char *name)
{
    return mem_printf("arn:%s:iam::%s:%s/%s", step_partition(c), step_account(c), kind, name);
}

const char *arn_name(const char *arn)
{
    const char *slash = strrchr(arn, '/');
    return slash ? slash + 1 : arn;
}

static bool same_value(const struct json *a, const struct json *b);

/* Every element of a is in b: order does not matter in a policy's lists. */
static bool contains_all(const struct json *a, const struct json *b)
{
    for (const struct json *x = json_first(a); x; x = json_next(x)) {
        const struct json *y = json_first(b);
        while (y && !same_value(x, y))
            y = json_next(y);
        if (!y)
            return false;
    }
    return true;
}

static bool same_value(const struct json *a, const struct json *b)
{
    /* "Action": "x" and "Action": ["x"] are the same. */
    if (json_is_array(a) && json_count(a) == 1 && !json_is_array(b))
        return same_value(json_at(a, 0), b);
    if (json_is_array(b) && json_count(b) == 1 && !json_is_array(a))
        return same_value(a, json_at(b, 0));
    if (json_is_array(a) && json_is_array(b))
        return json_count(a) == json_count(b) && contains_all(a, b) && contains_all(b, a);
    if (json_is_object(a) && json_is_object(b)) {
        if (json_count(a) != json_count(b))
            return false;
        for (const struct json *m = json_first(a); m; m = json_next(m)) {
            const struct json *other = json_get(b, json_key(m));
            if (!other || !same_value(m, other))
                return false;
        }
        return true;
    }
    return json_equal(a, b);
}

bool same_document(struct str a, const struct json *b)
{
    CLEANUP(json_freep) struct json *parsed = NULL;
    struct error ignored;

    return json_parse(a, NULL, &parsed, &ignored) && same_value(parsed, b);
}

char *document_text(const struct json *document)
{
    CLEANUP(buf_release) struct buf text = {0};

    json_write(document, &text);
    return buf_detach(&text);
}

void set_detail(struct observation *o, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(o->detail, sizeof o->detail, format, args);
    va_end(args);
}

static bool has_tag(const struct json *tags, const char *key, const char *value)
{
    for (const struct json *t = json_first(tags); t; t = json_next(t)) {
        if (str_is(json_str(json_get(t, "Key")), key) && str_is(json_str(json_get(t, "Value")), value))
            return true;
    }
    return false;
}

bool tags_of_lab(const struct step_context *c, const struct json *tags)
{
    return has_tag(tags, "lab:name", step_lab(c)) && has_tag(tags, "lab:learner", step_learner(c));
}

bool once(struct step_context *c, const char *what)
{
    struct json *scratch = step_scratch(c);

    if (json_get(scratch, what))
        return false;
    json_put_bool(scratch, what, true);
    return true;
}

bool again(struct step_context *c, const char *what)
{
    json_remove(step_scratch(c), what);
    return false;
}

bool observe_test(struct step_context *c, struct observation *o, struct error *err)
{
    (void)c;
    (void)err;
    o->ours = true;
    o->state = OBSERVED_CANNOT_TELL;
    set_detail(o, "a test: it is known once it is run");
    return true;
}

const char *version_labelled(const struct json *secret, const char *label)
{
    const struct json *versions = json_get(secret, "VersionIdsToStages");

    for (const struct json *v = json_first(versions); v; v = json_next(v)) {
        for (const struct json *stage = json_first(v); stage; stage = json_next(stage)) {
            if (str_is(json_str(stage), label))
                return json_key(v);
        }
    }
    return "";
}
