#include "cmd/lab/guard.h"

#include "aws/common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool guard_is_real(const struct http_url *url)
{
    return !http_url_is_loopback(url);
}

bool guard_sandbox_keys(const char *sandbox_url, const struct http_url *url, const char *service,
                        struct error *err)
{
    if (!sandbox_url || !*sandbox_url || !guard_is_real(url))
        return true;
    return error_set(err, ERR_CONFIG,
                     "%s would be asked at %s with the keys of the sandbox at %s: they are not sent to an "
                     "endpoint that is not on loopback (leave the sandbox's shell, or unset LAB_SANDBOX and "
                     "its AWS_ variables)",
                     service, url->host, sandbox_url);
}

/* --- deciding --- */

static bool says_prod(const char *alias)
{
    static const struct str word = {"prod", 4};

    for (; alias && *alias; alias++) {
        if (str_equal_ignore_case(str_slice(str_of(alias), 0, word.len), word))
            return true;
    }
    return false;
}

static bool is_allowed(const struct json *accounts, const char *account)
{
    for (const struct json *a = json_first(accounts); a; a = json_next(a)) {
        if (strcmp(json_text(a), account) == 0)
            return true;
    }
    return accounts == NULL;
}

enum guard_answer guard_decide(const struct guard_question *q, struct error *err)
{
    if (!is_allowed(q->allowed_accounts, q->account)) {
        error_set(err, ERR_FAILED, "account %s is not among the plan's allowed_accounts: nothing was changed",
                  q->account);
        return GUARD_REFUSED;
    }
    if (says_prod(q->alias) && !q->allow_prod) {
        error_set(err, ERR_FAILED,
                  "account %s is called %s: lab %s changes nothing in it without --allow-prod", q->account,
                  q->alias, q->command);
        return GUARD_REFUSED;
    }
    if (q->yes)
        return GUARD_GO;
    if (!q->terminal) {
        error_set(err, ERR_USAGE,
                  "lab %s would change the real account %s and there is no terminal to ask at: say --yes",
                  q->command, q->account);
        return GUARD_REFUSED;
    }
    return GUARD_ASK;
}

/* --- looking --- */

bool guard_keys(const struct session *s, struct error *err)
{
    const char *sandbox_url = getenv("LAB_SANDBOX");

    for (size_t i = 0; aws_services[i]; i++) {
        struct aws_endpoint endpoint;
        struct error unresolved;
        /* Where nothing can be resolved nothing can be sent. */
        if (aws_endpoint_resolve(&s->settings, aws_services[i], &endpoint, &unresolved) &&
            !guard_sandbox_keys(sandbox_url, &endpoint.url, aws_services[i]->id, err))
            return false;
    }
    return true;
}

bool guard_session_is_real(const struct session *s)
{
    for (size_t i = 0; aws_services[i]; i++) {
        struct aws_endpoint endpoint;
        struct error unresolved;
        if (aws_endpoint_resolve(&s->settings, aws_services[i], &endpoint, &unresolved) &&
            guard_is_real(&endpoint.url))
            return true;
    }
    return false;
}

/* NULL when it may not be read; freed with mem_free. */
static char *read_alias(struct session *s)
{
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *out = NULL;
    struct error ignored;
    CLEANUP(aws_client_freep) struct aws_client *client = session_client(s, &ignored);

    if (!client || !aws_call(client, "iam", "ListAccountAliases", in, &out, &ignored))
        return NULL;
    return mem_dup(json_text(json_at(json_get(out, "AccountAliases"), 0)));
}

static void show(const struct guard_question *q, const char *what)
{
    const char *alias = !q->alias ? "its alias cannot be read" : *q->alias ? q->alias : "no alias";

    fprintf(stderr,
            "lab %s in a real AWS account:\n"
            "  account    %s (%s)\n"
            "  region     %s\n"
            "  principal  %s\n"
            "  will       %s\n",
            q->command, q->account, alias, q->region, q->arn, what);
}

static bool ask(const struct guard_question *q, struct error *err)
{
    char line[128] = "";

    fprintf(stderr, "Type %s to go on: ", q->word);
    if (!fgets(line, sizeof line, stdin))
        return error_set(err, ERR_FAILED, "nothing was changed");
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, q->word) != 0)
        return error_set(err, ERR_FAILED, "that is not %s: nothing was changed", q->word);
    return true;
}

bool guard_agree(struct session *s, const char *command, const char *word, const char *what,
                 struct error *err)
{
    if (!guard_session_is_real(s))
        return true;
    CLEANUP(mem_freep) char *alias = read_alias(s);
    const struct guard_question question = {.command = command,
                                            .word = word ? word : s->plan.lab,
                                            .account = s->account,
                                            .region = s->settings.region,
                                            .arn = s->arn,
                                            .alias = alias,
                                            .allowed_accounts = s->plan.allowed_accounts,
                                            .allow_prod = s->options->allow_prod,
                                            .yes = s->options->yes,
                                            .terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO)};
    enum guard_answer answer = guard_decide(&question, err);

    if (answer == GUARD_ASK || !s->options->quiet)
        show(&question, what);
    return answer == GUARD_GO || (answer == GUARD_ASK && ask(&question, err));
}

void guard_describe(const struct session *s, const char *verb, const size_t *steps, size_t count,
                    struct buf *out)
{
    size_t named = 0;

    buf_printf(out, "%s ", verb);
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const struct plan_step *step = &s->plan.steps[i];
        bool meant = count == 0 && !step->undoes && step->kind->class == KIND_RESOURCE;
        for (size_t k = 0; k < count; k++)
            meant = meant || steps[k] == i;
        if (meant)
            buf_printf(out, "%s%s", named++ ? ", " : "", step->id);
    }
    if (named == 0)
        buf_adds(out, "nothing");
}
