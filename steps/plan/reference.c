#include "steps/plan/reference.h"

enum { ID_BYTES = 64 };

const char *const reference_builtins[] = {"account", "region", "partition", "learner", NULL};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool reference_is_id(struct str s)
{
    if (s.len == 0 || s.len > ID_BYTES || !is_letter(s.data[0]))
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!is_word(s.data[i]))
            return false;
    return true;
}

/* What stands between ${ and }. An output or environment variable may be any
 * word; whether it exists is for others to say. */
static void read_inside(struct str inside, struct piece *piece)
{
    const struct str steps = STR("steps."), env = STR("env.");
    struct str rest = inside;
    size_t dot;

    piece->kind = PIECE_NAME;
    if (str_starts(inside, steps)) {
        rest = str_slice(inside, steps.len, inside.len);
        dot = str_find_char(rest, '.');
        piece->kind = dot < rest.len ? PIECE_OUTPUT : PIECE_STEP;
        piece->output = str_slice(rest, dot + 1, rest.len);
        rest = str_slice(rest, 0, dot);
    } else if (str_starts(inside, env)) {
        rest = str_slice(inside, env.len, inside.len);
        piece->kind = PIECE_ENV;
    }
    piece->name = rest;
    if (rest.len == 0)
        piece->kind = PIECE_MALFORMED;
    for (size_t i = 0; i < rest.len; i++)
        if (!is_word(rest.data[i]))
            piece->kind = PIECE_MALFORMED;
}

bool reference_next(struct str text, size_t *at, struct piece *piece)
{
    struct str rest = str_slice(text, *at, text.len);
    size_t end = 0;

    if (rest.len == 0)
        return false;
    *piece = (struct piece){.offset = *at};
    if (str_starts(rest, STR("$${"))) {
        piece->text = str_slice(rest, 1, 2);
        *at += 3;
        return true;
    }
    if (str_starts(rest, STR("${"))) {
        end = str_find_char(rest, '}');
        piece->text = str_slice(rest, 0, end + 1);
        if (end < rest.len)
            read_inside(str_slice(rest, 2, end - 2), piece);
        else
            piece->kind = PIECE_UNFINISHED;
        *at += piece->text.len;
        return true;
    }
    end = 1;
    while (end < rest.len && !str_starts(str_slice(rest, end, rest.len), STR("$${")) &&
           !str_starts(str_slice(rest, end, rest.len), STR("${")))
        end++;
    piece->text = str_slice(rest, 0, end);
    *at += end;
    return true;
}

bool reference_whole(struct str text, struct piece *piece)
{
    size_t at = 0;

    return reference_next(text, &at, piece) && at == text.len && piece->kind != PIECE_LITERAL;
}

bool reference_any(struct str text)
{
    return str_contains(text, STR("${"));
}
