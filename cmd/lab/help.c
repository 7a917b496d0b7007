/* Help, printed from the tables of commands, options, exit statuses, kinds. */
#include "cmd/lab/help.h"

#include "cmd/lab/commands.h"
#include "cmd/lab/event_schema.h"
#include "cmd/lab/exit_status.h"
#include "steps/kinds/table.h"
#include "steps/plan/plan.h"

#include <stdio.h>
#include <string.h>

void help_options(FILE *out, const char *command)
{
    for (const struct option_row *row = option_rows; row->name; row++) {
        char word[64];
        bool general = !*row->commands;

        if (command ? (general || !option_applies(row, command)) : !general)
            continue;
        if (row->letter)
            snprintf(word, sizeof word, "-%c, --%s%s%s", row->letter, row->name, row->value ? " " : "",
                     row->value ? row->value : "");
        else
            snprintf(word, sizeof word, "    --%s%s%s", row->name, row->value ? " " : "",
                     row->value ? row->value : "");
        fprintf(out, "  %-28s %s\n", word, row->help);
    }
}

static bool has_options(const char *command)
{
    for (const struct option_row *row = option_rows; row->name; row++) {
        if (*row->commands && option_applies(row, command))
            return true;
    }
    return false;
}

static void help_command(const struct command *c)
{
    printf("Usage: lab %s%s%s\n\n%s\n", c->name, *c->usage ? " " : "", c->usage, c->does);
    printf("Touches the world: %s\n", c->touches);
    printf("Exit status: %s (lab help exit-status)\n", c->statuses);
    if (has_options(c->name)) {
        puts("\nOptions:");
        help_options(stdout, c->name);
    }
    puts("\n`lab help` lists the options of every command.");
}

static void help_all(void)
{
    puts("lab runs the workshop lab \"Manage database credentials with AWS Secrets Manager\".\n");
    puts("Usage: lab [OPTIONS] COMMAND …\n\nCommands:");
    for (const struct command *c = commands; c->name; c++)
        printf("  %-12s %s\n", c->name, c->does);
    puts("\nOptions, before or after the command:");
    help_options(stdout, NULL);
    puts("\nTry it without AWS: lab sandbox -- lab up");
}

static void help_exit_status(FILE *out)
{
    for (const struct exit_row *row = exit_rows; row->meaning; row++)
        fprintf(out, "%4d  %s\n", row->status, row->meaning);
}

static void help_environment(FILE *out)
{
    fputs("Every long option has a twin: --endpoint-url is LAB_ENDPOINT_URL, --jobs is LAB_JOBS.\n"
          "LAB_VAR_name sets the plan's var `name`. An option on the command line wins.\n"
          "\n"
          "What means the same to the AWS CLI:\n"
          "  keys      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_SECURITY_TOKEN,\n"
          "            AWS_CREDENTIAL_EXPIRATION, AWS_ACCOUNT_ID\n"
          "  profile   AWS_PROFILE, AWS_DEFAULT_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE\n"
          "  a role    AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, AWS_WEB_IDENTITY_TOKEN_FILE\n"
          "  region    AWS_REGION, AWS_DEFAULT_REGION, AWS_STS_REGIONAL_ENDPOINTS\n"
          "  endpoint  AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>, AWS_USE_FIPS_ENDPOINT,\n"
          "            AWS_USE_DUALSTACK_ENDPOINT, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS\n"
          "  calls     AWS_MAX_ATTEMPTS, AWS_RETRY_MODE, AWS_CA_BUNDLE\n"
          "  instance  AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT,\n"
          "            AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, AWS_METADATA_SERVICE_TIMEOUT,\n"
          "            AWS_METADATA_SERVICE_NUM_ATTEMPTS\n"
          "  container AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI,\n"
          "            AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\n"
          "\n"
          "HTTPS_PROXY and NO_PROXY, or in small letters, are heard for https.\n"
          "NO_COLOR and TERM=dumb turn colour off. GITHUB_ACTIONS=true adds annotations, and a\n"
          "table in the file that GITHUB_STEP_SUMMARY names. LAB_SANDBOX says that a sandbox runs.\n"
          "Files are found by HOME, XDG_CACHE_HOME and TMPDIR, programs by PATH.\n",
          out);
}

static void print_fields(FILE *out, const struct schema_field *fields, int indent)
{
    for (const struct schema_field *f = fields; f && f->name; f++) {
        fprintf(out, "%*s%-*s %s%s%s%s%s\n", indent, "", 20 - indent, f->name, f->help ? f->help : "",
                f->required ? " (required)" : "", f->otherwise ? " (default " : "",
                f->otherwise ? f->otherwise : "", f->otherwise ? ")" : "");
        if (f->type == FIELD_OBJECT)
            print_fields(out, f->fields, indent + 2);
    }
}

static void help_kinds(FILE *out)
{
    for (size_t i = 0; step_kinds[i]; i++) {
        const struct kind_schema *k = &step_kinds[i]->schema;
        fprintf(out, "%s%s: %s\n", i ? "\n" : "", k->name, k->summary);
        print_fields(out, k->with, 2);
        for (const struct output_field *f = k->outputs; f && f->name; f++)
            fprintf(out, "  -> %-17s %s%s\n", f->name, f->help ? f->help : "", f->secret ? " (secret)" : "");
    }
}

static void help_plans(FILE *out)
{
    fputs("A plan is YAML: `lab`, `title`, `allowed_accounts` (ids of the real accounts it may\n"
          "be played in), `vars` and `steps`, a mapping by id. A step has\n"
          "  uses: KIND   with: {…}       what it makes (lab help kinds)\n"
          "  undo: STEP                   plays a scene: undoes another step\n"
          "  needs: [STEP…]               further order; references make edges by themselves\n"
          "  expect: {error: CODE}        the failure that is wanted\n"
          "  task: N   title: TEXT   timeout: SECONDS\n"
          "\n"
          "${name} is a var, ${steps.ID} all a step gave, ${steps.ID.output} one output;\n"
          "${env.X}, ${account}, ${region}, ${partition}, ${learner} exist; $${ is a literal ${.\n"
          "Tags, anchors, aliases, merge keys and duplicate keys are refused.\n",
          out);
}

static void help_sandbox(FILE *out)
{
    fputs("lab sandbox -- CMD    runs CMD inside a local AWS, passes its exit status on\n"
          "lab sandbox           prints the environment as export lines, serves until SIGTERM\n"
          "lab sandbox stop --ready-file F   ends the one that wrote F\n"
          "\n"
          "CMD gets AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, LAB_CA, LAB_SANDBOX, DBUSER, DBPASS,\n"
          "AWS_EC2_METADATA_SERVICE_ENDPOINT and PATH with this lab first; as admin also\n"
          "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Its keys are random and worthless elsewhere.\n"
          "A database that is shut down is started again, with what it held.\n"
          "\nOptions:\n",
          out);
    help_options(out, "sandbox");
}

static void help_files(FILE *out)
{
    fputs(".lab/state.db     checkpoints, 0600 in a directory 0700; never holds a secret\n"
          ".lab/state.db.lock   held while a command changes something\n"
          "lab.yaml          the plan, when there is one in the current directory\n"
          "lab-report.html   what lab report writes unless --out names another\n"
          "global-bundle.pem, REGION-bundle.pem, rds-combined-ca-bundle.pem\n"
          "                  the CA of the database, unless --ca names one: the first of them that is found\n"
          "                  here, beside the plan, in ~, ~/environment, /etc/ssl/certs, /etc/pki/tls/certs\n"
          "~/.aws/config, ~/.aws/credentials   as the AWS CLI has them\n"
          "~/.cache/lab/     the sandbox's database template\n",
          out);
}

/* What labs/plan.schema.json is made from. */
static void help_plan_schema(FILE *out)
{
    const struct kind_schema *schemas[KINDS_MAX + 1] = {0};
    CLEANUP(buf_release) struct buf text = {0};

    for (size_t i = 0; step_kinds[i]; i++)
        schemas[i] = &step_kinds[i]->schema;
    plan_json_schema(schemas, &text);
    fputs(buf_text(&text), out);
    if (text.len > 0 && text.data[text.len - 1] != '\n')
        fputc('\n', out);
}

/* What labs/events.schema.json is made from. */
static void help_event_schema(FILE *out)
{
    CLEANUP(buf_release) struct buf text = {0};

    event_json_schema(&text);
    fprintf(out, "%s\n", buf_text(&text));
}

const struct help_topic help_topics[] = {
    {"exit-status", help_exit_status},
    {"environment", help_environment},
    {"plans", help_plans},
    {"kinds", help_kinds},
    {"sandbox", help_sandbox},
    {"files", help_files},
    {"plan-schema", help_plan_schema},
    {"event-schema", help_event_schema},
    {"man", manual_print},
    {NULL, NULL},
};

COMMAND(help)
{
    (void)o;
    *status = 0;
    if (count == 0) {
        help_all();
        return true;
    }
    /* `lab help sandbox` is the topic: it says more than the command's row. */
    for (const struct help_topic *topic = help_topics; topic->name; topic++) {
        if (strcmp(topic->name, words[0]) == 0) {
            topic->print(stdout);
            return true;
        }
    }
    const struct command *c = command_find(words[0]);
    if (!c)
        return error_set(err, ERR_USAGE, "no help on \"%s\"", words[0]);
    help_command(c);
    return true;
}
