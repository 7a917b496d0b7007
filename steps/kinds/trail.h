/* Who read a secret, from CloudTrail: shared by the kind cloudtrail.events and
 * `lab audit`. Facts section 9. */
#ifndef STEPS_KINDS_TRAIL_H
#define STEPS_KINDS_TRAIL_H

#include "aws/common/error.h"
#include "aws/common/json.h"

/* How a page is asked for: {"LookupAttributes":…,"StartTime":…,"NextToken":…}
 * in, LookupEvents' reply out. */
struct trail_reader {
    bool (*lookup)(void *self, const struct json *in, struct json **out, struct error *err);
    void *self;
};

/* Whom the reads were by. */
struct trail_people {
    const char *caller_arn; /* "you"; NULL when not known */
    const char *function;   /* rotation function's name; NULL: any Lambda's session */
};

/** Events of event_name that concern the secret (name, ARN or partial ARN as
 * the caller wrote it), newest first: array of {"time": epoch s, "who":
 * "instance"|"function"|"you"|"other", "name": user or session name, "arn",
 * "result": "allowed"|"denied"|"failed", "error": code or "", "source_ip", "event_id"}. At most
 * 1,000. since_s 0: no lower bound. */
MUST_USE bool trail_find(const struct trail_reader *reader, const char *event_name, const char *secret_name,
                         const char *secret_arn, const struct trail_people *people, int64_t since_s,
                         struct json **events, struct error *err);

#endif
