/* A transport that plays recorded exchanges: what is asked has to be what was
 * recorded, in that order. For the vectors of credential sources. */
#ifndef TESTS_SUPPORT_REPLAY_H
#define TESTS_SUPPORT_REPLAY_H

#include "aws/common/json.h"
#include "aws/http/transport.h"

struct replay {
    const struct json *next; /* of the recorded list; NULL at its end */
    bool exact_body;         /* all of a recorded req_body counts, not the action alone */
    char *differs;           /* first difference, to be freed; NULL when none */
};

/** For provider_options: self is a struct replay. */
bool replay_connect(void *self, const struct http_curl_options *options, struct http_transport **out,
                    struct error *err);

#endif
