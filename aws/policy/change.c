#include "aws/policy/change_edit.h"

#include "aws/common/mem.h"

/* Each change lifts a Deny or gives a side its Allow. */
enum { CHANGES_MAX = 64 };

/* The papers as they are after the changes so far. */
struct desk {
    const struct policy_case *c;
    struct sheet {
        struct policy_paper paper;
        struct json *document; /* NULL: taken away */
        struct policy *parsed;
        size_t index; /* in the case; SIZE_MAX: new */
    } * sheets;
    size_t count, cap;
};

static void desk_release(struct desk *d)
{
    for (size_t i = 0; i < d->count; i++) {
        json_free(d->sheets[i].document);
        policy_free(d->sheets[i].parsed);
    }
    mem_free(d->sheets);
    *d = (struct desk){0};
}

static enum policy_type type_of(const struct policy_case *c, enum policy_side side)
{
    return side == SIDE_RESOURCE ? policy_resource_type(c->request.action) : POLICY_IDENTITY;
}

static bool parse(const struct policy_case *c, enum policy_side side, const struct json *document,
                  struct policy **out, struct error *err)
{
    CLEANUP(buf_release) struct buf text = {0};

    json_write(document, &text);
    return policy_parse(buf_str(&text), type_of(c, side), out, err);
}

/** Takes the document over. */
static bool lay(struct desk *d, enum policy_side side, struct json *document, const struct policy_paper *like,
                size_t index, struct error *err)
{
    struct sheet s = {.document = document, .index = index};

    if (like)
        s.paper = *like;
    s.paper.side = side;
    mem_grow(&d->sheets, &d->cap, d->count, sizeof *d->sheets);
    d->sheets[d->count++] = s;
    return parse(d->c, side, document, &d->sheets[d->count - 1].parsed, err);
}

static bool desk_init(struct desk *d, const struct policy_case *c, struct error *err)
{
    *d = (struct desk){.c = c, .cap = c->count + 1};
    d->sheets = mem_array(d->cap, sizeof *d->sheets);
    for (size_t i = 0; i < c->count; i++)
        if (!lay(d, c->papers[i].side, json_copy(c->papers[i].document), &c->papers[i], i, err))
            return false;
    return true;
}

/* --- what is decided, and by what --- */

struct sides {
    const struct policy **lists[SIDE_RESOURCE + 1];
    size_t counts[SIDE_RESOURCE + 1];
};

static void decide(const struct desk *d, struct policy_result *result)
{
    struct sides s = {0};

    for (int side = SIDE_IDENTITY; side <= SIDE_RESOURCE; side++) {
        s.lists[side] = mem_array(d->count + 1, sizeof(const struct policy *));
        for (size_t i = 0; i < d->count; i++)
            if (d->sheets[i].paper.side == (enum policy_side)side && d->sheets[i].document)
                s.lists[side][s.counts[side]++] = d->sheets[i].parsed;
    }
    const struct policy_set set = {.identity = s.lists[SIDE_IDENTITY],
                                   .identity_count = s.counts[SIDE_IDENTITY],
                                   .boundary = s.lists[SIDE_BOUNDARY][0],
                                   .session = s.lists[SIDE_SESSION],
                                   .session_count = s.counts[SIDE_SESSION],
                                   .has_session = s.counts[SIDE_SESSION] > 0,
                                   .resource = s.lists[SIDE_RESOURCE][0],
                                   .resource_policy_mandatory = d->c->mandatory};
    policy_decide(&d->c->request, &set, result);
    for (int side = SIDE_IDENTITY; side <= SIDE_RESOURCE; side++)
        mem_free(s.lists[side]);
}

/** The sheet that is the nth of its side. */
static size_t sheet_of(const struct desk *d, enum policy_side side, size_t nth)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->sheets[i].paper.side == side && d->sheets[i].document && nth-- == 0)
            return i;
    return SIZE_MAX;
}

/* What is missing, weighed: a condition is nearer than a resource, a resource
 * nearer than an action. Of another service, or with neither action nor
 * resource right, a statement has nothing to do with the request. */
static unsigned distance(const struct policy_fit *fit)
{
    unsigned far = fit->lacks & (PART_ACTION | PART_RESOURCE);

    if (fit->deny || far == (PART_ACTION | PART_RESOURCE) || !fit->same_service)
        return UINT32_MAX;
    return (fit->lacks & PART_PRINCIPAL ? 8u : 0u) + (fit->lacks & PART_ACTION ? 4u : 0u) +
           (fit->lacks & PART_RESOURCE ? 2u : 0u) + (fit->lacks & PART_CONDITION ? 1u : 0u);
}

static void find_nearest(const struct desk *d, enum policy_side side, struct policy_explanation *out)
{
    unsigned best = UINT32_MAX;

    for (size_t i = 0; i < d->count; i++) {
        const struct sheet *s = &d->sheets[i];

        for (size_t n = 0; s->document && s->paper.side == side && n < policy_statement_count(s->parsed);
             n++) {
            struct policy_fit fit;

            policy_fit(s->parsed, n, &d->c->request, &fit);
            if (distance(&fit) >= best)
                continue;
            best = distance(&fit);
            out->paper = i;
            out->statement = n;
            out->fit = fit;
        }
    }
}

static void explain(const struct desk *d, struct policy_explanation *out)
{
    *out = (struct policy_explanation){.paper = SIZE_MAX};
    decide(d, &out->result);
    if (out->result.decision == POLICY_IMPLICITLY_DENIED) {
        find_nearest(d, out->result.side, out);
        return;
    }
    out->paper = sheet_of(d, out->result.side, out->result.policy_index);
    out->statement = out->result.statement_index;
    if (out->paper != SIZE_MAX)
        policy_fit(d->sheets[out->paper].parsed, out->statement, &d->c->request, &out->fit);
}

bool policy_explain(const struct policy_case *c, struct policy_explanation *out, struct error *err)
{
    struct desk d;
    bool ok = desk_init(&d, c, err);

    if (ok) {
        explain(&d, out);
        /* The Sid is borrowed from what goes now; the document has it too. */
        out->result.sid = STR("");
    }
    desk_release(&d);
    return ok;
}

/* --- changing --- */

static struct json *editable_statement(struct json *document, size_t i)
{
    struct json *statements = json_edit(document, "Statement");

    return json_is_array(statements) ? json_edit_at(statements, i) : statements;
}

static void name_statement(const struct json *statement, size_t i, struct buf *out)
{
    const char *sid = json_get_text(statement, "Sid");

    if (*sid)
        buf_printf(out, " statement \"%s\"", sid);
    else
        buf_printf(out, " statement %zu", i + 1);
}

/** Takes the document over (NULL: the sheet is taken away). */
static bool put_change(struct desk *d, size_t sheet, struct json *document, struct buf *what,
                       struct policy_changes *out, struct error *err)
{
    struct sheet *s = &d->sheets[sheet];
    struct policy_change *change;

    mem_grow(&out->items, &out->cap, out->count, sizeof *out->items);
    change = &out->items[out->count++];
    *change = (struct policy_change){.side = s->paper.side,
                                     .paper = s->index,
                                     .document = document ? json_copy(document) : NULL,
                                     .what = buf_detach(what)};
    json_free(s->document);
    policy_free(s->parsed);
    s->parsed = NULL;
    s->document = document;
    return !document || parse(d->c, s->paper.side, document, &s->parsed, err);
}

/** Whether statement i of the document, as edited, applies to the request. */
static bool applies(const struct desk *d, enum policy_side side, const struct json *document, size_t i)
{
    CLEANUP(policy_freep) struct policy *p = NULL;
    struct policy_fit fit;
    struct error ignored;

    if (!parse(d->c, side, document, &p, &ignored))
        return false;
    policy_fit(p, i, &d->c->request, &fit);
    return fit.lacks == 0;
}

/** Tries an edit on a copy; the copy when it did what it is for. */
static struct json *try_edit(const struct desk *d, const struct policy_explanation *x,
                             bool (*edit)(struct edit *), bool want, struct buf *what)
{
    const struct sheet *s = &d->sheets[x->paper];
    CLEANUP(json_freep) struct json *copy = json_copy(s->document);
    struct edit e = {.c = d->c,
                     .side = s->paper.side,
                     .statement = editable_statement(copy, x->statement),
                     .fit = x->fit,
                     .what = what};
    struct json *done = NULL;

    buf_reset(what);
    if (edit(&e) && applies(d, s->paper.side, copy, x->statement) == want) {
        name_statement(policy_statement_at(copy, x->statement), x->statement, what);
        done = copy;
        copy = NULL;
    }
    return done;
}

static bool is_trust(const struct desk *d, const struct sheet *s)
{
    return type_of(d->c, s->paper.side) == POLICY_TRUST;
}

/** The whole statement goes; with the last one the policy does, except a trust
 * policy, which a role cannot be without. */
static bool drop_statement(struct desk *d, const struct policy_explanation *x, struct policy_changes *out,
                           struct error *err)
{
    struct sheet *s = &d->sheets[x->paper];
    CLEANUP(buf_release) struct buf what = {0};
    struct json *document, *list;
    bool last = policy_statement_count(s->parsed) == 1;

    if (s->paper.fixed && s->paper.side != SIDE_BOUNDARY) {
        buf_adds(&what, "take the whole policy away: it is AWS's own, because of its");
        name_statement(policy_statement_at(s->document, x->statement), x->statement, &what);
        return put_change(d, x->paper, NULL, &what, out, err);
    }
    buf_adds(&what, last && !is_trust(d, s) ? "take the whole policy away: all it has is" : "take out");
    name_statement(policy_statement_at(s->document, x->statement), x->statement, &what);
    if (last && !is_trust(d, s))
        return put_change(d, x->paper, NULL, &what, out, err);
    document = json_copy(s->document);
    list = json_edit(document, "Statement");
    if (last) {
        list = json_put(document, "Statement", json_array());
        json_push(list, edit_new_statement(d->c, s->paper.side, NULL, NULL, NULL));
        buf_adds(&what, " and allow instead");
    } else {
        json_free(json_detach_at(list, x->statement));
    }
    return put_change(d, x->paper, document, &what, out, err);
}

static bool lift(struct desk *d, const struct policy_explanation *x, struct policy_changes *out,
                 struct error *err)
{
    const struct policy_paper *paper = &d->sheets[x->paper].paper;
    bool shared = paper->shared || paper->side == SIDE_RESOURCE;
    edit_lift *const *ways = shared ? edit_lifts_shared : edit_lifts_own;
    CLEANUP(buf_release) struct buf what = {0};

    for (size_t i = 0; (!paper->fixed || paper->side == SIDE_BOUNDARY) && ways[i]; i++) {
        struct json *document = try_edit(d, x, ways[i], false, &what);

        if (document)
            return put_change(d, x->paper, document, &what, out, err);
    }
    return drop_statement(d, x, out, err);
}

/** Whether an Allow may go into the sheet without reaching others; a boundary
 * allows nothing by itself. */
static bool may_take(const struct sheet *s)
{
    return s->paper.side == SIDE_BOUNDARY || s->paper.side == SIDE_RESOURCE ||
           (!s->paper.fixed && !s->paper.shared);
}

static bool has_sheet(const struct desk *d, size_t i)
{
    return i < d->count;
}

/** Where a new statement goes; SIZE_MAX: into a policy of its own. */
static size_t target(const struct desk *d, enum policy_side side, size_t nearest)
{
    if (has_sheet(d, nearest) && may_take(&d->sheets[nearest]))
        return nearest;
    /* Of a session, a boundary or a resource's policy there is only one. */
    for (size_t i = 0; side != SIDE_IDENTITY && i < d->count; i++)
        if (d->sheets[i].paper.side == side && d->sheets[i].document && may_take(&d->sheets[i]))
            return i;
    return SIZE_MAX;
}

static bool add_statement(struct desk *d, const struct policy_explanation *x, struct policy_changes *out,
                          struct error *err)
{
    size_t sheet = target(d, x->result.side, x->paper);
    const struct json *taken = has_sheet(d, sheet) ? d->sheets[sheet].document : NULL;
    const struct json *like =
        has_sheet(d, x->paper) ? policy_statement_at(d->sheets[x->paper].document, x->statement) : NULL;
    struct json *statement = edit_new_statement(d->c, x->result.side, like, &x->fit, taken);
    struct json *document = taken ? json_copy(taken) : json_of("Version", "2012-10-17", NULL);
    CLEANUP(buf_release) struct buf what = {0};

    struct json *old = json_detach(document, "Statement");
    struct json *list = json_is_array(old) ? old : json_array();
    if (old && !json_is_array(old))
        json_push(list, old);
    json_put(document, "Statement", list);
    buf_adds(&what, sheet == SIZE_MAX ? "add a policy with the" : "add the");
    name_statement(statement, 0, &what);
    json_push(list, statement);
    if (sheet == SIZE_MAX) {
        if (!lay(d, x->result.side, json_copy(document), NULL, SIZE_MAX, err)) {
            json_free(document);
            return false;
        }
        sheet = d->count - 1;
    }
    return put_change(d, sheet, document, &what, out, err);
}

static bool grant(struct desk *d, const struct policy_explanation *x, struct policy_changes *out,
                  struct error *err)
{
    CLEANUP(buf_release) struct buf what = {0};

    if (has_sheet(d, x->paper) && may_take(&d->sheets[x->paper])) {
        struct json *document = try_edit(d, x, edit_widen, true, &what);

        if (document)
            return put_change(d, x->paper, document, &what, out, err);
    }
    return add_statement(d, x, out, err);
}

bool policy_changes_find(const struct policy_case *c, struct policy_changes *out, struct error *err)
{
    struct desk d;
    struct policy_explanation x;
    bool ok = desk_init(&d, c, err);

    *out = (struct policy_changes){0};
    while (ok) {
        explain(&d, &x);
        if (x.result.decision == POLICY_ALLOWED)
            break;
        if (out->count == CHANGES_MAX)
            ok = error_set(err, ERR_BUG, "no change allows %.*s", STR_ARG(c->request.action));
        else
            ok = x.result.decision == POLICY_EXPLICITLY_DENIED ? lift(&d, &x, out, err)
                                                               : grant(&d, &x, out, err);
    }
    desk_release(&d);
    if (!ok)
        policy_changes_release(out);
    return ok;
}

void policy_changes_release(struct policy_changes *c)
{
    for (size_t i = 0; i < c->count; i++) {
        json_free(c->items[i].document);
        mem_free(c->items[i].what);
    }
    mem_free(c->items);
    *c = (struct policy_changes){0};
}
