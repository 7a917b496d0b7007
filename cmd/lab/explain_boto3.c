/* A step as a Python program with boto3. The database is asked by the mysql client,
 * which reads the password from a file descriptor. */
#include "cmd/lab/cli_form.h"
#include "cmd/lab/explain.h"

#include <string.h>

struct program {
    struct buf *out;
    unsigned depth;
    struct error *err;
};

/* --- values --- */

/* A text without marks. JSON's escapes are Python's; what holds many quotes is easier
 * to read in the other ones. */
static void literal(struct str text, struct buf *out)
{
    bool single =
        !str_contains(text, STR("'")) && !str_contains(text, STR("\\")) && str_contains(text, STR("\""));

    for (size_t i = 0; i < text.len && single; i++)
        single = (unsigned char)text.data[i] >= ' ';
    if (!single) {
        json_write_string(text, out);
        return;
    }
    buf_addc(out, '\'');
    buf_add(out, text);
    buf_addc(out, '\'');
}

static void variable(struct str name, struct buf *out)
{
    if (str_starts(name, STR("env."))) {
        buf_printf(out, "os.environ[\"%.*s\"]", STR_ARG(str_slice(name, 4, name.len)));
        return;
    }
    /* A number that a reply gives is one. */
    buf_adds(out, str_ends(name, STR("#")) ? "str(" : "");
    mark_variable(name, out);
    buf_adds(out, str_ends(name, STR("#")) ? ")" : "");
}

/* Pieces joined by +. */
static void add_text(struct str text, struct buf *out)
{
    struct str before, name, after;
    const char *plus = "";

    for (; explain_next_mark(text, &before, &name, &after); text = after) {
        if (before.len > 0) {
            buf_adds(out, plus);
            literal(before, out);
            plus = " + ";
        }
        buf_adds(out, plus);
        variable(name, out);
        plus = " + ";
    }
    if (text.len == 0 && *plus)
        return;
    buf_adds(out, plus);
    literal(text, out);
}

static void add_value(const struct json *value, struct buf *out)
{
    const char *comma = "";

    if (json_is_string(value)) {
        add_text(json_str(value), out);
    } else if (json_is_bool(value)) {
        buf_adds(out, json_bool(value, false) ? "True" : "False");
    } else if (!json_is_array(value) && !json_is_object(value)) {
        json_write(value, out);
    } else {
        buf_addc(out, json_is_array(value) ? '[' : '{');
        for (const struct json *m = json_first(value); m; m = json_next(m)) {
            buf_adds(out, comma);
            if (json_is_object(value)) {
                literal(str_of(json_key(m)), out);
                buf_adds(out, ": ");
            }
            add_value(m, out);
            comma = ", ";
        }
        buf_addc(out, json_is_array(value) ? ']' : '}');
    }
}

/* --- what is read out of a reply --- */

static void add_path(const struct explain_path *path, struct buf *out)
{
    CLEANUP(buf_release) struct buf at = {0}, loops = {0};
    char name = 'a';

    buf_adds(&at, "reply");
    for (size_t i = 0; i < path->count; i++) {
        const struct path_part *p = &path->parts[i];
        CLEANUP(buf_release) struct buf before = {0};

        buf_take(&before, &at);
        switch (p->type) {
        case PATH_MEMBER:
            buf_printf(&at, "%s[\"%.*s\"]", buf_text(&before), STR_ARG(p->name));
            break;
        case PATH_FIRST:
            buf_printf(&at, "%s[0]", buf_text(&before));
            break;
        case PATH_EACH:
        case PATH_EACH_VALUE:
            buf_printf(&loops, " for %c in %s%s", name, buf_text(&before),
                       p->type == PATH_EACH ? "" : ".values()");
            buf_addc(&at, name++);
            break;
        case PATH_TAG:
            buf_printf(&at, "next(tag[\"Value\"] for tag in %s if tag[\"Key\"] == \"%.*s\")",
                       buf_text(&before), STR_ARG(p->name));
            break;
        case PATH_IN_TEXT:
            buf_printf(&at, "json.loads(%s)[\"%.*s\"]", buf_text(&before), STR_ARG(p->name));
            break;
        }
    }
    if (path->each)
        buf_printf(out, "\",\".join(%s%s)", buf_text(&at), buf_text(&loops));
    else
        buf_add(out, buf_str(&at));
}

/* --- items --- */

static void line(const struct program *p, unsigned more, const char *text)
{
    explain_indent(p->depth + more, p->out);
    buf_printf(p->out, "%s\n", text);
}

static void nap(const struct program *p, unsigned more, int seconds)
{
    explain_indent(p->depth + more, p->out);
    buf_printf(p->out, "time.%s(%d)\n", "sleep", seconds);
}

static void command(const struct json *item, unsigned depth, struct buf *out)
{
    const struct json *input = json_get(item, "input");

    buf_printf(out, "boto3.client(\"%s\").", json_get_text(item, "service"));
    cli_word(str_of(json_get_text(item, "operation")), '_', out);
    buf_addc(out, '(');
    for (const struct json *m = json_first(input); m; m = json_next(m)) {
        buf_addc(out, '\n');
        explain_indent(depth + 1, out);
        buf_printf(out, "%s=", json_key(m));
        add_value(m, out);
        buf_addc(out, ',');
    }
    if (json_count(input) > 0) {
        buf_addc(out, '\n');
        explain_indent(depth, out);
    }
    buf_addc(out, ')');
}

/* In a try: the client's refusal with this code; any other goes on. */
static void except(const struct program *p, const char *code)
{
    line(p, 0, "except ClientError as error:");
    explain_indent(p->depth + 1, p->out);
    buf_printf(p->out, "if error.response[\"Error\"][\"Code\"] != \"%s\":\n", code);
    line(p, 2, "raise");
    line(p, 1, "print(error)");
    line(p, 0, "else:");
    line(p, 1, "raise SystemExit(\"that had to be refused\")");
}

static void add_again(const struct program *p, const char *text)
{
    line(p, 0, "for tries in range(40):");
    line(p, 1, "try:");
    explain_indent(p->depth + 2, p->out);
    buf_printf(p->out, "%s\n", text);
    line(p, 2, "break");
    line(p, 1, "except ClientError:");
    line(p, 2, "if tries == 39:");
    line(p, 3, "raise");
    nap(p, 2, 3);
}

static void add_reply(const struct program *p, const struct json *item, const char *text)
{
    bool again = p->depth && json_get(item, "again");

    if (again)
        line(p, 0, "try:");
    explain_indent(p->depth + (again ? 1 : 0), p->out);
    buf_printf(p->out, "reply = %s\n", text);
    if (!again)
        return;
    line(p, 0, "except ClientError:");
    nap(p, 1, 1);
    line(p, 1, "continue");
}

static bool add_call(const struct program *p, const struct json *item)
{
    const char *fails = json_get_text(item, "fails");
    const struct json *gives = json_get(item, "gives");
    bool tried = *fails || json_get(item, "again");
    unsigned more = *fails ? 1 : !tried ? 0 : p->depth ? 1 : 2;
    CLEANUP(buf_release) struct buf text = {0};

    command(item, p->depth + more, &text);
    if (json_count(gives) > 0) {
        add_reply(p, item, buf_text(&text));
    } else if (*fails) {
        line(p, 0, "try:");
        explain_indent(p->depth + 1, p->out);
        buf_printf(p->out, "%s\n", buf_text(&text));
        except(p, fails);
    } else if (tried) {
        add_again(p, buf_text(&text));
    } else {
        explain_indent(p->depth, p->out);
        buf_printf(p->out, "print(%s)\n", buf_text(&text));
    }
    for (const struct json *give = json_first(gives); give; give = json_next(give)) {
        struct explain_path path;

        if (!explain_path_read(item_operation(item), json_text(give), &path, p->err))
            return false;
        explain_indent(p->depth, p->out);
        mark_variable(str_of(json_key(give)), p->out);
        buf_adds(p->out, " = ");
        add_path(&path, p->out);
        buf_addc(p->out, '\n');
    }
    return true;
}

static void add_sql(const struct program *p, const struct json *item)
{
    static const char *const members[] = {"host", "port", "user", "password", "database"};
    const struct json *login = json_get(item, "login");
    const char *fails = json_get_text(item, "fails");

    explain_indent(p->depth, p->out);
    buf_adds(p->out, "database(");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!json_get(login, members[i]))
            continue;
        buf_printf(p->out, "%s%s=", i ? ", " : "", members[i]);
        add_value(json_get(login, members[i]), p->out);
    }
    if (*fails)
        buf_printf(p->out, ", refused=\"%s\"", fails);
    buf_adds(p->out, ", statements=[\n");
    for (const struct json *e = json_first(json_get(item, "statements")); e; e = json_next(e)) {
        explain_indent(p->depth + 1, p->out);
        add_text(json_str(e), p->out);
        buf_adds(p->out, ",\n");
    }
    line(p, 0, "])");
}

static void add_unless(const struct program *p, const struct json *item, const char *name)
{
    const char *text = json_get_text(item, "unless");

    if (!*text)
        return;
    explain_indent(p->depth, p->out);
    buf_printf(p->out, "if \"%s\" in %s:\n", text, name);
    explain_indent(p->depth + 1, p->out);
    buf_printf(p->out, "raise SystemExit(\"it is \" + %s)\n", name);
}

static void end_repeat(struct program *p, const struct json *item)
{
    const struct json *words = json_get(item, "is");
    CLEANUP(buf_release) struct buf name = {0};

    mark_variable(json_str(json_get(item, "mark")), &name);
    explain_indent(p->depth, p->out);
    if (words) {
        buf_printf(p->out, "if %s in ", buf_text(&name));
        add_value(words, p->out);
    } else {
        buf_adds(p->out, "if ");
        add_text(json_str(json_get(item, "contains")), p->out);
        buf_printf(p->out, " in %s", buf_text(&name));
    }
    buf_adds(p->out, ":\n");
    line(p, 1, "break");
    add_unless(p, item, buf_text(&name));
    nap(p, 0, 3);
    p->depth--;
    if (p->depth == 0) {
        line(p, 0, "else:");
        line(p, 1, "raise SystemExit(\"it took too long\")");
    }
    if (!json_get(item, "show"))
        return;
    explain_indent(p->depth, p->out);
    buf_printf(p->out, "print(%s)\n", buf_text(&name));
}

static const char database[] =
    "\n\n"
    "def database(host, port, user, password, statements, database=None, refused=None):\n"
    "    \"\"\"Runs the statements over TLS; the client reads the password from a file descriptor.\"\"\"\n"
    "    options = f'[client]\\nuser=\"{user}\"\\npassword=\"{password}\"\\n'\n"
    "    options += 'ssl-ca=\"%s\"\\n' % os.environ.get('LAB_CA', 'global-bundle.pem')\n"
    "    options += 'loose-ssl-verify-server-cert\\nloose-ssl-mode=VERIFY_IDENTITY\\n'\n"
    "    end, start = os.pipe()\n"
    "    os.write(start, options.encode())\n"
    "    os.close(start)\n"
    "    command = ['mysql', f'--defaults-extra-file=/dev/fd/{end}', f'--host={host}', f'--port={port}']\n"
    "    command += [f'--database={database}'] if database else []\n"
    "    done = subprocess.run(command, input=\";\\n\".join(statements) + \";\\n\", text=True, "
    "pass_fds=[end],\n"
    "                          stderr=subprocess.PIPE)\n"
    "    os.close(end)\n"
    "    print(done.stderr, end='')\n"
    "    if (done.returncode == 0) == bool(refused) or (refused and refused not in done.stderr):\n"
    "        raise SystemExit('the database did not say what it should')\n"
    "\n";

bool explain_boto3(const struct explanation *x, struct buf *out, struct error *err)
{
    struct program p = {out, 0, err};

    buf_adds(out, "#!/usr/bin/env python3\n");
    explain_heading(x, "#", out);
    buf_adds(out, "import json\nimport os\nimport subprocess\nimport time\n\nimport boto3\n"
                  "from botocore.exceptions import ClientError\n");
    if (items_have(x->items, "sql"))
        buf_adds(out, database);
    buf_addc(out, '\n');
    for (const struct json *item = json_first(x->items); item; item = json_next(item)) {
        explain_comment("#", p.depth, json_get_text(item, "why"), out);
        if (item_is(item, "call") && !add_call(&p, item))
            return false;
        if (item_is(item, "sql"))
            add_sql(&p, item);
        if (item_is(item, "until"))
            end_repeat(&p, item);
        if (item_is(item, "repeat")) {
            line(&p, 0, "for _ in range(400):");
            p.depth++;
        }
    }
    return true;
}
