/* A step as a bash script: by the AWS CLI, or by curl, which signs. The database is
 * asked by the mysql client in both. No secret is in a command line of a program: it
 * stands in a variable of the shell, and goes on through a file descriptor. */
#include "aws/http/message.h"
#include "aws/http/uri.h"
#include "aws/protocol/protocol.h"
#include "cmd/lab/cli_form.h"
#include "cmd/lab/explain.h"

#include <string.h>

struct script {
    struct buf *out;
    unsigned depth;
    struct error *err;
    const struct dialect *dialect;
};

/* Where the two differ. */
struct dialect {
    const char *header;
    /* The command of a call; member separators are indented by lead. */
    bool (*command)(const struct script *s, const struct json *item, const char *lead, struct buf *out);
    /* What reads a value out of $reply. */
    void (*extract)(const struct aws_operation *op, const struct explain_path *path, struct buf *out);
    /* Added to a command so that it gives one value by itself; false: it cannot. */
    bool (*ask_for)(const struct explain_path *path, struct buf *out);
    const char *reply_form; /* added to a command whose reply is kept */
};

/* --- what is read out of a reply --- */

static bool is_in_text(const struct explain_path *path)
{
    return path->parts[path->count - 1].type == PATH_IN_TEXT;
}

/* JMESPath. */
static bool query(const struct explain_path *path, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};

    if (is_in_text(path))
        return false;
    for (size_t i = 0; i < path->count; i++) {
        const struct path_part *p = &path->parts[i];
        switch (p->type) {
        case PATH_MEMBER:
            buf_printf(&text, "%s%.*s", i ? "." : "", STR_ARG(p->name));
            break;
        case PATH_FIRST:
            buf_adds(&text, "[0]");
            break;
        case PATH_EACH:
            buf_adds(&text, "[]");
            break;
        case PATH_EACH_VALUE:
            buf_adds(&text, ".*");
            break;
        case PATH_TAG:
            buf_printf(&text, "[?Key=='%.*s'].Value | [0]", STR_ARG(p->name));
            break;
        case PATH_IN_TEXT:
            break;
        }
    }
    CLEANUP(buf_release) struct buf whole = {0};
    buf_printf(&whole, path->each ? "join(',', %s)" : "%s", buf_text(&text));
    buf_adds(out, "--query ");
    shell_word(buf_str(&whole), out);
    buf_adds(out, " --output text");
    return true;
}

static void jq(const struct aws_operation *op, const struct explain_path *path, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};

    (void)op;
    for (size_t i = 0; i < path->count; i++) {
        const struct path_part *p = &path->parts[i];
        switch (p->type) {
        case PATH_MEMBER:
            buf_printf(&text, ".%.*s", STR_ARG(p->name));
            break;
        case PATH_FIRST:
            buf_adds(&text, "[0]");
            break;
        case PATH_EACH:
        case PATH_EACH_VALUE:
            buf_adds(&text, "[]");
            break;
        case PATH_TAG:
            buf_printf(&text, "[] | select(.Key == \"%.*s\").Value", STR_ARG(p->name));
            break;
        case PATH_IN_TEXT:
            buf_printf(&text, " | fromjson | .%.*s", STR_ARG(p->name));
            break;
        }
    }
    CLEANUP(buf_release) struct buf whole = {0};
    buf_printf(&whole, path->each ? "[%s] | join(\",\")" : "%s", buf_text(&text));
    buf_adds(out, "jq -r ");
    shell_word(buf_str(&whole), out);
    buf_adds(out, " <<<\"$reply\"");
}

static const char *reply_name(const struct model_shape *shape, const char *name)
{
    const struct model_member *m = model_member(shape, name);

    return m ? m->reply : name;
}

/* XML: the elements of the last name, for the replies read here hold no other of it
 * before. */
static void xml(const struct explain_path *path, struct buf *out)
{
    const struct path_part *last = &path->parts[0];

    for (size_t i = 0; i < path->count; i++) {
        if (path->parts[i].type == PATH_MEMBER || path->parts[i].type == PATH_TAG)
            last = &path->parts[i];
    }
    if (last->type == PATH_TAG)
        buf_printf(out, "tagged '%.*s' %s %s <<<\"$reply\"", STR_ARG(last->name),
                   reply_name(last->m->shape, "Key"), reply_name(last->m->shape, "Value"));
    else
        buf_printf(out, "texts %s <<<\"$reply\" | %s", last->m->reply,
                   path->each ? "paste -sd," : "sed -n 1p");
}

static void curl_extract(const struct aws_operation *op, const struct explain_path *path, struct buf *out)
{
    if (op->service->protocol == AWS_JSON_1_1)
        jq(op, path, out);
    else
        xml(path, out);
}

static bool no_ask(const struct explain_path *path, struct buf *out)
{
    (void)path;
    (void)out;
    return false;
}

/* --- the commands --- */

static bool aws_command(const struct script *s, const struct json *item, const char *lead, struct buf *out)
{
    (void)s;
    cli_command(json_get_text(item, "service"), json_get_text(item, "operation"), json_get(item, "input"),
                lead, out);
    return true;
}

/* The body of a form as names and values again, which curl encodes. */
static bool add_form(const struct http_request *request, const char *lead, struct buf *out, struct error *err)
{
    struct str rest = buf_str(&request->body), pair;

    while (str_split(&rest, '&', &pair)) {
        CLEANUP(buf_release) struct buf text = {0};

        if (!uri_decode(pair, true, &text, err))
            return false;
        buf_adds(out, lead);
        buf_adds(out, "--data-urlencode ");
        shell_word(buf_str(&text), out);
    }
    return true;
}

static void add_body(const struct aws_operation *op, const struct json *input,
                     const struct http_request *request, const char *lead, struct buf *out)
{
    bool sensitive = input_is_sensitive(op, input);

    buf_printf(out, "%s-H 'X-Amz-Target: %s.%s' -H 'Content-Type: application/x-amz-json-1.1'", lead,
               op->service->target_prefix, op->name);
    buf_printf(out, "%s--data-binary %s", lead, sensitive ? "@<(printf %s " : "");
    shell_word(buf_str(&request->body), out);
    buf_adds(out, sensitive ? ")" : "");
}

static bool curl_command(const struct script *s, const struct json *item, const char *lead, struct buf *out)
{
    const struct aws_operation *op = item_operation(item);
    const struct json *input = json_get(item, "input");
    struct http_request request = {0};
    bool ok = protocol_encode_request(op, input, &request, s->err);

    if (ok) {
        if (op->service->global)
            buf_printf(out, "call %s us-east-1 %s.amazonaws.com", op->service->signing_name,
                       op->service->endpoint_prefix);
        else
            buf_printf(out, "call %s \"$AWS_REGION\" \"%s.$AWS_REGION.amazonaws.com\"",
                       op->service->signing_name, op->service->endpoint_prefix);
        if (op->service->protocol == AWS_JSON_1_1)
            add_body(op, input, &request, lead, out);
        else
            ok = add_form(&request, lead, out, s->err);
    }
    http_request_release(&request);
    return ok;
}

static const struct dialect cli = {"", aws_command, jq, query, "--output json"};
static const struct dialect curl = {
    "\n"
    "# call SERVICE REGION HOST CURL_ARGUMENT…: signed by curl, which reads the key from a\n"
    "# file descriptor.\n"
    "call() {\n"
    "    curl -sS --fail-with-body --config <(\n"
    "        printf 'user = \"%s:%s\"\\n' \"$AWS_ACCESS_KEY_ID\" \"$AWS_SECRET_ACCESS_KEY\"\n"
    "        [ -z \"${AWS_SESSION_TOKEN-}\" ] ||\n"
    "            printf 'header = \"X-Amz-Security-Token: %s\"\\n' \"$AWS_SESSION_TOKEN\"\n"
    "    ) --aws-sigv4 \"aws:amz:$2:$1\" \"${@:4}\" \"${AWS_ENDPOINT_URL:-https://$3}/\"\n"
    "}\n"
    "# texts ELEMENT: what stands in the elements of that name, one a line.\n"
    "texts() { { grep -o \"<$1>[^<]*\" || true; } | cut -d'>' -f2; }\n"
    "# tagged KEY KEY_ELEMENT VALUE_ELEMENT: the value of a tag.\n"
    "tagged() { tr -d '\\n' | sed -n \"s/.*<$2>$1<\\/$2> *<$3>\\([^<]*\\).*/\\1/p\"; }\n",
    curl_command, curl_extract, no_ask, ""};

/* --- items --- */

static void lead_of(unsigned depth, struct buf *out)
{
    buf_adds(out, " \\\n");
    explain_indent(depth, out);
}

static void assign(const char *mark, struct buf *out)
{
    mark_variable(str_of(mark), out);
    buf_adds(out, "=$(");
}

/* One value: the command gives it. Else the reply is kept and read. */
static bool add_reading(const struct script *s, const struct json *item, struct buf *command,
                        const char *lead)
{
    const struct json *gives = json_get(item, "gives");
    bool many = json_count(gives) > 1;
    const char *lost = s->depth && json_get(item, "again") ? " || { sleep 1; continue; }" : "";

    for (const struct json *give = json_first(gives); give; give = json_next(give)) {
        CLEANUP(buf_release) struct buf asked = {0};
        struct explain_path path;

        if (!explain_path_read(item_operation(item), json_text(give), &path, s->err))
            return false;
        buf_adds(&asked, lead);
        if (!many && s->dialect->ask_for(&path, &asked)) {
            assign(json_key(give), s->out);
            buf_printf(s->out, "%s%s)%s\n", buf_text(command), buf_text(&asked), lost);
            return true;
        }
        if (give == json_first(gives))
            buf_printf(s->out, "reply=$(%s%s%s)%s\n", buf_text(command), *s->dialect->reply_form ? lead : "",
                       s->dialect->reply_form, lost);
        explain_indent(s->depth, s->out);
        assign(json_key(give), s->out);
        s->dialect->extract(item_operation(item), &path, s->out);
        buf_adds(s->out, ")\n");
    }
    return true;
}

/* Ends the script unless it is refused with the code. */
static void add_refusal(const struct script *s, const char *command, const char *code, const char *here)
{
    buf_printf(s->out, "if said=$(%s 2>&1%s); then\n", command, here);
    explain_indent(s->depth + 1, s->out);
    buf_adds(s->out, "echo 'that had to be refused' >&2\n");
    explain_indent(s->depth + 1, s->out);
    buf_adds(s->out, "exit 1\n");
    explain_indent(s->depth, s->out);
    buf_adds(s->out, "fi\n");
    explain_indent(s->depth, s->out);
    buf_adds(s->out, "printf '%s\\n' \"$said\"\n");
    explain_indent(s->depth, s->out);
    buf_printf(s->out, "[[ $said == *%s* ]]\n", code);
}

static bool add_call(const struct script *s, const struct json *item)
{
    CLEANUP(buf_release) struct buf command = {0}, lead = {0};
    const char *fails = json_get_text(item, "fails");

    lead_of(s->depth + 1, &lead);
    if (!s->dialect->command(s, item, buf_text(&lead), &command))
        return false;
    explain_indent(s->depth, s->out);
    if (*fails)
        add_refusal(s, buf_text(&command), fails, "");
    else if (json_count(json_get(item, "gives")) > 0)
        return add_reading(s, item, &command, buf_text(&lead));
    else if (json_get(item, "again"))
        buf_printf(s->out, "tries=0\nuntil %s; do\n    ((++tries < 40))\n    sleep 3\ndone\n",
                   buf_text(&command));
    else
        buf_printf(s->out, "%s\n", buf_text(&command));
    return true;
}

/* Statements as a here-document; only what holds a variable is left to the shell. */
static void add_statements(const struct json *statements, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = {0};
    struct str rest, before, name, after;
    bool marks;

    for (const struct json *e = json_first(statements); e; e = json_next(e))
        buf_printf(&text, "%s;\n", json_text(e));
    rest = buf_str(&text);
    marks = explain_next_mark(rest, &before, &name, &after);
    buf_adds(out, marks ? " <<SQL" : " <<'SQL'");
    buf_addc(out, '\n');
    while (rest.len > 0) {
        bool mark = explain_next_mark(rest, &before, &name, &after);
        struct str literal = mark ? before : rest;

        for (size_t i = 0; i < literal.len; i++) {
            if (marks && strchr("\\`$", literal.data[i]))
                buf_addc(out, '\\');
            buf_addc(out, literal.data[i]);
        }
        if (mark) {
            buf_adds(out, "${");
            mark_variable(name, out);
            buf_addc(out, '}');
        }
        rest = mark ? after : STR("");
    }
    buf_adds(out, "SQL");
}

static void add_sql(const struct script *s, const struct json *item)
{
    static const char *const members[] = {"host", "port", "user", "password", "database"};
    CLEANUP(buf_release) struct buf command = {0}, here = {0};
    const struct json *login = json_get(item, "login");
    const char *fails = json_get_text(item, "fails");

    buf_adds(&command, "database");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!json_get(login, members[i]))
            continue;
        buf_addc(&command, ' ');
        shell_word(json_str(json_get(login, members[i])), &command);
    }
    add_statements(json_get(item, "statements"), &here);
    explain_indent(s->depth, s->out);
    if (*fails) {
        buf_addc(&here, '\n');
        add_refusal(s, buf_text(&command), fails, buf_text(&here));
    } else {
        buf_printf(s->out, "%s%s\n", buf_text(&command), buf_text(&here));
    }
}

static void add_condition(const struct json *item, struct buf *out)
{
    const struct json *words = json_get(item, "is");

    buf_adds(out, "[[ ");
    if (!words) {
        buf_addc(out, '$');
        mark_variable(json_str(json_get(item, "mark")), out);
        buf_adds(out, " == *");
        /* $'…': a tab may be in it. */
        if (strchr(json_get_text(item, "contains"), '\t')) {
            buf_adds(out, "$'");
            for (const char *p = json_get_text(item, "contains"); *p; p++)
                buf_printf(out, *p == '\t' ? "\\t" : "%c", *p);
            buf_addc(out, '\'');
        } else {
            shell_word(json_str(json_get(item, "contains")), out);
        }
        buf_addc(out, '*');
    }
    for (const struct json *w = json_first(words); w; w = json_next(w)) {
        buf_printf(out, "%s$", w == json_first(words) ? "" : " || ");
        mark_variable(json_str(json_get(item, "mark")), out);
        buf_adds(out, " == ");
        shell_word(json_str(w), out);
    }
    buf_adds(out, " ]]");
}

static void add_unless(const struct script *s, const struct json *item)
{
    CLEANUP(buf_release) struct buf name = {0};
    const char *text = json_get_text(item, "unless");

    if (!*text)
        return;
    mark_variable(json_str(json_get(item, "mark")), &name);
    explain_indent(s->depth, s->out);
    buf_printf(s->out, "[[ $%s != *%s* ]] || { echo \"it is $%s\" >&2; exit 1; }\n", buf_text(&name), text,
               buf_text(&name));
}

static void end_repeat(struct script *s, const struct json *item)
{
    CLEANUP(buf_release) struct buf condition = {0};

    add_condition(item, &condition);
    explain_indent(s->depth, s->out);
    buf_printf(s->out, "%s && break\n", buf_text(&condition));
    add_unless(s, item);
    explain_indent(s->depth, s->out);
    buf_adds(s->out, "sleep 3\n");
    s->depth--;
    explain_indent(s->depth, s->out);
    buf_adds(s->out, "done\n");
    explain_indent(s->depth, s->out);
    /* Of loops in a loop the outer one judges. */
    buf_printf(s->out, "%s%s\n", buf_text(&condition), s->depth ? " || true" : "");
    if (!json_get(item, "show"))
        return;
    explain_indent(s->depth, s->out);
    buf_adds(s->out, "printf '%s\\n' \"$");
    mark_variable(json_str(json_get(item, "mark")), s->out);
    buf_adds(s->out, "\"\n");
}

static const char database[] =
    "\n"
    "# database HOST PORT USER PASSWORD [SCHEMA]: the statements on standard input, over TLS;\n"
    "# the client reads the password from a file descriptor.\n"
    "database() {\n"
    "    mysql --defaults-extra-file=<(\n"
    "        printf '[client]\\nuser=\"%s\"\\npassword=\"%s\"\\nssl-ca=\"%s\"\\n' "
    "\"$3\" \"$4\" \"${LAB_CA:-global-bundle.pem}\"\n"
    "        printf 'loose-ssl-verify-server-cert\\nloose-ssl-mode=VERIFY_IDENTITY\\n'\n"
    "    ) --host=\"$1\" --port=\"$2\" ${5:+--database=\"$5\"}\n"
    "}\n";

static bool render(const struct explanation *x, const struct dialect *dialect, struct buf *out,
                   struct error *err)
{
    struct script s = {out, 0, err, dialect};

    buf_adds(out, "#!/usr/bin/env bash\n");
    explain_heading(x, "#", out);
    buf_adds(out, "set -euo pipefail\n");
    buf_adds(out, dialect->header);
    if (items_have(x->items, "sql"))
        buf_adds(out, database);
    buf_addc(out, '\n');
    for (const struct json *item = json_first(x->items); item; item = json_next(item)) {
        explain_comment("#", s.depth, json_get_text(item, "why"), out);
        if (item_is(item, "call") && !add_call(&s, item))
            return false;
        if (item_is(item, "sql"))
            add_sql(&s, item);
        if (item_is(item, "until"))
            end_repeat(&s, item);
        if (item_is(item, "repeat")) {
            explain_indent(s.depth++, out);
            buf_adds(out, "for _ in {1..400}; do\n");
        }
    }
    return true;
}

bool explain_cli(const struct explanation *x, struct buf *out, struct error *err)
{
    return render(x, &cli, out, err);
}

bool explain_curl(const struct explanation *x, struct buf *out, struct error *err)
{
    return render(x, &curl, out, err);
}
