/* What went wrong, in a struct the caller owns. Reporting a failure allocates
 * nothing. A message never holds a secret and never ends in a newline. */
#ifndef AWS_COMMON_ERROR_H
#define AWS_COMMON_ERROR_H

#include "aws/common/attributes.h"

#include <stdbool.h>

/* What a caller may branch on. cmd/lab maps each to an exit status. */
enum error_code {
    ERR_NONE = 0,
    ERR_FAILED,      /* a step or check failed, needs missing, thing missing   */
    ERR_NOT_OURS,    /* exists and is not ours                                 */
    ERR_USAGE,       /* the caller's words are wrong                           */
    ERR_PLAN,        /* the plan is wrong                                      */
    ERR_NO_INPUT,    /* a file that was named is missing or unreadable         */
    ERR_UNREACHABLE, /* endpoint or database unreachable, no TLS, wrong CA     */
    ERR_BUG,         /* a bug of ours                                          */
    ERR_IO,          /* reading or writing failed, see os_errno                */
    ERR_STORE,       /* the state store cannot be read or written              */
    ERR_TRY_AGAIN,   /* locked, throttled to the end, cannot tell yet, timeout */
    ERR_DENIED,      /* permission or password refused                         */
    ERR_CONFIG,      /* credentials or configuration                           */
    ERR_INTERRUPTED, /* SIGINT, SIGTERM                                        */
    ERR_LIMIT,       /* outside input over a named limit                       */
    ERR_SYNTAX,      /* outside bytes that do not parse                        */
    ERR_AWS,         /* an AWS error reply: remote_code says which             */
    ERR_SQL,         /* a database error: remote_code is the SQLSTATE,
                        os_errno the MySQL error number                        */
    ERR_CODE_COUNT
};

struct error {
    enum error_code code;
    char remote_code[64]; /* AWS error code or SQLSTATE, "" when none        */
    char request_id[64];  /* AWS request id, "" when none                    */
    int http_status;      /* of an AWS reply, 0 when none                    */
    int os_errno;         /* errno at the failing call, 0 when none          */
    bool retryable;       /* the model or the status says a resend may help  */
    bool throttle;        /* the service asked to slow down                  */
    bool lost;            /* sent, but no reply came: it may have acted      */
    char message[1024];   /* outermost context first; never holds a secret   */
};

/* All three return false, so that failing is one line. A message that does
 * not fit is cut at a character boundary and ends in "...". */

/** Starts the error afresh. */
bool error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/** ERR_IO with errno as it is now; ": strerror" is added to the message. */
bool error_os(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/** Puts "context: " in front of the message; everything else stays. */
bool error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/** Sets an AWS error reply: code ERR_AWS, message "CODE: text". */
bool error_aws(struct error *err, const char *remote_code, const char *text);

#if defined(__clang_analyzer__) && !defined(ERROR_IMPLEMENTATION)
/* The analyzer sees one file at a time. Told here that failing is false, it does
 * not follow a call that failed as if it had succeeded. */
static inline bool error_failed(bool ignored)
{
    (void)ignored;
    return false;
}
#define error_set(...) error_failed(error_set(__VA_ARGS__))
#define error_os(...) error_failed(error_os(__VA_ARGS__))
#define error_wrap(...) error_failed(error_wrap(__VA_ARGS__))
#define error_aws(...) error_failed(error_aws(__VA_ARGS__))
#endif

/** True when err is an AWS error or database error with this remote code. */
bool error_is(const struct error *err, const char *remote_code);

#endif
