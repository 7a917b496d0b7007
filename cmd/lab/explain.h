/* lab explain: the items of a step (steps/engine/explain.h) in the language asked for.
 * One renderer a language; none knows a step or a kind. */
#ifndef CMD_LAB_EXPLAIN_H
#define CMD_LAB_EXPLAIN_H

#include "aws/model/model.h"
#include "steps/engine/explain.h"

/* What a renderer is handed. */
struct explanation {
    const struct plan *plan;
    const struct plan_step *step;
    const struct json *items;
};

typedef bool explain_renderer(const struct explanation *x, struct buf *out, struct error *err);
explain_renderer explain_cli, explain_curl; /* explain_shell.c */
explain_renderer explain_boto3;             /* explain_boto3.c */
explain_renderer explain_sql_form;          /* explain_sql_form.c */

/* Of one step, or of all in an order in which they can run. */
typedef bool explain_steps_renderer(const struct explanation *steps, size_t count, struct buf *out,
                                    struct error *err);
explain_steps_renderer explain_terraform; /* explain_terraform.c */
explain_steps_renderer explain_console;   /* explain_console.c */

/* --- of an item --- */
bool item_is(const struct json *item, const char *type);
/** The model's row of a call; NULL: not a call. */
const struct aws_operation *item_operation(const struct json *item);
/** The call that gives a mark; NULL: none. */
const struct json *item_giver(const struct json *items, struct str mark);
bool items_have(const struct json *items, const char *type);
/** "# " and the words, each line indented; nothing without words. */
void explain_comment(const char *lead, unsigned depth, const char *words, struct buf *out);
/** The lines that say what this is, each begun with lead. */
void explain_heading(const struct explanation *x, const char *lead, struct buf *out);
void explain_indent(unsigned depth, struct buf *out);

/* --- a path of a reply, taken apart with the model's help --- */

enum path_part_type { PATH_MEMBER, PATH_FIRST, PATH_EACH, PATH_EACH_VALUE, PATH_TAG, PATH_IN_TEXT };

struct path_part {
    enum path_part_type type;
    struct str name;              /* MEMBER, IN_TEXT: the member; TAG: its key */
    const struct model_member *m; /* MEMBER; TAG: of the list of tags */
};

enum { PATH_PARTS_MAX = 12 };

struct explain_path {
    struct path_part parts[PATH_PARTS_MAX];
    size_t count;
    bool each; /* many values, joined by commas */
};

/** ERR_BUG for a path the operation's reply does not have. */
MUST_USE bool explain_path_read(const struct aws_operation *operation, const char *path,
                                struct explain_path *out, struct error *err);

#endif
