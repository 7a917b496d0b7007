/* Reads the command line, runs one command, turns its error into an exit
 * status. */
#include "aws/common/log.h"
#include "aws/common/redact.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/exit_status.h"
#include "cmd/lab/github.h"
#include "cmd/lab/render.h"
#include "cmd/lab/stop.h"

#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

extern char **environ;

/* SECURITY rule 9: no core dump, no debugger, nothing readable by others.
 * The sanitizer build needs to look at itself. */
static void harden(void)
{
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    /* Past a limit on file sizes a write fails, and that is said. */
    signal(SIGXFSZ, SIG_IGN);
#ifndef LAB_SANITIZED
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    /* Libraries copy secrets: what they free is overwritten. */
    mallopt(M_PERTURB, 0x5a);
    /* Few arenas: eight workers must not cost eight heaps. */
    mallopt(M_ARENA_MAX, 2);
#endif
}

static const struct command *pick(const struct options *o, struct error *err)
{
    const struct command *near = NULL;
    size_t best;

    if (o->word_count == 0)
        return command_find(o->version ? "version" : "help");
    const struct command *c = command_find(o->words[0]);
    if (c)
        return c;
    /* Another word altogether is no slip of the pen. */
    best = strlen(o->words[0]) < 3 ? strlen(o->words[0]) : 3;
    for (c = commands; c->name; c++) {
        size_t d = str_distance(str_of(o->words[0]), str_of(c->name));
        if (d < best) {
            best = d;
            near = c;
        }
    }
    if (near)
        error_set(err, ERR_USAGE, "unknown command \"%s\" (did you mean %s?)", o->words[0], near->name);
    else
        error_set(err, ERR_USAGE, "unknown command \"%s\"", o->words[0]);
    return NULL;
}

/* Every option that was given has to mean something to the command. Twins in
 * the environment may be there for other commands. */
static bool check_words(const struct command *c, const struct options *o, size_t count, struct error *err)
{
    if (count < c->min_words)
        return error_set(err, ERR_USAGE, "usage: lab %s%s%s", c->name, *c->usage ? " " : "", c->usage);
    if (count > c->max_words)
        return error_set(err, ERR_USAGE, "unexpected \"%s\"; usage: lab %s%s%s", o->words[1 + c->max_words],
                         c->name, *c->usage ? " " : "", c->usage);
    for (size_t i = 0; i < o->given_count; i++) {
        if (!option_applies(o->given[i], c->name))
            return error_set(err, ERR_USAGE, "lab %s takes no --%s", c->name, o->given[i]->name);
    }
    if (o->rest && !c->takes_rest)
        return error_set(err, ERR_USAGE, "lab %s takes no -- CMD", c->name);
    return true;
}

static bool run(int argc, char **argv, struct options *o, int *status, struct error *err)
{
    if (!options_parse(argc, argv, environ, o, err))
        return false;
    if (o->verbose)
        log_set_level(LOG_DEBUG);
    else if (o->quiet)
        log_set_level(LOG_ERROR);
    const struct command *c = pick(o, err);
    if (!c)
        return false;
    const char *const *words = (const char *const *)o->words + (o->word_count ? 1 : 0);
    size_t count = o->word_count ? o->word_count - 1 : 0;
    if (o->help)
        return command_help(o, &c->name, o->word_count ? 1 : 0, status, err);
    if (!check_words(c, o, count, err))
        return false;
    return c->run(o, words, count, status, err);
}

/* What fails before it begins a stream leaves one all the same: whoever reads
 * lines finds the reason and the exit status in them. */
static void end_stream(const struct options *o, const struct error *why, int status)
{
    struct options own = *o;
    struct error ignored;

    if (!o->json || render_begun())
        return;
    own.junit = NULL;
    struct render *render = render_new(&own, "");
    CLEANUP(json_freep)
    struct json *event = json_of("type", "error", "code", why->remote_code, "message", why->message, NULL);
    render_event(render, event);
    (void)!render_end(render, NULL, status, &ignored);
    render_free(render);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct error err = {0};
    int status = 0;

    setlocale(LC_CTYPE, "");
    harden();
    if (!run(argc, argv, &o, &status, &err)) {
        CLEANUP(buf_release) struct buf shown = {0};
        redact(str_of(err.message), &shown);
        fprintf(stderr, "lab: %s\n", buf_text(&shown));
        github_error(o.json ? stderr : stdout, err.message);
        if (err.code == ERR_USAGE)
            fprintf(stderr, "Type `lab help` for the commands and options.\n");
        status = exit_status_of(&err);
        if (err.code == ERR_INTERRUPTED)
            status = stop_status();
        end_stream(&o, &err, status);
    }
    options_release(&o);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
        fputs("lab: standard output cannot be written\n", stderr);
        status = 74;
    }
    return status;
}
