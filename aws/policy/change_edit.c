#include "aws/policy/change_edit.h"

#include "aws/common/mem.h"

#include <stdio.h>

/* --- elements that are a text or a list of texts --- */

static const struct json *entry(const struct json *element, size_t i)
{
    if (json_is_array(element))
        return json_at(element, i);
    return i == 0 ? element : NULL;
}

static size_t entries(const struct json *element)
{
    return json_is_array(element) ? json_count(element) : element != NULL;
}

static bool is_alone(const struct json *element, struct str text, bool fold)
{
    struct str only = json_str(entry(element, 0));

    return entries(element) == 1 && (fold ? str_equal_ignore_case(only, text) : str_equal(only, text));
}

/** A text becomes a list of it. */
static struct json *as_list(struct json *object, const char *key)
{
    struct json *list = json_edit(object, key);

    if (json_is_array(list))
        return list;
    struct json *first = list ? json_copy(list) : NULL;
    list = json_put(object, key, json_array());
    if (first)
        json_push(list, first);
    return list;
}

static void say(struct edit *e, const char *verb, struct str text, const char *where, const char *element)
{
    buf_printf(e->what, "%s \"%.*s\" %s the %s of", verb, STR_ARG(text), where, element);
}

static void add_entry(struct edit *e, struct json *object, const char *key, struct str text,
                      const char *element)
{
    json_push(as_list(object, key), json_string(text));
    say(e, "add", text, "to", element);
}

/** One of several; the last one cannot go, for an element is never empty. */
static bool remove_entry(struct edit *e, const char *key, struct str text, bool fold)
{
    struct json *list = json_edit(e->statement, key);

    for (size_t i = 0; json_is_array(list) && json_count(list) > 1 && i < json_count(list); i++) {
        struct str one = json_str(json_at(list, i));

        if (!(fold ? str_equal_ignore_case(one, text) : str_equal(one, text)))
            continue;
        say(e, "take", one, "out of", key);
        json_free(json_detach_at(list, i));
        return true;
    }
    return false;
}

/* --- conditions --- */

/* Operators by what adding a value does: it lets more in, or keeps more out. */
static const char *const positive[] = {
    "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"};
static const char *const negative[] = {"StringNotEquals", "StringNotEqualsIgnoreCase",
                                       "StringNotLike",   "ArnNotEquals",
                                       "ArnNotLike",      "NotIpAddress"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    struct str plain = str_of(name);

    if (str_ends(plain, STR("IfExists")))
        plain.len -= strlen("IfExists");
    for (size_t i = 0; i < count; i++)
        if (str_is(plain, names[i]))
            return true;
    return false;
}

/** The request's text for a key; "" when it has none or several. */
static struct str value_of(const struct policy_case *c, const char *key)
{
    for (const struct json *m = json_first(c->request.context); m; m = json_next(m))
        if (str_equal_ignore_case(str_of(json_key(m)), str_of(key)))
            return json_str(m);
    return STR("");
}

/** Adds the request's value to the first condition of the kind among `which`. */
static bool add_value(struct edit *e, const char *const *names, size_t count, uint64_t which)
{
    struct json *block = json_edit(e->statement, "Condition");
    size_t at = 0;

    for (const struct json *op = json_first(block); op; op = json_next(op)) {
        for (const struct json *key = json_first(op); key; key = json_next(key), at++) {
            struct str value = value_of(e->c, json_key(key));
            char place[300];

            if (at >= 64 || !(which >> at & 1) || str_empty(value) || !is_one_of(json_key(op), names, count))
                continue;
            (void)snprintf(place, sizeof place, "%s %s", json_key(op), json_key(key));
            /* A list may take the place of the value, and its name goes with it. */
            CLEANUP(mem_freep) char *name = mem_dup(json_key(key));
            add_entry(e, json_edit(block, json_key(op)), name, value, place);
            return true;
        }
    }
    return false;
}

/* --- an Allow that lacks one part --- */

static struct json *principal_element(const struct policy_case *c)
{
    char text[2100];
    bool arn = str_starts(c->principal, STR("arn:"));

    (void)snprintf(text, sizeof text, "%.*s", STR_ARG(c->principal));
    return json_of(arn ? "AWS" : "Service", text, NULL);
}

static bool widen_principal(struct edit *e)
{
    struct json *principal = json_edit(e->statement, "Principal");
    const char *type = str_starts(e->c->principal, STR("arn:")) ? "AWS" : "Service";

    if (!json_is_object(principal))
        return false;
    add_entry(e, principal, type, e->c->principal, "Principal");
    return true;
}

bool edit_widen(struct edit *e)
{
    const struct policy_request *r = &e->c->request;
    const struct json *resource = json_get(e->statement, "Resource");
    bool own_resource = is_alone(resource, r->resource, false) ||
                        (e->side == SIDE_RESOURCE && (!resource || is_alone(resource, STR("*"), false)));
    bool own_action = is_alone(json_get(e->statement, "Action"), r->action, true);

    switch (e->fit.lacks) {
    case PART_RESOURCE:
        if (!own_action || !resource || e->side == SIDE_RESOURCE)
            return false;
        add_entry(e, e->statement, "Resource", r->resource, "Resource");
        return true;
    case PART_ACTION:
        if (!own_resource || !json_get(e->statement, "Action") || e->side == SIDE_RESOURCE)
            return false;
        add_entry(e, e->statement, "Action", r->action, "Action");
        return true;
    case PART_PRINCIPAL:
        return own_action && own_resource && widen_principal(e);
    case PART_CONDITION:
        return own_action && own_resource && e->side != SIDE_RESOURCE &&
               add_value(e, positive, ARRAY_LEN(positive), e->fit.failing);
    default:
        return false;
    }
}

/* --- a Deny that applies --- */

static bool lift_exact(struct edit *e)
{
    return is_alone(json_get(e->statement, "Action"), e->c->request.action, true) &&
           remove_entry(e, "Resource", e->c->request.resource, false);
}

static bool lift_by_condition(struct edit *e)
{
    return add_value(e, negative, ARRAY_LEN(negative), UINT64_MAX);
}

static bool lift_action(struct edit *e)
{
    return remove_entry(e, "Action", e->c->request.action, true);
}

static bool lift_resource(struct edit *e)
{
    return remove_entry(e, "Resource", e->c->request.resource, false);
}

static bool lift_by_not_action(struct edit *e)
{
    if (!json_get(e->statement, "NotAction"))
        return false;
    add_entry(e, e->statement, "NotAction", e->c->request.action, "NotAction");
    return true;
}

static bool lift_by_not_resource(struct edit *e)
{
    if (!json_get(e->statement, "NotResource"))
        return false;
    add_entry(e, e->statement, "NotResource", e->c->request.resource, "NotResource");
    return true;
}

/** Everyone but this principal stays denied. */
static bool lift_principal(struct edit *e)
{
    struct json *block = json_edit(e->statement, "Condition"), *op;

    if (!str_starts(e->c->principal, STR("arn:")))
        return false;
    if (!block)
        block = json_put(e->statement, "Condition", json_object());
    op = json_edit(block, "ArnNotEquals");
    if (!op)
        op = json_put(block, "ArnNotEquals", json_object());
    add_entry(e, op, "aws:PrincipalArn", e->c->principal, "Condition ArnNotEquals aws:PrincipalArn");
    return true;
}

edit_lift *const edit_lifts_own[] = {lift_exact,         lift_by_condition,    lift_action, lift_resource,
                                     lift_by_not_action, lift_by_not_resource, NULL};
edit_lift *const edit_lifts_shared[] = {lift_by_condition, lift_principal, NULL};

/* --- a statement of its own --- */

const struct json *policy_statement_at(const struct json *document, size_t i)
{
    const struct json *statements = json_get(document, "Statement");

    return json_is_array(statements) ? json_at(statements, i) : i == 0 ? statements : NULL;
}

/** "AllowGetSecretValue", "AllowGetSecretValue2", …: the first that is free. */
static void free_sid(struct str action, const struct json *taken, char out[160])
{
    struct str name = str_slice(action, str_find_char(action, ':') + 1, 100);
    const struct json *s;
    unsigned number = 1;

    do {
        size_t i = 0;

        (void)snprintf(out, 160, number == 1 ? "Allow%.*s" : "Allow%.*s%u", STR_ARG(name), number);
        while ((s = policy_statement_at(taken, i)) && strcmp(json_get_text(s, "Sid"), out) != 0)
            i++;
        number++;
    } while (s);
}

/** The conditions that hold. */
static struct json *kept_conditions(const struct json *like, uint64_t failing)
{
    struct json *block = json_object();
    size_t at = 0;

    for (const struct json *op = json_first(json_get(like, "Condition")); op; op = json_next(op)) {
        struct json *keys = json_object();

        for (const struct json *key = json_first(op); key; key = json_next(key), at++)
            if (at < 64 && !(failing >> at & 1))
                json_put(keys, json_key(key), json_copy(key));
        if (json_count(keys))
            json_put(block, json_key(op), keys);
        else
            json_free(keys);
    }
    return block;
}

struct json *edit_new_statement(const struct policy_case *c, enum policy_side side, const struct json *like,
                                const struct policy_fit *fit, const struct json *taken)
{
    struct json *statement = json_object(), *conditions;
    bool trust = side == SIDE_RESOURCE && policy_resource_type(c->request.action) == POLICY_TRUST;
    char sid[160];

    free_sid(c->request.action, taken, sid);
    json_put_text(statement, "Sid", sid);
    json_put_text(statement, "Effect", "Allow");
    if (side == SIDE_RESOURCE)
        json_put(statement, "Principal", principal_element(c));
    json_put_str(statement, "Action", c->request.action);
    if (!trust)
        json_put_str(statement, "Resource", c->request.resource);
    conditions = kept_conditions(like, fit ? fit->failing : 0);
    if (json_count(conditions))
        json_put(statement, "Condition", conditions);
    else
        json_free(conditions);
    return statement;
}
