/* The grammar of the AWS CLI's two files: facts 5.4, and the SDK teams' shared
 * parser suite where the facts are silent. */
#include "aws/config/config.h"

#include "aws/common/mem.h"

struct parser {
    bool credentials; /* which of the two files */
    struct json *profiles, *sso_sessions, *services;
    struct json *section; /* where properties go; NULL: a section that is ignored */
    bool in_section, in_property;
    bool nested;           /* the property's value was empty: sub-properties follow */
    bool default_prefixed; /* [profile default] was seen: it beats [default] */
    char *key;             /* of the running property; NULL: it is ignored */
    struct buf value;
    unsigned line;
};

static bool fail(const struct parser *p, const char *text, struct error *err)
{
    /* Never the line itself: it may hold a secret. */
    return error_set(err, ERR_CONFIG, "%s file, line %u: %s", p->credentials ? "credentials" : "config",
                     p->line, text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_comment(char c)
{
    return c == '#' || c == ';';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_/.%@:+", c) != NULL);
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_name_char(s.data[i]))
            return false;
    return s.len > 0;
}

static struct str without_comment(struct str line, bool after_blank_only)
{
    for (size_t i = 0; i < line.len; i++)
        if (is_comment(line.data[i]) && (!after_blank_only || (i > 0 && is_blank(line.data[i - 1]))))
            return str_trim(str_slice(line, 0, i));
    return str_trim(line);
}

static void end_property(struct parser *p)
{
    if (p->section && p->key)
        json_put_str(p->section, p->key, buf_str(&p->value));
    mem_free(p->key);
    p->key = NULL;
    p->in_property = p->nested = false;
    buf_reset(&p->value);
}

/* --- sections --- */

/* The object of that name, made when it is new. */
static struct json *open_section(struct json *group, struct str name)
{
    CLEANUP(mem_freep) char *key = mem_copy(name);
    struct json *section = json_edit(group, key);

    return section ? section : json_put(group, key, json_object());
}

static struct json *open_default(struct parser *p, bool prefixed)
{
    if (!prefixed && p->default_prefixed)
        return NULL;
    if (prefixed && !p->default_prefixed)
        json_remove(p->profiles, "default");
    p->default_prefixed = prefixed;
    return open_section(p->profiles, STR("default"));
}

/* Two quoted words are no name: they come back as they are. */
static struct str unquote(struct str name)
{
    struct str inner = str_slice(name, 1, name.len >= 2 ? name.len - 2 : 0);

    if (name.len >= 2 && (name.data[0] == '"' || name.data[0] == '\'') &&
        name.data[name.len - 1] == name.data[0] && str_find_char(inner, name.data[0]) == inner.len)
        return inner;
    return name;
}

/* NULL for a section that is none of ours: it is passed over. */
static struct json *find_section(struct parser *p, struct str head)
{
    const struct {
        const char *word;
        struct json *group;
    } kinds[] = {{"profile", p->profiles}, {"sso-session", p->sso_sessions}, {"services", p->services}};
    size_t end = 0;

    if (p->credentials)
        return is_name(head) ? open_section(p->profiles, head) : NULL;
    if (str_is(head, "default"))
        return open_default(p, false);
    while (end < head.len && !is_blank(head.data[end]))
        end++;
    struct str name = str_trim(str_slice(head, end, head.len)), plain = unquote(name);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_is(str_slice(head, 0, end), kinds[i].word) || str_empty(plain) ||
            (plain.len == name.len && !is_name(name)))
            continue;
        if (kinds[i].group == p->profiles && str_is(plain, "default"))
            return open_default(p, true);
        return open_section(kinds[i].group, plain);
    }
    return NULL;
}

static bool read_section(struct parser *p, struct str line, struct error *err)
{
    struct str head = without_comment(line, false);

    end_property(p);
    if (!str_ends(head, STR("]")))
        return fail(p, "Profile definition must end with ']'", err);
    p->section = find_section(p, str_trim(str_slice(head, 1, head.len - 2)));
    p->in_section = true;
    return true;
}

/* --- properties --- */

static bool read_property(struct parser *p, struct str line, struct error *err)
{
    struct str text = without_comment(line, true), key, value;
    size_t equals = str_find_char(text, '=');

    end_property(p);
    if (!p->in_section)
        return fail(p, "Expected a profile definition, found a property", err);
    if (equals == text.len)
        return fail(p, "Expected an '=' sign defining a property", err);
    key = str_trim(str_slice(text, 0, equals));
    value = str_trim(str_slice(text, equals + 1, text.len));
    if (str_empty(key))
        return fail(p, "Property did not have a name", err);
    p->in_property = true;
    p->nested = str_empty(value);
    if (!is_name(key))
        return true;
    p->key = mem_copy(key);
    for (char *c = p->key; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    buf_add(&p->value, value);
    return true;
}

static bool read_continuation(struct parser *p, struct str line, struct error *err)
{
    struct str text = str_trim(line);

    if (!p->in_section)
        return fail(p, "Expected a profile definition, found continuation", err);
    if (!p->in_property)
        return fail(p, "Expected a property definition, found continuation", err);
    if (p->nested) {
        size_t equals = str_find_char(text, '=');

        if (equals == text.len)
            return fail(p, "Expected an '=' sign defining a sub-property", err);
        if (str_empty(str_trim(str_slice(text, 0, equals))))
            return fail(p, "Sub-property did not have a name", err);
    }
    buf_addc(&p->value, '\n');
    buf_add(&p->value, text);
    return true;
}

static bool read_line(struct parser *p, struct str line, struct error *err)
{
    if (str_empty(str_trim(line)) || is_comment(line.data[0]))
        return true;
    if (is_blank(line.data[0]))
        return read_continuation(p, line, err);
    return line.data[0] == '[' ? read_section(p, line, err) : read_property(p, line, err);
}

static bool read_file(struct parser *p, struct str text, struct error *err)
{
    struct str line;

    p->section = NULL;
    p->in_section = p->in_property = p->nested = false;
    p->line = 0;
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_slice(text, 3, text.len);
    if (!str_is_utf8(text) || str_find_char(text, '\0') < text.len)
        return fail(p, "not text in UTF-8", err);
    while (!str_empty(text) && str_split(&text, '\n', &line)) {
        p->line++;
        if (!read_line(p, line, err))
            return false;
    }
    end_property(p);
    return true;
}

bool aws_config_parse(struct str config, struct str credentials, struct json **out, struct error *err)
{
    struct json *all = json_object();
    struct parser p = {0};
    bool ok;

    p.profiles = json_put(all, "profiles", json_object());
    p.sso_sessions = json_put(all, "sso_sessions", json_object());
    p.services = json_put(all, "services", json_object());
    ok = read_file(&p, config, err);
    if (ok) {
        p.credentials = true;
        /* Later wins, so what the credentials file says beats the config file. */
        ok = read_file(&p, credentials, err);
    }
    mem_free(p.key);
    buf_release(&p.value);
    if (!ok) {
        json_free(all);
        return false;
    }
    *out = all;
    return true;
}
