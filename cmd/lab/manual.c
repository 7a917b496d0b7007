/* The manual page, written from the tables that the parser and help read. */
#include "aws/common/buf.h"
#include "aws/common/str.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/exit_status.h"
#include "cmd/lab/help.h"

#include <string.h>

/* One line as roff shows it: a backslash is text, and so is a control character
 * at the beginning; a hyphen is the one that people type. */
static void print_text(FILE *out, struct str line)
{
    if (!str_empty(line) && (line.data[0] == '.' || line.data[0] == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < line.len; i++) {
        const char c = line.data[i];

        if (c == '\\')
            fputs("\\e", out);
        else if (c == '-')
            fputs("\\-", out);
        else
            fputc(c, out);
    }
    fputc('\n', out);
}

enum { LINE_LIMIT_BYTES = 72 };

/* Text that man(1) fills: source lines of a length that mandoc has no word on. */
static void print_filled(FILE *out, const char *text)
{
    struct str rest = str_of(text), word;
    CLEANUP(buf_release) struct buf line = {0};

    while (str_split(&rest, ' ', &word)) {
        if (line.len > 0 && line.len + word.len > LINE_LIMIT_BYTES) {
            print_text(out, buf_str(&line));
            buf_reset(&line);
        }
        if (line.len > 0)
            buf_addc(&line, ' ');
        buf_add(&line, word);
    }
    print_text(out, buf_str(&line));
}

static void print_lines(FILE *out, struct str text)
{
    struct str line;

    fputs(".nf\n", out);
    while (str_split(&text, '\n', &line)) {
        if (str_empty(line))
            fputs(".sp\n", out);
        else
            print_text(out, line);
    }
    fputs(".fi\n", out);
}

/* Through a file, since a topic prints to one. */
static void print_as_is(FILE *out, void (*print)(FILE *out))
{
    CLEANUP(buf_release) struct buf text = {0};
    FILE *file = tmpfile();
    char part[4096];
    size_t got;

    if (!file) {
        print_filled(out, "No temporary file could be made to read this from; lab help says it.");
        return;
    }
    print(file);
    rewind(file);
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        buf_add(&text, (struct str){part, got});
    fclose(file);
    struct str whole = buf_str(&text);
    while (!str_empty(whole) && whole.data[whole.len - 1] == '\n')
        whole = str_slice(whole, 0, whole.len - 1);
    print_lines(out, whole);
}

static void print_option(FILE *out, const struct option_row *row)
{
    CLEANUP(buf_release) struct buf head = {0};

    fputs(".TP\n.B ", out);
    if (row->letter)
        buf_printf(&head, "-%c, ", row->letter);
    buf_printf(&head, "--%s", row->name);
    if (row->value)
        buf_printf(&head, " %s", row->value);
    print_text(out, buf_str(&head));
    print_filled(out, row->help);
}

static void print_command(FILE *out, const struct command *c)
{
    CLEANUP(buf_release) struct buf head = {0};

    buf_printf(&head, "%s%s%s", c->name, *c->usage ? " " : "", c->usage);
    fputs(".TP\n.B ", out);
    print_text(out, buf_str(&head));
    print_filled(out, c->does);
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (!*row->commands || !option_applies(row, c->name))
            continue;
        fputs(".RS\n", out);
        print_option(out, row);
        fputs(".RE\n", out);
    }
}

static void print_commands(FILE *out)
{
    for (const struct command *c = commands; c->name; c++)
        print_command(out, c);
}

static void print_general_options(FILE *out)
{
    fputs("They stand before or after the command.\n", out);
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (!*row->commands)
            print_option(out, row);
    }
}

static void print_statuses(FILE *out)
{
    for (const struct exit_row *row = exit_rows; row->meaning; row++) {
        fprintf(out, ".TP\n.B %d\n", row->status);
        print_filled(out, row->meaning);
    }
}

static void print_examples(FILE *out)
{
    fputs(".TP\n.B lab sandbox \\-\\- lab up\nPlays the whole lab against a local AWS.\n"
          ".TP\n.B lab up && lab check && lab down \\-\\-prove\n"
          "Makes everything, tests it, removes it and shows that nothing is left.\n",
          out);
}

/* A section is written by its own function, or is what `lab help TOPIC` says. */
static const struct {
    const char *title, *topic;
    void (*print)(FILE *out);
} sections[] = {
    {"COMMANDS", NULL, print_commands},
    {"OPTIONS", NULL, print_general_options},
    {"PLANS", "plans", NULL},
    {"KINDS", "kinds", NULL},
    {"SANDBOX", "sandbox", NULL},
    {"EXIT STATUS", NULL, print_statuses},
    {"ENVIRONMENT", "environment", NULL},
    {"FILES", "files", NULL},
    {"EXAMPLES", NULL, print_examples},
};

void manual_print(FILE *out)
{
    fputs(".TH LAB 1 2026-11-24 \"lab " LAB_VERSION "\" \"User Commands\"\n"
          ".SH NAME\nlab \\- run a hands\\-on AWS workshop lab from a plan\n"
          ".SH SYNOPSIS\n.B lab\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIWORDS\\fR]\n"
          ".SH DESCRIPTION\n"
          ".B lab\nplays the workshop lab\n"
          "\\(lqManage database credentials with AWS Secrets Manager\\(rq:\n"
          "it makes what the plan names, proves that it works, and removes it\n"
          "again. What it did is kept in checkpoints, so that every command can\n"
          "be repeated, interrupted and killed.\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        fprintf(out, ".SH %s\n", sections[i].title);
        if (sections[i].print) {
            sections[i].print(out);
            continue;
        }
        for (const struct help_topic *topic = help_topics; topic->name; topic++) {
            if (strcmp(topic->name, sections[i].topic) == 0)
                print_as_is(out, topic->print);
        }
    }
    fputs(".SH SEE ALSO\n.BR aws (1),\n.BR mariadb (1)\n", out);
}
