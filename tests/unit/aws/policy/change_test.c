/* The questions of tests/why/worlds.json: which statement decides or comes
 * closest, and that the smallest change allows the request. tests/e2e/why.test
 * asks the same of a sandbox. */
#include "aws/policy/change.h"

#include "aws/common/file.h"
#include "aws/common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ACCOUNT "111122223333"
#define ARN_OF(name, suffix) "arn:aws:secretsmanager:eu-west-1:" ACCOUNT ":secret:" name suffix
#define TRUSTED "arn:aws:iam::" ACCOUNT ":role/why-trusted"

/* Longer names first, for they begin alike. */
static const struct {
    const char *mark, *text;
} marks[] = {
    {"$short_red", ARN_OF("why-red", "")},
    {"$any_red", ARN_OF("why-red", "-\?\?\?\?\?\?")},
    {"$red", ARN_OF("why-red", "-AbCdEf")},
    {"$green", ARN_OF("why-green", "-GhIjKl")},
    {"$blue", ARN_OF("why-blue", "-MnOpQr")},
    {"$trusted", TRUSTED},
    {"$account", ACCOUNT},
};

static const struct {
    const char *name, *arn, *team;
} resources[] = {
    {"red", ARN_OF("why-red", "-AbCdEf"), "paint"},
    {"green", ARN_OF("why-green", "-GhIjKl"), "garden"},
    {"blue", ARN_OF("why-blue", "-MnOpQr"), NULL},
    {"red-eye", ARN_OF("why-red-eye", "-StUvWx"), NULL},
    {"trusted", TRUSTED, NULL},
    {"*", "*", NULL},
};

/* As much of them as is asked here. */
static const struct {
    const char *name, *document;
} aws_managed[] = {
    {"IAMReadOnlyAccess", "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":["
                          "\"iam:Get*\",\"iam:List*\"],\"Resource\":\"*\"}]}"},
    {"AWSDenyAll",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"DenyAll\",\"Effect\":\"Deny\",\"Action\":[\"*\"],"
     "\"Resource\":\"*\"}]}"},
};

enum { PAPERS_MAX = 32 };

/* A world's documents for one resource. */
struct scene {
    struct policy_paper papers[PAPERS_MAX];
    struct json *owned[PAPERS_MAX];
    size_t count;
    struct json *context;
    const char *principal, *stands_for;
    const char *resource_arn;
    struct policy_case c;
};

static void add(struct scene *s, enum policy_side side, const struct json *document, bool fixed, bool shared)
{
    assert_true(json_is_object(document) && s->count < PAPERS_MAX);
    s->owned[s->count] = json_copy(document);
    s->papers[s->count] = (struct policy_paper){side, s->owned[s->count], fixed, shared};
    s->count++;
}

static void add_each(struct scene *s, const struct json *named, bool shared)
{
    for (const struct json *e = json_first(named); e; e = json_next(e))
        add(s, SIDE_IDENTITY, e, false, shared);
}

static void add_aws(struct scene *s, enum policy_side side, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(aws_managed); i++) {
        CLEANUP(json_freep) struct json *document = NULL;
        struct error err;

        if (strcmp(aws_managed[i].name, name) != 0)
            continue;
        assert_true(json_parse(str_of(aws_managed[i].document), NULL, &document, &err));
        add(s, side, document, true, true);
        return;
    }
    fail_msg("no document of %s", name);
}

static void add_documents(struct scene *s, const struct json *world, const char *resource)
{
    const struct json *boundary = json_get(world, "boundary");

    add_each(s, json_get(world, "inline"), false);
    add_each(s, json_get(world, "managed"), false);
    for (const struct json *e = json_first(json_get(world, "aws")); e; e = json_next(e))
        add_aws(s, SIDE_IDENTITY, json_text(e));
    add_each(s, json_get(world, "group"), true);
    if (json_is_string(boundary))
        add_aws(s, SIDE_BOUNDARY, json_text(boundary) + strlen("aws:"));
    else if (boundary)
        add(s, SIDE_BOUNDARY, boundary, false, false);
    if (json_get(world, "session"))
        add(s, SIDE_SESSION, json_get(world, "session"), false, false);
    if (json_get(json_get(world, "resource"), resource))
        add(s, SIDE_RESOURCE, json_get(json_get(world, "resource"), resource), false, false);
    if (strcmp(resource, "trusted") == 0)
        add(s, SIDE_RESOURCE, json_get(world, "trust"), false, false);
}

static struct json *context_of(const struct scene *s, const struct json *world, size_t resource)
{
    bool user = strcmp(json_get_text(world, "who"), "user") == 0;
    struct json *context = json_of("aws:PrincipalArn", s->stands_for, "aws:PrincipalAccount", ACCOUNT,
                                   "aws:PrincipalType", user ? "User" : "AssumedRole", "aws:RequestedRegion",
                                   "eu-west-1", "aws:CurrentTime", "2026-01-02T03:04:05Z", NULL);
    const struct json *tags = json_get(world, "tags");

    if (user)
        json_put_text(context, "aws:username", "why-user-1");
    for (const struct json *e = json_first(tags); e; e = json_next(e)) {
        char key[100];

        snprintf(key, sizeof key, "aws:PrincipalTag/%s", json_key(e));
        json_put_text(context, key, json_text(e));
    }
    if (resources[resource].team) {
        json_put_text(context, "aws:ResourceTag/team", resources[resource].team);
        json_put_text(context, "secretsmanager:ResourceTag/team", resources[resource].team);
    }
    return context;
}

static void scene_init(struct scene *s, const struct json *world, const char *action, const char *resource)
{
    bool user = strcmp(json_get_text(world, "who"), "user") == 0;
    size_t r = 0;

    *s = (struct scene){0};
    while (r < ARRAY_LEN(resources) && strcmp(resources[r].name, resource) != 0)
        r++;
    assert_true(r < ARRAY_LEN(resources));
    s->stands_for =
        user ? "arn:aws:iam::" ACCOUNT ":user/why-user-1" : "arn:aws:iam::" ACCOUNT ":role/why-role";
    s->principal = user ? s->stands_for : "arn:aws:sts::" ACCOUNT ":assumed-role/why-role/asks";
    add_documents(s, world, resource);
    s->context = context_of(s, world, r);
    s->c = (struct policy_case){.request = {.principal = str_of(s->principal),
                                            .principal_role = str_of(user ? "" : s->stands_for),
                                            .action = str_of(action),
                                            .resource = str_of(resources[r].arn),
                                            .resource_account = STR(ACCOUNT),
                                            .context = s->context},
                                .mandatory = policy_resource_mandatory(str_of(action), str_of(resource)),
                                .principal = str_of(s->stands_for),
                                .papers = s->papers,
                                .count = s->count};
}

static void scene_release(struct scene *s)
{
    for (size_t i = 0; i < s->count; i++)
        json_free(s->owned[i]);
    json_free(s->context);
}

/** Puts a change in its place, as the world would have it afterwards. */
static void apply(struct scene *s, const struct policy_change *change)
{
    size_t i = change->paper;

    if (i == SIZE_MAX) {
        add(s, change->side, change->document, false, false);
    } else if (change->document) {
        json_free(s->owned[i]);
        s->papers[i].document = s->owned[i] = json_copy(change->document);
    } else {
        /* The index of the others has to stay. */
        CLEANUP(json_freep) struct json *nothing = NULL;
        struct error err;

        assert_true(json_parse(STR("{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"no:thing\","
                                   "\"Resource\":\"arn:aws:no:::thing\"}}"),
                               NULL, &nothing, &err));
        json_free(s->owned[i]);
        s->papers[i].document = s->owned[i] = nothing;
        nothing = NULL;
        /* An empty boundary or session policy would bound; one that is gone does not. */
        s->papers[i].side = SIDE_IDENTITY;
    }
    s->c.count = s->count;
}

static void describe(const struct scene *s, const struct policy_explanation *x, char out[200])
{
    static const char *const sides[] = {"-", "identity", "boundary", "session", "resource"};
    const char *sid = "-";

    if (x->paper != SIZE_MAX) {
        const struct json *list = json_get(s->papers[x->paper].document, "Statement");
        const struct json *one = json_is_array(list) ? json_at(list, x->statement) : list;

        sid = json_get(one, "Sid") ? json_get_text(one, "Sid") : "*";
    }
    if (x->result.decision == POLICY_IMPLICITLY_DENIED)
        snprintf(out, 200, "none %s %s", sides[x->result.side], sid);
    else
        snprintf(out, 200, "%s %s", x->result.decision == POLICY_ALLOWED ? "allow" : "deny", sid);
}

static enum policy_decision decision_of(const struct scene *s)
{
    struct policy_explanation x;
    struct error err;

    assert_true(policy_explain(&s->c, &x, &err));
    return x.result.decision;
}

/** What was asked for is granted, and of all else that the worlds ask about
 * nothing: true for what was missing; who lifts a Deny lifts a statement. */
static void nothing_else(const struct json *world, const char *action, const char *resource,
                         const struct policy_changes *changes)
{
    for (const struct json *q = json_first(json_get(world, "ask")); q; q = json_next(q)) {
        const char *other = json_text(json_at(q, 0)), *on = json_text(json_at(q, 1));
        struct scene s;
        bool was;

        if ((strcmp(other, action) == 0 && strcmp(on, resource) == 0) || strcmp(on, "trusted") == 0 ||
            strcmp(on, resource) != 0)
            continue;
        scene_init(&s, world, other, on);
        was = decision_of(&s) == POLICY_ALLOWED;
        for (size_t i = 0; i < changes->count; i++)
            apply(&s, &changes->items[i]);
        if (!was && decision_of(&s) == POLICY_ALLOWED)
            fail_msg("%s: what allows %s on %s also allows %s on %s", json_get_text(world, "name"), action,
                     resource, other, on);
        scene_release(&s);
    }
}

/** One question; 1 when its answer is another than the table's. */
static unsigned ask(const struct json *world, const struct json *question)
{
    const char *action = json_text(json_at(question, 0)), *resource = json_text(json_at(question, 1));
    const char *want = json_text(json_at(question, 2));
    struct policy_explanation x;
    struct policy_changes changes;
    struct scene s;
    struct error err;
    char got[200];

    scene_init(&s, world, action, resource);
    assert_true(policy_explain(&s.c, &x, &err));
    describe(&s, &x, got);
    if (!policy_changes_find(&s.c, &changes, &err))
        fail_msg("%s", err.message);
    assert_int_equal(changes.count == 0, x.result.decision == POLICY_ALLOWED);
    for (size_t i = 0; i < changes.count; i++)
        apply(&s, &changes.items[i]);
    if (decision_of(&s) != POLICY_ALLOWED)
        fail_msg("%s: %s on %s is not allowed by its change", json_get_text(world, "name"), action, resource);
    if (x.result.decision == POLICY_IMPLICITLY_DENIED)
        nothing_else(world, action, resource, &changes);
    if (strcmp(got, want) != 0)
        print_error("%s: %s on %s: %s, not %s\n", json_get_text(world, "name"), action, resource, got, want);
    if (getenv("WHY_SHOW"))
        for (size_t i = 0; i < changes.count; i++)
            print_message("%s %s: %s\n", action, resource, changes.items[i].what);
    policy_changes_release(&changes);
    scene_release(&s);
    return strcmp(got, want) != 0;
}

static void replace(struct buf *text, const char *mark, const char *by)
{
    CLEANUP(buf_release) struct buf out = {0};
    const char *at = buf_text(text), *next;

    while ((next = strstr(at, mark))) {
        buf_add(&out, (struct str){at, (size_t)(next - at)});
        buf_adds(&out, by);
        at = next + strlen(mark);
    }
    buf_adds(&out, at);
    buf_take(text, &out);
}

static struct json *load(void)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct json *worlds = NULL;
    struct error err;

    if (!file_read("tests/why/worlds.json", 1 << 20, &text, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        replace(&text, marks[i].mark, marks[i].text);
    if (!json_parse(buf_str(&text), &(struct json_limits){.unique_keys = true}, &worlds, &err))
        fail_msg("%s", err.message);
    return worlds;
}

/** $principal is who asks. */
static struct json *with_principal(const struct json *world)
{
    bool user = strcmp(json_get_text(world, "who"), "user") == 0;
    CLEANUP(buf_release) struct buf text = {0};
    struct json *out = NULL;
    struct error err;

    json_write(world, &text);
    replace(&text, "$principal",
            user ? "arn:aws:iam::" ACCOUNT ":user/why-user-1" : "arn:aws:iam::" ACCOUNT ":role/why-role");
    assert_true(json_parse(buf_str(&text), NULL, &out, &err));
    return out;
}

static void test_every_question(void **state)
{
    CLEANUP(json_freep) struct json *worlds = load();
    unsigned questions = 0, wrong = 0;

    (void)state;
    for (const struct json *w = json_first(worlds); w; w = json_next(w)) {
        CLEANUP(json_freep) struct json *world = with_principal(w);

        for (const struct json *q = json_first(json_get(world, "ask")); q; q = json_next(q)) {
            questions++;
            wrong += ask(world, q);
        }
    }
    print_message("%u questions\n", questions);
    assert_true(questions >= 200);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_question)};

    return cmocka_run_group_tests_name("policy change", tests, NULL, NULL);
}
