/* What only CloudTrail knows: the last denial, and what a session was given. */
#include "aws/common/clock.h"
#include "aws/common/log.h"
#include "aws/common/mem.h"
#include "cmd/lab/why.h"
#include "steps/kinds/trail.h"

#include <string.h>

/* A busy account writes a page in seconds: who wants more asks by words. */
enum { PAGES_MAX = 20, THROTTLES_MAX = 20 };

typedef bool record_fits(const struct why *w, const struct json *record);

/** The newest record of a page that fits; NULL: none. */
static struct json *record_of(const struct why *w, const struct json *page, record_fits *fits)
{
    for (const struct json *e = json_first(json_get(page, "Events")); e; e = json_next(e)) {
        struct json *record = NULL;
        struct error ignored;

        if (json_parse(json_str(json_get(e, "CloudTrailEvent")), NULL, &record, &ignored) && fits(w, record))
            return record;
        json_free(record);
    }
    return NULL;
}

/** One page. The limit is the account's: others who ask at the same time count
 * too, so a page that was throttled is asked for again, a bounded number of times. */
static bool read_page(struct why *w, const struct json *in, struct json **reply, struct error *err)
{
    for (int throttled = 0;; throttled++) {
        if (aws_call(w->client, "cloudtrail", "LookupEvents", in, reply, err))
            return true;
        if (!err->throttle || throttled == THROTTLES_MAX)
            return error_wrap(err, "read the trail");
        if (clock_wait(TRAIL_PAGE_MS, w->session->stop_fd))
            return error_set(err, ERR_INTERRUPTED, "interrupted while reading the trail");
    }
}

/** The newest record that fits, of an event or of all; *out NULL: none. */
static bool find_record(struct why *w, const char *event, record_fits *fits, struct json **out,
                        struct error *err)
{
    CLEANUP(json_freep) struct json *in = json_object();

    *out = NULL;
    if (event)
        json_push(json_put(in, "LookupAttributes", json_array()),
                  json_of("AttributeKey", "EventName", "AttributeValue", event, NULL));
    for (int page = 0; page < PAGES_MAX && !*out; page++) {
        CLEANUP(json_freep) struct json *reply = NULL;

        if (page > 0 && clock_wait(TRAIL_PAGE_MS, w->session->stop_fd))
            return error_set(err, ERR_INTERRUPTED, "interrupted while reading the trail");
        if (!read_page(w, in, &reply, err))
            return false;
        *out = record_of(w, reply, fits);
        if (!*json_get_text(reply, "NextToken"))
            break;
        json_put_text(in, "NextToken", json_get_text(reply, "NextToken"));
    }
    return true;
}

static bool is_denial(const struct why *w, const struct json *record)
{
    static const char *const codes[] = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
                                        "Client.UnauthorizedOperation"};
    const char *code = json_get_text(record, "errorCode");

    (void)w;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

/** "secretsmanager:GetSecretValue" and what stands behind a mark of the
 * refusal's own sentence: it is what was decided about. */
static char *behind(const char *message, const char *mark)
{
    const char *at = strstr(message, mark);
    struct str word;

    if (!at)
        return mem_dup("");
    at += strlen(mark);
    word = (struct str){at, strcspn(at, " ")};
    if (word.len > 2 && word.data[0] == '"')
        word = str_slice(word, 1, word.len - 2);
    return mem_copy(word);
}

static bool ask_record(struct why *w, const struct json *record, struct error *err)
{
    const char *message = json_get_text(record, "errorMessage");
    const char *arn = json_text(json_path(record, "userIdentity.arn"));
    CLEANUP(mem_freep) char *action = behind(message, "is not authorized to perform: ");
    CLEANUP(mem_freep) char *resource = behind(message, "on resource: ");
    static const char *const keys[][2] = {{"sourceIPAddress", "aws:SourceIp"},
                                          {"userAgent", "aws:UserAgent"},
                                          {"eventTime", "aws:CurrentTime"}};

    if (!*action)
        return error_set(err, ERR_FAILED, "the last denial, event %s, does not say what was asked for: %s",
                         json_get_text(record, "eventID"), message);
    w->context = json_object();
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (json_get(record, keys[i][0]))
            json_put_text(w->context, keys[i][1], json_get_text(record, keys[i][0]));
    return why_ask(w, arn, action, *resource ? resource : "*", err);
}

bool why_ask_last(struct why *w, struct error *err)
{
    CLEANUP(json_freep) struct json *record = NULL;

    if (!find_record(w, NULL, is_denial, &record, err))
        return false;
    if (!record)
        return error_set(err, ERR_FAILED,
                         "CloudTrail knows of no denial yet; events take some minutes to appear");
    return ask_record(w, record, err);
}

/** The request that made the session. */
static bool made_session(const struct why *w, const struct json *record)
{
    const char *arn = json_text(json_path(record, "requestParameters.roleArn"));
    const char *name = json_text(json_path(record, "requestParameters.roleSessionName"));

    return !*json_get_text(record, "errorCode") && strcmp(arn, w->principal_arn) == 0 &&
           strcmp(name, w->session_name) == 0;
}

bool why_session(struct why *w, struct json **parameters, struct error *err)
{
    CLEANUP(json_freep) struct json *record = NULL;

    *parameters = NULL;
    /* A session that EC2 made has no policies of its own. */
    if (!w->session_name || strncmp(w->session_name, "i-", 2) == 0)
        return true;
    if (!find_record(w, "AssumeRole", made_session, &record, err)) {
        /* Who may not read the trail still learns what the other policies say. */
        if (err->code != ERR_AWS || err->throttle)
            return false;
    }
    w->session_unseen = !record;
    if (w->session_unseen && !w->session->options->quiet)
        log_warn("cannot tell which session policy there is: the trail does not show the AssumeRole "
                 "of this session");
    if (record)
        *parameters = json_detach(record, "requestParameters");
    return true;
}
