/* Who read a secret, from CloudTrail: shared by the kind cloudtrail.events and
 * `lab audit`. Facts section 9. */
#ifndef STEPS_KINDS_TRAIL_H
#define STEPS_KINDS_TRAIL_H

#include "aws/common/error.h"
#include "aws/common/json.h"

/* Whom the reads were by. */
struct trail_people {
    const char *caller_arn; /* "you"; NULL when not known */
    const char *function;   /* rotation function's name; NULL: any Lambda's session */
};

/* What is looked for. */
struct trail_question {
    const char *event_name;               /* "GetSecretValue" */
    const char *secret_name, *secret_arn; /* ARN "" when not known */
    struct trail_people people;
};

/* CloudTrail answers two requests a second (facts 9.1): so long between pages. */
#define TRAIL_PAGE_MS 600

/** LookupEvents' parameters for the next page; token "" for the first. */
struct json *trail_request(const struct trail_question *q, const char *token);

/** Adds the events of a reply that concern the secret (name, ARN or partial
 * ARN as the caller wrote it) to `events`, newest first: {"time": epoch s,
 * "who": "instance"|"function"|"you"|"other", "name": user or session name,
 * "arn", "result": "allowed"|"denied"|"failed", "error": code or "",
 * "source_ip", "event_id"}. Returns the token of the next page, "" at the end
 * or when 1,000 events are there. Borrowed from the reply. */
const char *trail_add_page(const struct trail_question *q, const struct json *reply, struct json *events);

#endif
