/* Policies: any document is read in full or refused, and in whatever is read a
 * Deny only takes away and an Allow only gives. Input: lines with the type's
 * letter, the principal, the action, the resource and the context; the rest is
 * the document. */
#include "aws/policy/policy.h"
#include "tests/fuzz/fuzz.h"

struct scene {
    enum policy_type type;
    struct policy_request request;
    const struct json *document;
};

static const char *const deny_all[] = {
    [POLICY_IDENTITY] = "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}",
    [POLICY_RESOURCE] = "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}",
    [POLICY_TRUST] = "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sts:*\"}",
};

static struct policy_result decide(const struct scene *s, const struct policy *p)
{
    struct policy_set set = {0};
    struct policy_result result;
    CLEANUP(buf_release) struct buf reason = {0};

    if (s->type == POLICY_IDENTITY) {
        set.identity = &p;
        set.identity_count = 1;
    } else {
        set.resource = p;
        set.resource_policy_mandatory = s->type == POLICY_TRUST;
    }
    policy_decide(&s->request, &set, &result);
    policy_reason(&result, s->request.action, &reason);
    HOLDS((result.decision == POLICY_ALLOWED) == (reason.len == 0));
    return result;
}

/* A copy of the document whose statements are a list. */
static struct json *as_list(const struct json *document)
{
    struct json *copy = json_copy(document), *only;

    if (!json_is_array(json_get(copy, "Statement"))) {
        only = json_detach(copy, "Statement");
        (void)json_push(json_put(copy, "Statement", json_array()), only);
    }
    return copy;
}

static bool read_again(const struct scene *s, const struct json *document, struct policy **out)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct error err;

    json_write(document, &text);
    return policy_parse(buf_str(&text), s->type, out, &err);
}

static struct json *statement(const char *text)
{
    struct json *s = NULL;
    struct error err;

    HOLDS(json_parse(str_of(text), NULL, &s, &err));
    return s;
}

static bool allowed(const struct scene *s, const struct json *document)
{
    CLEANUP(policy_freep) struct policy *p = NULL;

    HOLDS(read_again(s, document, &p));
    return decide(s, p).decision == POLICY_ALLOWED;
}

/* Written again the document means the same; with a Deny of all nothing is
 * allowed but what no policy can take away. */
static void add_deny(const struct scene *s, struct policy_result before)
{
    CLEANUP(json_freep) struct json *changed = as_list(s->document);
    CLEANUP(policy_freep) struct policy *p = NULL;
    struct policy_result after;

    HOLDS(allowed(s, changed) == (before.decision == POLICY_ALLOWED));
    (void)json_push(json_edit(changed, "Statement"), statement(deny_all[s->type]));
    HOLDS(read_again(s, changed, &p));
    after = decide(s, p);
    if (str_equal_ignore_case(s->request.action, STR("sts:GetCallerIdentity")))
        HOLDS(after.decision == POLICY_ALLOWED);
    else if (s->type != POLICY_TRUST ||
             (s->request.action.len > 4 &&
              str_equal_ignore_case(str_slice(s->request.action, 0, 4), STR("sts:"))))
        HOLDS(after.decision == POLICY_EXPLICITLY_DENIED);
}

/* Without one of its statements: a Deny less never takes away, an Allow less
 * never gives. */
static void take_each_away(const struct scene *s, bool was_allowed)
{
    CLEANUP(json_freep) struct json *all = as_list(s->document);
    size_t count = json_count(json_get(all, "Statement"));

    for (size_t i = 0; i < count && count > 1 && i < 8; i++) {
        CLEANUP(json_freep) struct json *fewer = json_copy(all);
        CLEANUP(json_freep) struct json *taken = json_detach_at(json_edit(fewer, "Statement"), i);
        bool is_allowed = allowed(s, fewer);

        if (strcmp(json_get_text(taken, "Effect"), "Deny") == 0)
            HOLDS(is_allowed || !was_allowed);
        else
            HOLDS(!is_allowed || was_allowed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_text(data, size), head = fuzz_line(&rest), context;
    struct scene s = {.type = (enum policy_type)(head.len ? (unsigned char)head.data[0] % 3 : 0)};
    CLEANUP(json_freep) struct json *document = NULL, *keys = NULL;
    CLEANUP(policy_freep) struct policy *p = NULL;
    struct policy_result result;
    struct error err;

    s.request.principal = fuzz_line(&rest);
    s.request.action = fuzz_line(&rest);
    s.request.resource = fuzz_line(&rest);
    context = fuzz_line(&rest);
    rest = fuzz_rest(rest);
    if (json_parse(context, NULL, &keys, &err))
        s.request.context = keys;
    if (!policy_parse(rest, s.type, &p, &err)) {
        HOLDS(!p && err.code == ERR_AWS && strcmp(err.remote_code, "MalformedPolicyDocument") == 0);
        return 0;
    }
    HOLDS(json_parse(rest, &(struct json_limits){.unique_keys = true}, &document, &err));
    s.document = document;
    result = decide(&s, p);
    add_deny(&s, result);
    take_each_away(&s, result.decision == POLICY_ALLOWED);
    return 0;
}
