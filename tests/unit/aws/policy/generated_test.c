/* Questions out of a seeded generator, held by rules that need no oracle: what
 * an added statement may not change, whatever the rest says. */
#include "tests/unit/aws/policy/table.h"

#define ROUNDS 6000
#define STATEMENTS_MAX 6
#define SIDES 4

/* SplitMix64: small, and the same numbers everywhere. */
static uint64_t state_of_dice = 20261124;

static uint64_t roll(uint64_t sides)
{
    uint64_t z = state_of_dice += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % sides;
}

#define PICK(list) ((list)[roll(ARRAY_LEN(list))])

static const char *const actions[] = {
    "*", "iam:*", "iam:Get*", "iam:GetRole", "s3:GetObject", "s3:?etObject", "IAM:getrole"};
static const char *const asked_actions[] = {"iam:GetRole", "iam:GetUser", "s3:GetObject", "iam:DeleteRole"};
static const char *const resources[] = {"*",
                                        ROLE,
                                        "arn:aws:iam::111122223333:role/*",
                                        "arn:aws:iam::111122223333:r*",
                                        "arn:aws:iam",
                                        "arn:aws:s3:::${aws:username}/*",
                                        "arn:aws:s3:::b/k"};
static const char *const asked_resources[] = {ROLE, "arn:aws:s3:::b/k", "arn:aws:s3:::alice/k", "*"};
static const char *const principals[] = {"'*'",
                                         "{'AWS':'" ALICE "'}",
                                         "{'AWS':'" ROLE "'}",
                                         "{'AWS':'" SESSION "'}",
                                         "{'AWS':'" ROOT "'}",
                                         "{'AWS':['444455556666','arn:aws:iam::111122223333:user/bob']}",
                                         "{'Service':'ec2.amazonaws.com'}"};
static const char *const callers[] = {
    ALICE, ROLE, SESSION, ROOT, "ec2.amazonaws.com", "arn:aws:iam::444455556666:user/eve", ""};
static const char *const accounts[] = {"", "111122223333", "444455556666"};
static const char *const conditions[] = {
    "",
    "",
    "",
    ",'Condition':{'StringEquals':{'aws:username':'alice'}}",
    ",'Condition':{'StringNotEquals':{'aws:username':['alice','bob']}}",
    ",'Condition':{'NumericLessThan':{'aws:n':'10'}}",
    ",'Condition':{'ForAllValues:StringLike':{'aws:TagKeys':['a*']}}",
    ",'Condition':{'ForAnyValue:StringNotEquals':{'aws:TagKeys':['a']}}",
    ",'Condition':{'IpAddress':{'aws:SourceIp':['10.0.0.0/8','2001:db8::/32']}}",
    ",'Condition':{'Null':{'aws:n':'true'},'StringLikeIfExists':{'aws:username':'${aws:userid, `a`}*'}}",
    ",'Condition':{'DateGreaterThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}}",
};
static const char *const contexts[] = {
    "{}",
    "{'aws:username':'alice','aws:n':5,'aws:TagKeys':['a','ab'],'aws:SourceIp':'10.1.1.1'}",
    "{'aws:username':'eve','aws:n':'x','aws:TagKeys':['a','b'],'aws:SourceIp':'::1','aws:CurrentTime':"
    "1767225601}",
    "{'aws:username':['a','b'],'aws:TagKeys':[],'aws:SourceIp':'nowhere','aws:CurrentTime':'2025-01-01T00:00:"
    "00Z'}",
};

/* Statements of each side as text: identity, boundary, session, resource. */
struct world {
    char *statements[SIDES][STATEMENTS_MAX];
    size_t count[SIDES];
    bool present[SIDES];
    const char *caller, *action, *resource, *account, *context;
};

static char *statement(bool resource_side, const char *effect)
{
    CLEANUP(mem_freep) char *principal = mem_dup("");

    if (resource_side) {
        mem_free(principal);
        principal = mem_printf(",'%sPrincipal':%s", roll(8) == 0 ? "Not" : "", PICK(principals));
    }
    return mem_printf("{'Effect':'%s'%s,'%sAction':['%s','%s'],'%sResource':['%s']%s}", effect, principal,
                      roll(6) == 0 ? "Not" : "", PICK(actions), PICK(actions), roll(6) == 0 ? "Not" : "",
                      PICK(resources), PICK(conditions));
}

static void make(struct world *w)
{
    *w = (struct world){.caller = PICK(callers),
                        .action = PICK(asked_actions),
                        .resource = PICK(asked_resources),
                        .account = PICK(accounts),
                        .context = PICK(contexts)};
    for (size_t side = 0; side < SIDES; side++) {
        w->present[side] = side == 0 || roll(3) == 0;
        if (!w->present[side])
            continue;
        w->count[side] = 1 + roll(STATEMENTS_MAX - 2);
        for (size_t i = 0; i < w->count[side]; i++)
            w->statements[side][i] = statement(side == 3, roll(5) == 0 ? "Deny" : "Allow");
    }
}

static void release(struct world *w)
{
    for (size_t side = 0; side < SIDES; side++)
        for (size_t i = 0; i < w->count[side]; i++)
            mem_free(w->statements[side][i]);
}

static char *join(const struct world *w, size_t side)
{
    struct buf out = {0};

    for (size_t i = 0; i < w->count[side]; i++)
        buf_printf(&out, "%s%s", i > 0 ? "," : "", w->statements[side][i]);
    return buf_detach(&out);
}

static enum policy_decision ask(const struct world *w)
{
    struct policy *p[SIDES] = {0};
    const struct policy *identity[1];
    const struct policy *session[1];
    CLEANUP(mem_freep) char *text = unquote(w->context);
    CLEANUP(json_freep) struct json *context = NULL;
    struct policy_set set = {.identity = identity, .identity_count = 1, .session = session};
    struct policy_request request = {.principal = str_of(w->caller),
                                     .action = str_of(w->action),
                                     .resource = str_of(w->resource),
                                     .resource_account = str_of(w->account)};
    struct policy_result result;
    struct error err = {0};

    for (size_t side = 0; side < SIDES; side++) {
        CLEANUP(mem_freep) char *body = w->present[side] ? join(w, side) : NULL;

        p[side] = load("generated", NULL, body, side == 3 ? POLICY_RESOURCE : POLICY_IDENTITY);
    }
    identity[0] = p[0];
    session[0] = p[2];
    set.boundary = p[1];
    set.session_count = p[2] != NULL;
    set.resource = p[3];
    assert_true(json_parse(str_of(text), NULL, &context, &err));
    request.context = context;
    policy_decide(&request, &set, &result);
    for (size_t side = 0; side < SIDES; side++)
        policy_free(p[side]);
    return result.decision;
}

static void add(struct world *w, size_t side, const char *effect)
{
    w->statements[side][w->count[side]++] = statement(side == 3, effect);
}

static size_t some_side(const struct world *w)
{
    size_t side = roll(SIDES);

    return w->present[side] ? side : 0;
}

static void shuffle(struct world *w, size_t side)
{
    for (size_t i = w->count[side]; i > 1; i--) {
        size_t j = roll(i);
        char *kept = w->statements[side][i - 1];

        w->statements[side][i - 1] = w->statements[side][j];
        w->statements[side][j] = kept;
    }
}

static void test_rules(void **state)
{
    size_t seen[3] = {0};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct world w;
        enum policy_decision before, after;

        make(&w);
        before = ask(&w);
        seen[before]++;
        for (size_t side = 0; side < SIDES; side++)
            shuffle(&w, side);
        if (ask(&w) != before)
            fail_msg("round %d: the order of statements changed the answer", round);
        if (round % 2 == 0) {
            add(&w, some_side(&w), "Deny");
            after = ask(&w);
            if (after == POLICY_ALLOWED && before != POLICY_ALLOWED)
                fail_msg("round %d: an added Deny allowed", round);
            if (before == POLICY_EXPLICITLY_DENIED && after != before)
                fail_msg("round %d: an added Deny lifted a Deny", round);
        } else {
            add(&w, some_side(&w), "Allow");
            after = ask(&w);
            if (before == POLICY_ALLOWED && after != POLICY_ALLOWED)
                fail_msg("round %d: an added Allow denied", round);
            if ((before == POLICY_EXPLICITLY_DENIED) != (after == POLICY_EXPLICITLY_DENIED))
                fail_msg("round %d: an added Allow changed a Deny", round);
        }
        release(&w);
    }
    /* A generator that never reaches an answer proves nothing about it. */
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        if (seen[i] < ROUNDS / 20)
            fail_msg("answer %zu came up only %zu times", i, seen[i]);
}

/* Removing the boundary or the session policy never takes an Allow away, and
 * an added Allow of everything on every side leaves no implicit deny. */
static void test_limits(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS / 3; round++) {
        struct world w;
        struct world wider;
        enum policy_decision before;

        make(&w);
        before = ask(&w);
        wider = w;
        wider.present[1] = wider.present[2] = false;
        if (before == POLICY_ALLOWED && ask(&wider) != POLICY_ALLOWED)
            fail_msg("round %d: without limits less is allowed", round);
        w.present[3] = true;
        for (size_t side = 0; side < SIDES; side++)
            if (w.present[side])
                w.statements[side][w.count[side]++] = mem_dup(
                    side == 3 ? "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}" : ALLOW_ALL);
        if (ask(&w) == POLICY_IMPLICITLY_DENIED)
            fail_msg("round %d: everything is allowed and yet it is not", round);
        release(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
