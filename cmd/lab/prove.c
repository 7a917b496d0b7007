#include "cmd/lab/prove.h"

#include "aws/common/mem.h"
#include "steps/kinds/leftovers.h"

static void tell(struct render *render, const struct json *row)
{
    CLEANUP(json_freep) struct json *event = json_of("type", "proof", NULL);

    for (const struct json *m = json_first(row); m; m = json_next(m))
        json_put(event, json_key(m), json_copy(m));
    render_event(render, event);
}

/* The rows in a state, as words: "role a, policy b". */
static size_t name_all(const struct json *rows, const char *state, struct buf *out)
{
    size_t count = 0;

    for (const struct json *r = json_first(rows); r; r = json_next(r)) {
        if (!str_is(str_of(json_get_text(r, "state")), state))
            continue;
        buf_printf(out, "%s%s %s", count++ ? ", " : "", json_get_text(r, "what"), json_get_text(r, "name"));
    }
    return count;
}

static bool judge(const struct json *rows, struct error *err)
{
    CLEANUP(buf_release) struct buf left = {0};
    CLEANUP(buf_release) struct buf unknown = {0};
    size_t left_count = name_all(rows, "left", &left);

    if (left_count > 0)
        return error_set(err, ERR_FAILED, "%zu thing%s left: %s", left_count,
                         left_count == 1 ? " is" : "s are", buf_text(&left));
    if (name_all(rows, "unknown", &unknown) > 0)
        return error_set(err, ERR_TRY_AGAIN, "cannot tell whether it is left: %s", buf_text(&unknown));
    return true;
}

bool prove_nothing_left(struct session *s, struct render *render, struct error *err)
{
    CLEANUP(json_freep) struct json *rows = NULL;
    CLEANUP(aws_client_freep) struct aws_client *client = session_client(s, err);

    if (!client)
        return false;
    const struct leftovers_request request = {.client = client,
                                              .plan = &s->plan,
                                              .account = s->account,
                                              .region = s->settings.region,
                                              .partition = s->partition,
                                              .learner = s->options->learner,
                                              .ca_file = s->ca_file,
                                              .purged = s->options->purge};
    if (!leftovers_find(&request, &rows, err))
        return error_wrap(err, "look for leftovers");
    for (const struct json *r = json_first(rows); r; r = json_next(r))
        tell(render, r);
    return judge(rows, err);
}
