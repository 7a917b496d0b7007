#include "tests/support/probe.h"

#include "aws/common/mem.h"
#include "aws/policy/policy.h"

/* The documents of one line, parsed. */
struct documents {
    struct policy **identity;
    size_t identity_count;
    struct policy *boundary, *session, *resource;
};

static void documents_release(struct documents *d)
{
    for (size_t i = 0; i < d->identity_count; i++)
        policy_free(d->identity[i]);
    mem_free(d->identity);
    policy_free(d->boundary);
    policy_free(d->session);
    policy_free(d->resource);
}

/* A document is an object, or its text. Absent and null are no document. */
static bool parse_document(const struct json *document, enum policy_type type, struct policy **out,
                           struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};

    *out = NULL;
    if (document == NULL || json_is_null(document))
        return true;
    if (json_is_string(document))
        return policy_parse(json_str(document), type, out, err);
    json_write(document, &text);
    return policy_parse(buf_str(&text), type, out, err);
}

static bool parse_documents(const struct json *line, struct str action, struct documents *d,
                            struct error *err)
{
    const struct json *list = json_get(line, "identity_policies");

    d->identity = mem_array(json_count(list), sizeof(struct policy *));
    for (const struct json *j = json_first(list); j != NULL; j = json_next(j))
        if (!parse_document(j, POLICY_IDENTITY, &d->identity[d->identity_count++], err))
            return false;
    return parse_document(json_get(line, "permission_boundary"), POLICY_IDENTITY, &d->boundary, err) &&
           parse_document(json_get(line, "session_policy"), POLICY_IDENTITY, &d->session, err) &&
           parse_document(json_get(line, "resource_policy"), policy_resource_type(action), &d->resource, err);
}

static void decide(const struct json *request, const struct documents *d, struct json *answer)
{
    static const char *const names[] = {
        [POLICY_ALLOWED] = "Allowed",
        [POLICY_EXPLICITLY_DENIED] = "ExplicitlyDenied",
        [POLICY_IMPLICITLY_DENIED] = "ImplicitlyDenied",
    };
    const struct policy_request asked = {
        .principal = json_str(json_get(request, "principal")),
        .action = json_str(json_get(request, "action")),
        .resource = json_str(json_get(request, "resource")),
        .resource_account = json_str(json_get(request, "resource_account")),
        .context = json_get(request, "context"),
    };
    const struct policy *session = d->session;
    const struct policy_set set = {
        .identity = (const struct policy *const *)d->identity,
        .identity_count = d->identity_count,
        .boundary = d->boundary,
        .session = &session,
        .session_count = session != NULL,
        .has_session = session != NULL,
        .resource = d->resource,
        .resource_policy_mandatory = policy_resource_mandatory(asked.action, asked.resource),
    };
    struct policy_result result;

    policy_decide(&asked, &set, &result);
    json_put_text(answer, "decision", names[result.decision]);
}

static bool iam_line(void *self, const struct json *line, struct buf *out)
{
    const struct json *request = json_get(line, "request");
    CLEANUP(json_freep) struct json *answer = json_object();
    CLEANUP(documents_release) struct documents d = {0};
    struct error err = {0};

    (void)self;
    if (!json_is_object(request) || !json_is_string(json_get(request, "principal")) ||
        !json_is_string(json_get(request, "action")) || !json_is_string(json_get(request, "resource")))
        return false;
    if (json_get(line, "id") != NULL)
        json_put(answer, "id", json_copy(json_get(line, "id")));
    if (parse_documents(line, json_str(json_get(request, "action")), &d, &err)) {
        decide(request, &d, answer);
    } else {
        struct json *refusal = json_put(answer, "error", json_object());

        json_put_text(refusal, "code", err.remote_code);
        json_put_text(refusal, "message", err.message);
    }
    json_write(answer, out);
    return true;
}

int probe_iam(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return probe_each_line(iam_line, NULL);
}
