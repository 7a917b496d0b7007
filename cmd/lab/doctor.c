/* lab doctor: whether a plan can be played here, before anything is changed. */
#include "cmd/lab/doctor.h"

#include "aws/common/mem.h"
#include "cmd/lab/commands.h"
#include "cmd/lab/exit_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const state_words[] = {
    [DOCTOR_PASS] = "pass", [DOCTOR_FAIL] = "fail", [DOCTOR_CANNOT_TELL] = "cannot-tell"};

void doctor_say(struct doctor *d, const char *check, enum doctor_state state, const char *remedy,
                const char *format, ...)
{
    char found[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(found, sizeof found, format, args);
    va_end(args);
    d->failed += state == DOCTOR_FAIL;
    d->not_told += state == DOCTOR_CANNOT_TELL;
    CLEANUP(json_freep)
    struct json *event =
        json_of("type", "doctor", "check", check, "state", state_words[state], "found", found, NULL);
    if (*remedy)
        json_put_text(event, "remedy", remedy);
    render_event(d->session.render, event);
}

void doctor_say_error(struct doctor *d, const char *check, const char *doing, const struct error *err)
{
    static const struct {
        int status;
        enum doctor_state state;
        const char *remedy;
    } rows[] = {
        {77, DOCTOR_FAIL, "`lab policy`, run by somebody who may, prints a policy that grants it"},
        {78, DOCTOR_FAIL, "set up credentials as for the AWS CLI: AWS_PROFILE, aws configure, aws sso login"},
        {69, DOCTOR_FAIL, "look at the network, at HTTPS_PROXY and at the endpoint's name"},
        {0, DOCTOR_CANNOT_TELL, "try again"},
    };
    /* EC2 adds the refusal once more in a coded form that tells people nothing. */
    const char *coded = strstr(err->message, ". Encoded authorization failure message");
    int length = coded ? (int)(coded - err->message) : (int)strlen(err->message);
    int status = exit_status_of(err);
    size_t i = 0;

    while (rows[i].status && rows[i].status != status)
        i++;
    doctor_say(d, check, rows[i].state, rows[i].remedy, "%s: %.*s", doing, length, err->message);
}

/* In the order in which one thing stands on another. */
static void (*const checks[])(struct doctor *d) = {
    doctor_account,     doctor_endpoints, doctor_permissions, doctor_keys,  doctor_cluster,
    doctor_workstation, doctor_ca,        doctor_quotas,      doctor_names, doctor_network,
};

static bool learn(struct doctor *d, struct error *err)
{
    d->client = session_client(&d->session, err);
    if (!d->client)
        return false;
    doctor_facts_look(&d->session, d->client, &d->facts);
    return doctor_facts_permissions(&d->session, &d->facts, &d->permissions, err);
}

/* Without an identity nothing else can be asked. */
static bool visit(struct doctor *d, struct error *err)
{
    struct error why;

    doctor_tools(d);
    if (!session_prepare(&d->session, &why)) {
        doctor_say_error(d, "configuration", "read it", &why);
        return true;
    }
    doctor_say(d, "region", DOCTOR_PASS, "", "%s (partition %s)", d->session.settings.region,
               aws_partition(d->session.settings.region));
    doctor_credentials(d);
    if (d->failed > 0)
        return true;
    if (!session_identify(&d->session, &why)) {
        doctor_say_error(d, "identity", "ask who we are", &why);
        return true;
    }
    if (!learn(d, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        checks[i](d);
    return true;
}

static struct json *summary_of(const struct doctor *d)
{
    struct json *summary = json_of("type", "summary", NULL);
    struct aws_totals totals = {0};

    if (d->session.shared)
        totals = aws_shared_totals(d->session.shared);
    json_put_int(summary, "requests", (int64_t)totals.requests);
    json_put_int(summary, "mutating", (int64_t)totals.mutating);
    json_put_int(summary, "bytes_sent", (int64_t)totals.bytes_sent);
    json_put_int(summary, "bytes_received", (int64_t)totals.bytes_received);
    /* One after the other: all of them are the chain. */
    json_put_int(summary, "chain_requests", (int64_t)totals.requests);
    json_put(summary, "waits", json_array());
    json_put_int(summary, "wall_ms", clock_monotonic_ms(&clock_system) - d->started_ms);
    json_put_int(summary, "failed", (int64_t)d->failed);
    json_put_int(summary, "cannot_tell", (int64_t)d->not_told);
    return summary;
}

static void release(struct doctor *d)
{
    aws_client_free(d->client);
    doctor_facts_release(&d->facts);
    json_free(d->permissions);
    session_release(&d->session);
}

COMMAND(doctor)
{
    struct doctor d = {.session = {.stop_fd = -1}, .started_ms = clock_monotonic_ms(&clock_system)};
    struct error report;

    (void)words;
    (void)count;
    if (!session_load_plan(&d.session, o, err)) {
        release(&d);
        return false;
    }
    struct render *render = d.session.render = render_new(o, "doctor");
    bool ok = visit(&d, err);
    *status = !ok ? exit_status_of(err) : d.failed > 0 ? 1 : d.not_told > 0 ? 75 : 0;
    CLEANUP(json_freep) struct json *summary = summary_of(&d);
    if (!render_end(render, summary, *status, &report) && ok) {
        *err = report;
        ok = false;
    }
    render_free(render);
    release(&d);
    return ok;
}
