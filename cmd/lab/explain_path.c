#include "cmd/lab/explain.h"

#include <string.h>

/* Walks the shapes of a reply beside the path. */
struct walk {
    const struct model_shape *shape;
    struct explain_path *out;
};

static struct path_part *add(struct walk *w, enum path_part_type type, struct str name)
{
    struct path_part *part = &w->out->parts[w->out->count++];

    *part = (struct path_part){.type = type, .name = name};
    return part;
}

static const struct model_member *element_of(const struct model_shape *shape)
{
    return shape->type == SHAPE_MAP ? &shape->members[1] : &shape->members[0];
}

static bool enter(struct walk *w, struct str name)
{
    for (size_t i = 0; w->shape->type == SHAPE_STRUCTURE && i < w->shape->count; i++) {
        if (!str_is(name, w->shape->members[i].name))
            continue;
        add(w, PATH_MEMBER, name)->m = &w->shape->members[i];
        w->shape = w->shape->members[i].shape;
        return true;
    }
    return false;
}

/* "0" or "*" */
static bool enter_element(struct walk *w, bool each)
{
    if (w->shape->type != SHAPE_LIST && !(each && w->shape->type == SHAPE_MAP))
        return false;
    add(w, !each ? PATH_FIRST : w->shape->type == SHAPE_MAP ? PATH_EACH_VALUE : PATH_EACH, STR(""));
    w->out->each = w->out->each || each;
    w->shape = element_of(w->shape)->shape;
    return true;
}

/* "Name", "Tags[KEY]" or "Text/member" */
static bool enter_word(struct walk *w, struct str word)
{
    size_t bracket = str_find_char(word, '['), slash = str_find_char(word, '/');
    size_t end = bracket < slash ? bracket : slash;

    if (!enter(w, str_slice(word, 0, end)))
        return false;
    if (bracket < word.len)
        add(w, PATH_TAG, str_slice(word, bracket + 1, word.len - bracket - 2))->m = element_of(w->shape);
    else if (slash < word.len)
        add(w, PATH_IN_TEXT, str_slice(word, slash + 1, word.len));
    return true;
}

bool explain_path_read(const struct aws_operation *operation, const char *path, struct explain_path *out,
                       struct error *err)
{
    struct walk w = {.shape = operation->output, .out = out};
    struct str rest = str_of(path), word;

    *out = (struct explain_path){0};
    while (str_split(&rest, '.', &word)) {
        bool element = str_is(word, "0") || str_is(word, "*");

        if (out->count + 2 > PATH_PARTS_MAX || !w.shape ||
            (element ? !enter_element(&w, str_is(word, "*")) : !enter_word(&w, word)))
            return error_set(err, ERR_BUG, "%s has no %s in its reply", operation->name, path);
    }
    return true;
}
