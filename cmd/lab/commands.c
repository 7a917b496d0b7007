#include "cmd/lab/commands.h"

/* Of what talks to AWS; each may be interrupted. */
#define STATUSES "0 1 64 65 66 69 70 74 75 77 78 130 143"

const struct command commands[] = {
    {"up", "[--until STEP]", "every step, in dependency order, at the same time where the graph allows",
     "yes", STATUSES, 0, 0, false, command_up},
    {"down", "[--prove] [--purge]", "undo all, in reverse", "yes", STATUSES, 0, 0, false, command_down},
    {"run", "STEP…", "just these steps; --with-needs also runs the needs that are missing", "yes", STATUSES,
     1, SIZE_MAX, false, command_run},
    {"undo", "STEP…", "just the undo of these", "yes", STATUSES, 1, SIZE_MAX, false, command_undo},
    {"plan", "[--detailed-exitcode]",
     "what up would do: + create, ~ change, - destroy, > adopt, = so, ? unknown, ! drift", "reads",
     "0 1 2 64 65 66 69 70 74 75 77 78 130 143", 0, 0, false, command_plan},
    {"check", "[--hint LEVEL] [STEP…]", "test the effect of each task, whoever did it", "reads", STATUSES, 0,
     SIZE_MAX, false, command_check},
    {"status", "", "the checkpoints, as a table", "no", "0 64 66 70 74", 0, 0, false, command_status},
    {"validate", "[FILE]", "all mistakes of a plan at once", "no", "0 64 65 66 70", 0, 1, false,
     command_validate},
    {"graph", "[--as dot|mermaid]", "the plan as a picture's source", "no", "0 64 65 66 70", 0, 0, false,
     command_graph},
    {"explain", "[STEP] [--as cli|sql|boto3|curl|terraform|console]",
     "a step in the language asked for; without STEP the plan, as terraform or console", "no",
     "0 1 64 65 66 70", 0, 1, false, command_explain},
    {"report", "[--out FILE] [STREAM…]", "one HTML page from the checkpoints and streams of --json", "no",
     "0 1 64 65 66 70 74", 0, SIZE_MAX, false, command_report},
    {"audit", "[-s SECRET]", "who read the secret: when, who, allowed or denied", "reads", STATUSES, 0, 0,
     false, command_audit},
    {"access-test", "-s SECRET [--repeat N] [--cache SECONDS]",
     "read the secret, connect over TLS, use a table, drop it; again and again with --repeat",
     "one table, dropped again", STATUSES, 0, 0, false, command_access_test},
    {"rotate", "[SECRET]", "rotate the secret now and wait until it is done", "yes", STATUSES, 0, 1, false,
     command_rotate},
    {"sweep", "[--yes] [--purge]", "remove what carries our tags but is in no store", "yes", STATUSES, 0, 0,
     false, command_sweep},
    {"doctor", "", "whether the plan can be played here: each check with a remedy; changes nothing", "reads",
     "0 1 64 65 66 70 75 130 143", 0, 0, false, command_doctor},
    {"policy", "", "the least of IAM that the plan needs, as a policy document", "reads", STATUSES, 0, 0,
     false, command_policy},
    {"why", "PRINCIPAL ACTION [RESOURCE] | --last",
     "why a request is allowed or denied: the statement that decides, the smallest change that allows it",
     "reads", STATUSES, 0, 3, false, command_why},
    {"sandbox", "[-- CMD…] | stop", "a local AWS with a real MariaDB", "local",
     "0 1 64 65 66 69 70, else CMD's own", 0, 1, true, command_sandbox},
    {"init", "[FILE]", "write a plan to begin with, lab.yaml unless named", "one file", "0 64 70 74", 0, 1,
     false, command_init},
    {"completion", "bash|zsh|fish", "a script for the shell that completes commands, options and steps", "no",
     "0 64 70", 1, 1, true, command_completion},
    {"version", "", "the version of lab", "no", "0 64 70", 0, 0, false, command_version},
    {"help", "[TOPIC]",
     "help on a command, or: exit-status, environment, plans, kinds, sandbox, files, "
     "plan-schema, event-schema, man",
     "no", "0 64 70", 0, 1, false, command_help},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, false, NULL},
};

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name; c++) {
        if (str_is(str_of(c->name), name))
            return c;
    }
    return NULL;
}
