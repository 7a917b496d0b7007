/* lab why: explains a denial or an allowance by the policies as they are now. */
#include "aws/common/mem.h"
#include "cmd/lab/cli_form.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/why.h"

#include <stdio.h>
#include <string.h>

/* The sides in the order in which AWS asks them. */
static const struct {
    enum policy_side side;
    const char *name;
} sides[] = {
    {SIDE_IDENTITY, "identity"},
    {SIDE_BOUNDARY, "boundary"},
    {SIDE_SESSION, "session"},
    {SIDE_RESOURCE, "resource"},
};

static const struct {
    enum policy_part part;
    const char *name;
} parts[] = {{PART_PRINCIPAL, "Principal"},
             {PART_ACTION, "Action"},
             {PART_RESOURCE, "Resource"},
             {PART_CONDITION, "Condition"}};

static const char *const decisions[] = {[POLICY_ALLOWED] = "allowed",
                                        [POLICY_EXPLICITLY_DENIED] = "explicitly denied",
                                        [POLICY_IMPLICITLY_DENIED] = "implicitly denied"};

/* What was found, for both ways to say it. */
struct answer {
    const struct why *w;
    struct policy_case c;
    struct policy_paper *papers;
    struct policy_explanation x;
    struct policy_changes changes;
};

static void prepare(struct answer *a, const struct why *w)
{
    a->w = w;
    a->papers = mem_array(w->count + 1, sizeof *a->papers);
    for (size_t i = 0; i < w->count; i++)
        a->papers[i] = (struct policy_paper){.side = why_side(&w->papers[i]),
                                             .document = w->papers[i].document,
                                             .fixed = w->papers[i].fixed,
                                             .shared = w->papers[i].shared};
    a->c = (struct policy_case){
        .request = {.principal = str_of(w->principal),
                    .principal_role = w->kind == &why_role ? str_of(w->principal_arn) : STR(""),
                    .action = str_of(w->action),
                    .resource = str_of(w->resource),
                    .resource_account = str_of(w->session->account),
                    .context = w->context},
        .mandatory = policy_resource_mandatory(str_of(w->action), str_of(w->resource)),
        .principal = str_of(w->principal_arn),
        .papers = a->papers,
        .count = w->count};
}

static void name_statement(const struct why_paper *p, size_t i, struct buf *out)
{
    const char *sid = json_get_text(policy_statement_at(p->document, i), "Sid");

    if (*sid)
        buf_printf(out, "%s", sid);
    else
        buf_printf(out, "%zu", i + 1);
}

static void reason_of(const struct answer *a, struct buf *out)
{
    policy_reason(&a->x.result, str_of(a->w->action), out);
}

/* --- on paper --- */

static void print_side(const struct answer *a, size_t side)
{
    size_t shown = 0;

    for (size_t i = 0; i < a->w->count; i++) {
        CLEANUP(buf_release) struct buf name = {0};

        if (a->papers[i].side != sides[side].side)
            continue;
        why_name(&a->w->papers[i], &name);
        printf("  %-9s %s\n", shown++ ? "" : sides[side].name, buf_text(&name));
    }
    if (!shown && sides[side].side == SIDE_SESSION && a->w->session_unseen)
        printf("  %-9s cannot tell: the AssumeRole of this session is not in the trail\n", sides[side].name);
    else if (!shown)
        printf("  %-9s none\n", sides[side].name);
}

/** Condition keys the statement asks for and the question does not have. */
static void print_missing_keys(const struct answer *a, const struct json *statement)
{
    for (const struct json *op = json_first(json_get(statement, "Condition")); op; op = json_next(op)) {
        for (const struct json *key = json_first(op); key; key = json_next(key)) {
            const struct json *m = json_first(a->w->context);

            while (m && !str_equal_ignore_case(str_of(json_key(m)), str_of(json_key(key))))
                m = json_next(m);
            if (!m)
                printf("    %s is not known; give it with --context %s=VALUE\n", json_key(key),
                       json_key(key));
        }
    }
}

static void print_statement(const struct answer *a)
{
    const struct why_paper *p;
    CLEANUP(buf_release) struct buf name = {0}, text = {0};
    const char *comma = "";

    if (a->x.paper == SIZE_MAX) {
        if (a->x.result.decision != POLICY_ALLOWED)
            puts("No statement came close.");
        return;
    }
    p = &a->w->papers[a->x.paper];
    name_statement(p, a->x.statement, &name);
    printf("%s: statement %s of ",
           a->x.result.decision == POLICY_IMPLICITLY_DENIED ? "Came closest" : "Decided", buf_text(&name));
    buf_reset(&name);
    why_name(p, &name);
    printf("%s\n", buf_text(&name));
    json_write(policy_statement_at(p->document, a->x.statement), &text);
    printf("    %s\n", buf_text(&text));
    if (!a->x.fit.lacks)
        return;
    printf("    does not fit: ");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!(a->x.fit.lacks & parts[i].part))
            continue;
        printf("%s%s", comma, parts[i].name);
        comma = ", ";
    }
    putchar('\n');
    print_missing_keys(a, policy_statement_at(p->document, a->x.statement));
}

static void print_change(const struct answer *a, const struct policy_change *change)
{
    CLEANUP(json_freep) struct json *calls = why_calls(a->w, change);
    CLEANUP(buf_release) struct buf text = {0};

    printf("  %s", change->what);
    if (change->paper < a->w->count) {
        why_name(&a->w->papers[change->paper], &text);
        printf(" of %s", buf_text(&text));
    }
    putchar('\n');
    for (const struct json *call = json_first(calls); call; call = json_next(call)) {
        buf_reset(&text);
        cli_command(json_get_text(call, "service"), json_get_text(call, "operation"), json_get(call, "input"),
                    " ", &text);
        printf("    %s\n", buf_text(&text));
    }
}

static void print_answer(const struct answer *a)
{
    CLEANUP(buf_release) struct buf reason = {0};

    reason_of(a, &reason);
    printf("%s is %s to perform: %s on resource: %s%s%s\n", a->w->principal,
           a->x.result.decision == POLICY_ALLOWED ? "authorized" : "not authorized", a->w->action,
           a->w->resource, reason.len ? " " : "", buf_text(&reason));
    if (a->w->session_unseen && a->x.result.decision == POLICY_ALLOWED)
        puts("unless its session policy, which cannot be seen, allows less");
    for (size_t i = 0; i < ARRAY_LEN(sides); i++)
        print_side(a, i);
    print_statement(a);
    if (a->changes.count)
        puts("The smallest change that allows it:");
    for (size_t i = 0; i < a->changes.count; i++)
        print_change(a, &a->changes.items[i]);
}

/* --- as an event --- */

static const char *side_name(enum policy_side side)
{
    for (size_t i = 0; i < ARRAY_LEN(sides); i++)
        if (sides[i].side == side)
            return sides[i].name;
    return "";
}

static struct json *change_event(const struct answer *a, const struct policy_change *change)
{
    struct json *out = json_of("side", side_name(change->side), "what", change->what, NULL);

    json_put(out, "calls", why_calls(a->w, change));
    return out;
}

static struct json *event_of(const struct answer *a)
{
    const struct why *w = a->w;
    CLEANUP(buf_release) struct buf reason = {0}, policy = {0}, statement = {0};
    struct json *lacks = json_array(), *changes = json_array(), *unseen = json_array();
    struct json *event;

    reason_of(a, &reason);
    if (a->x.paper != SIZE_MAX) {
        why_name(&w->papers[a->x.paper], &policy);
        name_statement(&w->papers[a->x.paper], a->x.statement, &statement);
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (a->x.paper != SIZE_MAX && (a->x.fit.lacks & parts[i].part))
            json_push(lacks, json_text_new(parts[i].name));
    for (size_t i = 0; i < a->changes.count; i++)
        json_push(changes, change_event(a, &a->changes.items[i]));
    event =
        json_of("type", "why", "principal", w->principal, "action", w->action, "resource", w->resource,
                "decision", decisions[a->x.result.decision], "side", side_name(a->x.result.side), "reason",
                buf_text(&reason), "policy", buf_text(&policy), "statement", buf_text(&statement), NULL);
    if (w->session_unseen)
        json_push(unseen, json_text_new(side_name(SIDE_SESSION)));
    json_put(event, "lacks", lacks);
    json_put(event, "changes", changes);
    json_put(event, "cannot_tell", unseen);
    return event;
}

static bool stream_answer(const struct answer *a, struct error *err)
{
    CLEANUP(json_freep) struct json *event = event_of(a);
    CLEANUP(json_freep) struct json *summary = session_summary(a->w->session);
    struct render *render = render_new(a->w->session->options, "why");

    render_event(render, event);
    bool ok = render_end(render, summary, 0, err);
    render_free(render);
    return ok;
}

static bool answer(const struct why *w, struct error *err)
{
    struct answer a = {0};
    bool ok;

    prepare(&a, w);
    ok = policy_explain(&a.c, &a.x, err) && policy_changes_find(&a.c, &a.changes, err);
    if (ok && w->session->options->json)
        ok = stream_answer(&a, err);
    else if (ok)
        print_answer(&a);
    policy_changes_release(&a.changes);
    mem_free(a.papers);
    return ok;
}

static bool ask(struct why *w, const char *const *words, size_t count, struct error *err)
{
    w->client = session_client(w->session, err);
    if (!w->client)
        return false;
    return (w->session->options->last ? why_ask_last(w, err)
                                      : why_ask(w, words[0], words[1], count > 2 ? words[2] : "*", err)) &&
           why_gather(w, err) && answer(w, err);
}

COMMAND(why)
{
    struct session s = {.stop_fd = -1, .options = o};
    struct why w = {.session = &s};

    *status = 0;
    if (o->last ? count != 0 : count < 2)
        return error_set(err, ERR_USAGE, "usage: lab why PRINCIPAL ACTION [RESOURCE], or lab why --last");
    bool ok = session_connect(&s, err) && ask(&w, words, count, err);
    why_release(&w);
    session_release(&s);
    return ok;
}
