/* lab policy: the least a plan needs of IAM for up, check, down and doctor. */
#include "cmd/lab/commands.h"
#include "cmd/lab/doctor_facts.h"

#include <stdio.h>

/* What could not be seen widens the policy: that is said. */
static void say_unseen(const struct session *s, const struct doctor_facts *f)
{
    const struct {
        const struct fact *fact;
        const char *what;
    } rows[] = {{&f->cluster, "the DB cluster"},
                {&f->workstation, "the workstation"},
                {&f->association, "the workstation's instance profile"},
                {&f->profile, "the role the workstation has to get back"}};

    for (size_t i = 0; !s->options->quiet && i < ARRAY_LEN(rows); i++) {
        if (rows[i].fact->asked && !rows[i].fact->known)
            fprintf(stderr, "lab: wider than needed, for %s cannot be seen: %s\n", rows[i].what,
                    rows[i].fact->err.message);
    }
}

static bool print_policy(struct session *s, struct error *err)
{
    CLEANUP(aws_client_freep) struct aws_client *client = session_client(s, err);
    CLEANUP(doctor_facts_release) struct doctor_facts facts = {0};
    CLEANUP(json_freep) struct json *permissions = NULL;
    CLEANUP(json_freep) struct json *document = NULL;
    CLEANUP(buf_release) struct buf text = {0};

    if (!client)
        return false;
    doctor_facts_look(s, client, &facts);
    if (!doctor_facts_permissions(s, &facts, &permissions, err))
        return false;
    say_unseen(s, &facts);
    document = permissions_document(permissions);
    if (s->options->json)
        json_write(document, &text);
    else
        json_write_pretty(document, &text);
    puts(buf_text(&text));
    return true;
}

COMMAND(policy)
{
    struct session s = {.stop_fd = -1};

    (void)words;
    (void)count;
    *status = 0;
    bool ok = session_load_plan(&s, o, err) && session_connect(&s, err) && print_policy(&s, err);
    session_release(&s);
    return ok;
}
