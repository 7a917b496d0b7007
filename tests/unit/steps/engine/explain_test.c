/* A step as items: what its marks need stands before it, each call once. */
#include "steps/engine/explain.h"

#include "aws/common/mem.h"
#include "steps/engine/kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* --- kinds --- */

static const char *with_text(const struct step_context *c, const char *path)
{
    return json_text(json_path(step_with(c), path));
}

static struct json *box_input(const struct step_context *c)
{
    return json_of("Box", with_text(c, "name"), NULL);
}

static char *box_label(const struct step_context *c)
{
    return mem_printf("box %s", with_text(c, "name"));
}

static bool remake_password(struct step_context *c, struct json *items, struct error *err)
{
    struct json *statements = json_array();

    (void)err;
    json_push(statements, json_text_new("ALTER USER"));
    explain_sql(items, json_of("host", with_text(c, "box.host"), "user", with_text(c, "name"), NULL),
                statements);
    return true;
}

static bool explain_keep(struct step_context *c, struct json *items, struct error *err)
{
    static const char *const words[] = {"kept", "well kept", NULL};
    CLEANUP(mem_freep) char *version = explain_own(c, "version");
    CLEANUP(mem_freep)
    char *document =
        mem_printf("{\"port\":\"%s\",\"password\":\"%s\"}", with_text(c, "port"), with_text(c, "password"));
    struct json *call = explain_call(
        items, "box", "Keep",
        json_of("Name", with_text(c, "name"), "Document", document, "Where", with_text(c, "where"), NULL));

    (void)err;
    explain_gives(c, call, "version", "Version");
    explain_repeat(items, "until it is kept");
    call = explain_call(items, "box", "Look", json_of("Version", version, NULL));
    explain_gives(c, call, "state", "State");
    explain_gives(c, call, "log", "Log");
    explain_unless(explain_until(c, items, "state", words), "broken");
    explain_repeat(items, "until it says so");
    explain_until_seen(c, items, "log", "done");
    return true;
}

static bool explain_throw_away(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_call(items, "box", "ThrowAway", json_of("Name", with_text(c, "name"), NULL));
    return true;
}

static bool refuse(struct step_context *c, struct json *items, struct error *err)
{
    (void)items;
    return error_set(err, ERR_DENIED, "%s is not told", with_text(c, "name"));
}

static const struct explain_find box_finds[] = {
    {"host", NULL, "box", "Describe", box_input, "Boxes.0.Host", false},
    {"port", NULL, "box", "Describe", box_input, "Boxes.0.Port", true},
    {.output = "label", .text = box_label},
    {0},
};

static const char *const box_kinds[] = {"box", NULL};
static const struct schema_field box_with[] = {{.name = "name"}, {0}};
static const struct schema_field user_with[] = {
    {.name = "name"}, {.name = "box", .type = FIELD_STEP, .step_kinds = box_kinds}, {0}};
static const struct schema_field keep_with[] = {
    {.name = "name"}, {.name = "port"}, {.name = "password"}, {.name = "where"}, {0}};
static const struct output_field box_outputs[] = {
    {"host", false, ""}, {"port", false, ""}, {"label", false, ""}, {"unknown", false, ""}, {0}};
static const struct output_field user_outputs[] = {{"name", false, ""}, {"password", true, ""}, {0}};
static const struct output_field no_outputs[] = {{0}};

static const struct step_kind box = {.schema = {"box", "", KIND_LOOKUP, false, box_with, box_outputs},
                                     .finds = box_finds};
static const struct step_kind blind = {.schema = {"blind", "", KIND_LOOKUP, false, box_with, no_outputs}};
static const struct step_kind user = {.schema = {"user", "", KIND_RESOURCE, false, user_with, user_outputs},
                                      .explain_reissue = remake_password};
static const struct step_kind mute = {.schema = {"mute", "", KIND_RESOURCE, false, user_with, user_outputs}};
static const struct step_kind shy = {.schema = {"shy", "", KIND_RESOURCE, false, user_with, user_outputs},
                                     .explain = refuse,
                                     .explain_reissue = refuse};
static const struct step_kind keep = {.schema = {"keep", "", KIND_RESOURCE, false, keep_with, no_outputs},
                                      .explain = explain_keep,
                                      .explain_undo = explain_throw_away};
static const struct step_kind *const kinds[] = {&box, &blind, &user, &mute, &shy, &keep, NULL};

static const char text[] =
    "lab: lab\n"
    "steps:\n"
    "  box: {uses: box, with: {name: b1}}\n"
    "  blind: {uses: blind, with: {name: b2}}\n"
    "  user: {uses: user, with: {name: demo, box: '${steps.box}'}}\n"
    "  mute: {uses: mute, with: {name: '${steps.box.label}'}}\n"
    "  shy: {uses: shy, with: {name: who}}\n"
    "  keep:\n"
    "    uses: keep\n"
    "    with: {name: '${steps.user.name}', port: '${steps.box.port}', password: '${steps.user.password}',\n"
    "           where: '${steps.box.host} of ${account} in ${region}, ${steps.box.label}'}\n"
    "  of-mute: {uses: keep, with: {password: '${steps.mute.password}'}}\n"
    "  of-shy: {uses: keep, with: {password: '${steps.shy.password}'}}\n"
    "  of-nobody: {uses: keep, with: {where: '\xEE\x80\x80nobody.x\xEE\x80\x81'}}\n"
    "  of-env: {uses: keep, with: {where: '\xEE\x80\x80"
    "env.X\xEE\x80\x81'}}\n"
    "  off: {undo: keep}\n"
    "  off-mute: {undo: mute, needs: [of-mute]}\n";

/* --- what comes of them --- */

static const char *no_variable(void *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

/* "<" and ">" for the ends of a mark. */
static void show_marks(struct str items, struct buf *out)
{
    struct str before, name, after;

    for (; explain_next_mark(items, &before, &name, &after); items = after) {
        buf_add(out, before);
        buf_printf(out, "<%.*s>", STR_ARG(name));
    }
    buf_add(out, items);
}

static void parse(const char *more, struct plan *plan)
{
    CLEANUP(buf_release) struct buf all = {0};
    const struct kind_schema *schemas[ARRAY_LEN(kinds)] = {NULL};
    const struct plan_options options = {.file = "text", .kinds = schemas, .getenv = no_variable};
    struct plan_problems problems = {0};

    for (size_t i = 0; kinds[i]; i++)
        schemas[i] = &kinds[i]->schema;
    buf_printf(&all, "%s%s", text, more);
    if (!plan_parse(buf_str(&all), &options, plan, &problems))
        fail_msg("%d: %s", problems.items[0].line, problems.items[0].message);
    plan_problems_release(&problems);
}

/* The items of a step as JSON, a line each; or the error. more: further steps. */
static void explain_text(const char *step, const char *more, struct buf *out)
{
    CLEANUP(mem_freep) char *account = explain_mark("account");
    CLEANUP(json_freep) struct json *items = NULL;
    struct plan plan;
    struct error err;

    parse(more, &plan);
    const struct engine_options options = {.plan = &plan,
                                           .kinds = kinds,
                                           .account = account,
                                           .region = "eu-west-1",
                                           .partition = "aws",
                                           .learner = "me"};
    if (!explain_step(&options, plan_find(&plan, str_of(step), NULL), &items, &err))
        buf_adds(out, err.message);
    for (const struct json *item = items ? json_first(items) : NULL; item; item = json_next(item)) {
        CLEANUP(buf_release) struct buf line = {0};

        json_write(item, &line);
        show_marks(buf_str(&line), out);
        buf_addc(out, '\n');
    }
    plan_release(&plan);
}

static void steps_as_items(void **state)
{
    static const struct {
        const char *step, *want;
    } rows[] = {
        {"box",
         "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"Describe\",\"input\":{\"Box\":\"b1\"}}\n"},
        {"blind", "step blind: kind blind cannot be explained"},
        {"user", "step user: kind user cannot be explained"},
        {"mute", "step mute: kind mute cannot be explained"},
        {"shy", "step shy: who is not told"},
        {"keep",
         "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"Describe\",\"input\":{\"Box\":\"b1\"},"
         "\"gives\":{\"box.port#\":\"Boxes.0.Port\",\"box.host\":\"Boxes.0.Host\"}}\n"
         "{\"type\":\"sql\",\"login\":{\"host\":\"<box.host>\",\"user\":\"demo\"},\"statements\":[\"ALTER "
         "USER\"]}\n"
         "{\"type\":\"call\",\"service\":\"sts\",\"operation\":\"GetCallerIdentity\",\"input\":{},\"gives\":{"
         "\"account\":\"Account\"}}\n"
         "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"Keep\",\"input\":{\"Name\":\"demo\","
         "\"Document\":\"{\\\"port\\\":<box.port#>,\\\"password\\\":\\\"<user.password>\\\"}\",\"Where\":\"<"
         "box.host> of <account> in eu-west-1, box b1\"},\"gives\":{\"keep.version\":\"Version\"}}\n"
         "{\"type\":\"repeat\",\"why\":\"until it is kept\"}\n"
         "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"Look\",\"input\":{\"Version\":\"<keep."
         "version>\"},\"gives\":{\"keep.state\":\"State\",\"keep.log\":\"Log\"}}\n"
         "{\"type\":\"until\",\"mark\":\"keep.state\",\"is\":[\"kept\",\"well "
         "kept\"],\"unless\":\"broken\"}\n"
         "{\"type\":\"repeat\",\"why\":\"until it says so\"}\n"
         "{\"type\":\"until\",\"mark\":\"keep.log\",\"contains\":\"done\",\"show\":true}\n"},
        {"of-mute", "step of-mute: step mute does not say how its secret is made anew"},
        {"of-shy", "step of-shy: who is not told"},
        {"of-nobody", "step of-nobody: nothing gives nobody.x"},
        {"of-env", "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"Keep\",\"input\":{\"Name\":\"\","
                   "\"Document\":\"{\\\"port\\\":\\\"\\\",\\\"password\\\":\\\"\\\"}\",\"Where\":\"<env.X>\"}"
                   ",\"gives\":{\"of-env.version\":\"Version\"}}\n"
                   "{\"type\":\"repeat\",\"why\":\"until it is kept\"}\n"
                   "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"Look\",\"input\":{\"Version\":\"<"
                   "of-env.version>\"},\"gives\":{\"of-env.state\":\"State\",\"of-env.log\":\"Log\"}}\n"
                   "{\"type\":\"until\",\"mark\":\"of-env.state\",\"is\":[\"kept\",\"well "
                   "kept\"],\"unless\":\"broken\"}\n"
                   "{\"type\":\"repeat\",\"why\":\"until it says so\"}\n"
                   "{\"type\":\"until\",\"mark\":\"of-env.log\",\"contains\":\"done\",\"show\":true}\n"},
        {"off", "{\"type\":\"call\",\"service\":\"box\",\"operation\":\"ThrowAway\",\"input\":{\"Name\":"
                "\"demo\"}}\n"},
        {"off-mute", "step off-mute: the undo of mute cannot be explained"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_release) struct buf out = {0};

        explain_text(rows[i].step, "", &out);
        if (!str_is(buf_str(&out), rows[i].want))
            fail_msg("%s: %s", rows[i].step, buf_text(&out));
    }
}

static void numbers_in_a_document(void **state)
{
    static const char loose[] =
        "{\"port\":" MARK_BEGIN "a.port#" MARK_END ",\"host\":\"" MARK_BEGIN "a.host" MARK_END "\"}";
    static const char quoted[] =
        "{\"port\":\"" MARK_BEGIN "a.port#" MARK_END "\",\"host\":\"" MARK_BEGIN "a.host" MARK_END "\"}";
    CLEANUP(buf_release) struct buf with = {0}, without = {0};

    (void)state;
    explain_quote_numbers(STR(loose), &with);
    assert_string_equal(buf_text(&with), quoted);
    explain_unquote_numbers(STR(quoted), &without);
    assert_string_equal(buf_text(&without), loose);
}

static void an_output_nobody_knows(void **state)
{
    CLEANUP(buf_release) struct buf out = {0};

    (void)state;
    explain_text("box", "  last: {uses: keep, with: {where: '${steps.box.unknown}'}}\n", &out);
    assert_string_equal(buf_text(&out),
                        "step box: step last: with: where: ${steps.box.unknown} is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_as_items),
        cmocka_unit_test(numbers_in_a_document),
        cmocka_unit_test(an_output_nobody_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
