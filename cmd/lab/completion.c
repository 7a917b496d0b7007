/* Completion: what may stand at a place of the command line, from the tables of
 * commands, options and topics. The shells' scripts only ask for it. */
#include "cmd/lab/commands.h"
#include "cmd/lab/help.h"
#include "cmd/lab/session.h"

#include <stddef.h>
#include <stdio.h>

/* Answers in place of words: the shell then offers files. */
#define FILES ":files"

static const char bash_script[] =
    "# bash completion for lab; made by `lab completion bash`\n"
    "_lab()\n"
    "{\n"
    "    local line\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        " FILES ") compopt -o default ;;\n"
    "        *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" completion for -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _lab lab\n";

static const char zsh_script[] = "#compdef lab\n"
                                 "# zsh completion for lab; made by `lab completion zsh`\n"
                                 "_lab() {\n"
                                 "    local line files=0\n"
                                 "    local -a found\n"
                                 "    for line in ${(f)\"$(\"${words[1]}\" completion for -- "
                                 "\"${(@)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
                                 "        if [[ $line == " FILES " ]]; then\n"
                                 "            files=1\n"
                                 "        else\n"
                                 "            found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
                                 "        fi\n"
                                 "    done\n"
                                 "    (( $#found )) && _describe lab found\n"
                                 "    (( files )) && _files\n"
                                 "}\n"
                                 "if [[ ${funcstack[1]} == _lab ]]; then\n"
                                 "    _lab \"$@\"\n"
                                 "else\n"
                                 "    compdef _lab lab\n"
                                 "fi\n";

static const char fish_script[] =
    "# fish completion for lab; made by `lab completion fish`\n"
    "function __lab_candidates\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    for line in (command $words[1] completion for -- $words[2..-1] 2>/dev/null)\n"
    "        if test $line = " FILES "\n"
    "            __fish_complete_path (commandline -ct)\n"
    "        else\n"
    "            echo $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c lab -f -a '(__lab_candidates)'\n";

static const struct {
    const char *name, *script;
} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

/* --- candidates --- */

struct place {
    const struct options *o;
    const struct command *command;  /* NULL: none yet */
    const struct option_row *wants; /* the option whose value is being written, or NULL */
    const char *current;
};

static void offer(const struct place *p, const char *word, const char *help)
{
    if (str_starts(str_of(word), str_of(p->current)))
        printf("%s\t%s\n", word, help);
}

static void offer_steps(const struct place *p)
{
    struct session s = {.stop_fd = -1};
    struct error ignored;

    if (session_load_plan(&s, p->o, &ignored)) {
        for (size_t i = 0; i < s.plan.step_count; i++)
            offer(p, s.plan.steps[i].id, s.plan.steps[i].title ? s.plan.steps[i].title : "");
    }
    session_release(&s);
}

static void offer_topics(const struct place *p)
{
    for (const struct help_topic *topic = help_topics; topic->name; topic++)
        offer(p, topic->name, "topic");
    for (const struct command *c = commands; c->name; c++)
        offer(p, c->name, c->does);
}

static void offer_files(const struct place *p)
{
    (void)p;
    puts(FILES);
}

/* How usage and options call what is wanted, and who knows it. */
static const struct {
    const char *name;
    void (*offer)(const struct place *p);
} sources[] = {{"STEP", offer_steps},
               {"TOPIC", offer_topics},
               {"FILE", offer_files},
               {"PLAN", offer_files},
               {"DIR", offer_files}};

/* "STEP…" is a STEP, and "dot|mermaid" are two words. */
static void offer_what(const struct place *p, struct str what)
{
    struct str word;

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (str_starts(what, str_of(sources[i].name)))
            sources[i].offer(p);
    }
    if (str_empty(what) || what.data[0] < 'a' || what.data[0] > 'z')
        return;
    while (str_split(&what, '|', &word)) {
        char text[64];

        (void)snprintf(text, sizeof text, "%.*s", STR_ARG(word));
        offer(p, text, "");
    }
}

/* The words of a usage, one at a time, without brackets. */
static bool next_word(struct str *usage, struct str *word)
{
    while (str_split(usage, ' ', word)) {
        while (!str_empty(*word) && (word->data[0] == '[' || word->data[0] == '|'))
            *word = str_slice(*word, 1, word->len);
        while (!str_empty(*word) && word->data[word->len - 1] == ']')
            *word = str_slice(*word, 0, word->len - 1);
        if (!str_empty(*word))
            return true;
    }
    return false;
}

/* Words of the command itself, or, of an option, those behind its name there:
 * a command's usage says more of a value than the option's row, "--as dot|mermaid".
 * Whether it says anything of the option. */
static bool offer_usage(const struct place *p, const char *option)
{
    bool said = false;
    struct str usage = str_of(p->command ? p->command->usage : ""), word;

    while (next_word(&usage, &word)) {
        if (word.data[0] != '-') {
            if (!option)
                offer_what(p, word);
            continue;
        }
        bool this = option && str_starts(word, STR("--")) && str_is(str_slice(word, 2, word.len), option);
        bool has_value = !str_empty(usage) && usage.data[0] != '[' && next_word(&usage, &word);
        if (this && has_value) {
            offer_what(p, word);
            said = true;
        }
    }
    return said;
}

static void offer_options(const struct place *p)
{
    for (const struct option_row *row = option_rows; row->name; row++) {
        char word[64];

        if (*row->commands && !(p->command && option_applies(row, p->command->name)))
            continue;
        (void)snprintf(word, sizeof word, "--%s", row->name);
        offer(p, word, row->help);
    }
}

static void offer_commands(const struct place *p)
{
    for (const struct command *c = commands; c->name; c++)
        offer(p, c->name, c->does);
}

static void answer(const struct place *p)
{
    if (p->wants) {
        if (!offer_usage(p, p->wants->name))
            offer_what(p, str_of(p->wants->value));
    } else if (p->current[0] == '-') {
        offer_options(p);
    } else if (!p->command) {
        offer_commands(p);
    } else {
        (void)offer_usage(p, NULL);
    }
}

/* The option a word names when its value is the next word. */
static const struct option_row *waiting_option(const char *word)
{
    for (const struct option_row *row = option_rows; row->name; row++) {
        bool named = word[0] == '-' && (word[1] == '-' ? strcmp(word + 2, row->name) == 0
                                                       : row->letter && word[1] == row->letter && !word[2]);
        if (named && row->type != OPTION_FLAG)
            return row;
    }
    return NULL;
}

static void complete(const struct options *o, const char *const *words)
{
    struct options own = *o;
    struct place p = {.o = &own, .current = ""};

    for (; *words && words[1]; words++) {
        const bool value = p.wants;

        if (value && p.wants->offset == offsetof(struct options, plan))
            own.plan = *words;
        p.wants = value ? NULL : waiting_option(*words);
        if (!value && !p.command && words[0][0] != '-')
            p.command = command_find(*words);
    }
    if (*words)
        p.current = *words;
    answer(&p);
}

COMMAND(completion)
{
    (void)count;
    *status = 0;
    if (strcmp(words[0], "for") == 0 && o->rest) {
        complete(o, o->rest);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (strcmp(shells[i].name, words[0]) == 0) {
            fputs(shells[i].script, stdout);
            return true;
        }
    }
    return error_set(err, ERR_USAGE, "no completion for \"%s\": bash, zsh or fish", words[0]);
}
