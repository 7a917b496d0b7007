/* The doctor's first questions: programs, credentials, account, endpoints,
 * clock. */
#include "aws/common/mem.h"
#include "cmd/lab/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- programs --- */

static bool on_path(const char *program)
{
    const char *path = getenv("PATH");
    struct str rest = str_of(path ? path : "/usr/bin:/bin"), dir;

    while (str_split(&rest, ':', &dir)) {
        CLEANUP(mem_freep) char *file = mem_printf("%.*s/%s", STR_ARG(dir), program);
        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

void doctor_tools(struct doctor *d)
{
    static const char *const programs[] = {"aws", "mysql", "curl", "mariadbd"};
    CLEANUP(buf_release) struct buf there = {0};
    CLEANUP(buf_release) struct buf missing = {0};

    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        struct buf *list = on_path(programs[i]) ? &there : &missing;
        buf_printf(list, "%s%s", list->len ? ", " : "", programs[i]);
    }
    /* Nobody needs them for lab itself: by hand, and mariadbd for the sandbox. */
    doctor_say(d, "tools", DOCTOR_PASS, "",
               "lab " LAB_VERSION " needs no other program; for tasks by hand: %s%s%s",
               there.len ? buf_text(&there) : "none", missing.len ? "; not found: " : "",
               missing.len ? buf_text(&missing) : "");
}

/* --- who --- */

/* In a Cloud9 IDE its managed credentials stand in the profile's file, in front
 * of the instance's role, and may not call IAM: facts 10.3. */
static void find_managed(struct doctor *d, const struct aws_credentials *creds)
{
    if (!getenv("C9_PID") || creds->session_token.len == 0 ||
        !str_starts(str_of(creds->provider), STR("profile")))
        return;
    doctor_say(d, "credentials", DOCTOR_FAIL,
               "in the IDE's preferences, AWS settings, turn off AWS managed temporary credentials",
               "Cloud9's managed credentials: they may not call IAM, and hide the workstation's role");
}

void doctor_credentials(struct doctor *d)
{
    struct aws_credentials creds = {0};
    struct error why;

    if (!d->session.caller->get(d->session.caller->self, &creds, &why)) {
        doctor_say_error(d, "credentials", "find them", &why);
        return;
    }
    int64_t left_s = creds.expires_at_s - clock_wall_ms(&clock_system) / 1000;
    if (creds.expires_at_s && left_s < 3600)
        doctor_say(d, "credentials", left_s > 0 ? DOCTOR_PASS : DOCTOR_FAIL,
                   left_s > 0 ? "" : "get new ones: the session has expired", "%s, for another %lld min",
                   creds.provider, (long long)(left_s > 0 ? left_s / 60 : 0));
    else
        doctor_say(d, "credentials", DOCTOR_PASS, "", "%s", creds.provider);
    find_managed(d, &creds);
    aws_credentials_release(&creds);
}

void doctor_account(struct doctor *d)
{
    const struct session *s = &d->session;
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *out = NULL;
    struct error why;

    if (!aws_call(d->client, "iam", "ListAccountAliases", in, &out, &why)) {
        doctor_say(d, "account", DOCTOR_PASS, "", "%s as %s; its alias cannot be read", s->account, s->arn);
        return;
    }
    const char *alias = json_text(json_at(json_get(out, "AccountAliases"), 0));
    doctor_say(d, "account", DOCTOR_PASS, "", "%s (%s) as %s", s->account, *alias ? alias : "no alias",
               s->arn);
}

/* --- endpoints and clock --- */

static void judge_clock(struct doctor *d, const struct http_response *response)
{
    /* Signatures are taken within five minutes: facts 6.2. */
    enum { MOST_S = 300 };
    const char *date = http_headers_find(&response->headers, "Date");
    int64_t service_s;

    if (!date || !clock_parse_http(str_of(date), &service_s)) {
        doctor_say(d, "clock", DOCTOR_CANNOT_TELL, "try again", "the service sent no date");
        return;
    }
    int64_t off_s = clock_wall_ms(&clock_system) / 1000 - service_s;
    bool fine = off_s <= MOST_S && off_s >= -MOST_S;
    doctor_say(d, "clock", fine ? DOCTOR_PASS : DOCTOR_FAIL,
               fine ? "" : "set this machine's clock: signatures are taken within 5 minutes",
               "%lld s %s the service's", (long long)(off_s < 0 ? -off_s : off_s),
               off_s < 0 ? "behind" : "ahead of");
}

/* Any answer will do: it is not signed. */
static void ask_origin(struct doctor *d, const struct http_url *url, const char *service, bool *clock_told)
{
    struct http_request request = {0};
    struct http_response response = {0};
    struct http_transport *transport = NULL;
    const struct http_options options = {.connect_timeout_ms = 5000, .timeout_ms = 10000};
    CLEANUP(buf_release) struct buf origin = {0};
    CLEANUP(mem_freep) char *path = mem_printf("%s/", url->path);
    struct error why;

    http_url_origin(url, &origin);
    http_request_set(&request, "GET", path, "");
    if (session_transport(&d->session, &transport, &why) &&
        transport->send(transport->self, url, &request, &options, &response, &why)) {
        doctor_say(d, "endpoint", DOCTOR_PASS, "", "%s: %s answers", service, buf_text(&origin));
        if (!*clock_told)
            judge_clock(d, &response);
        *clock_told = true;
    } else {
        doctor_say_error(d, "endpoint", service, &why);
    }
    http_transport_free(transport);
    http_request_release(&request);
    http_response_release(&response);
}

/* Each service of the plan; several behind one address are asked once. */
static struct json *services_of(const struct doctor *d)
{
    struct json *services = json_object();

    json_put_bool(services, "sts", true);
    for (const struct json *p = json_first(d->permissions); p; p = json_next(p)) {
        const struct json *actions = json_get(p, "actions");
        for (const struct json *a = json_first(actions); a; a = json_next(a)) {
            struct str rest = json_str(a), service;
            if (!str_split(&rest, ':', &service))
                continue;
            CLEANUP(mem_freep) char *id = mem_copy(service);
            json_put_bool(services, id, true);
        }
    }
    return services;
}

void doctor_endpoints(struct doctor *d)
{
    CLEANUP(json_freep) struct json *services = services_of(d);
    CLEANUP(json_freep) struct json *asked = json_object(); /* origin: services */
    bool clock_told = false;

    for (const struct json *s = json_first(services); s; s = json_next(s)) {
        const struct aws_service *service = model_service(json_key(s));
        struct aws_endpoint endpoint;
        struct error why;
        CLEANUP(buf_release) struct buf origin = {0};

        if (!service)
            continue;
        if (!aws_endpoint_resolve(&d->session.settings, service, &endpoint, &why)) {
            doctor_say_error(d, "endpoint", json_key(s), &why);
            continue;
        }
        http_url_origin(&endpoint.url, &origin);
        if (json_get(asked, buf_text(&origin)))
            continue;
        json_put_bool(asked, buf_text(&origin), true);
        ask_origin(d, &endpoint.url, json_key(s), &clock_told);
    }
}
