#include "cmd/lab/exit_status.h"

#include <string.h>

const struct exit_row exit_rows[] = {
    {0, "done"},
    {1, "a step or check failed; not ours; workstation missing or double; needs missing"},
    {2, "plan --detailed-exitcode found changes"},
    {64, "usage: a word or option is wrong"},
    {65, "the plan is wrong"},
    {66, "a file that was named is missing or unreadable"},
    {69, "endpoint or database unreachable, no TLS, wrong CA"},
    {70, "a bug, or out of memory"},
    {74, "the state store cannot be read or written"},
    {75, "try again: locked, throttled to the end, timed out, cannot tell yet"},
    {77, "denied, or wrong password"},
    {78, "credentials or configuration"},
    {130, "interrupted by SIGINT; checkpoints are kept"},
    {143, "interrupted by SIGTERM; checkpoints are kept"},
    {0, NULL},
};

static const int by_code[ERR_CODE_COUNT] = {
    [ERR_NONE] = 0,    [ERR_FAILED] = 1,        [ERR_NOT_OURS] = 1,     [ERR_USAGE] = 64,
    [ERR_PLAN] = 65,   [ERR_NO_INPUT] = 66,     [ERR_UNREACHABLE] = 69, [ERR_BUG] = 70,
    [ERR_IO] = 74,     [ERR_STORE] = 74,        [ERR_TRY_AGAIN] = 75,   [ERR_DENIED] = 77,
    [ERR_CONFIG] = 78, [ERR_INTERRUPTED] = 130, [ERR_LIMIT] = 1,        [ERR_SYNTAX] = 1,
    [ERR_AWS] = 1,     [ERR_SQL] = 1,
};

/* What an AWS error or SQLSTATE says about the person's next move. */
static const struct {
    const char *remote_code;
    int status;
} by_remote_code[] = {
    /* Permission refused: facts section 3.1. */
    {"AccessDenied", 77},
    {"AccessDeniedException", 77},
    {"UnauthorizedOperation", 77},
    /* The keys themselves are refused: facts section 6.2. */
    {"InvalidClientTokenId", 78},
    {"UnrecognizedClientException", 78},
    {"AuthFailure", 78},
    {"SignatureDoesNotMatch", 78},
    {"InvalidSignatureException", 78},
    {"IncompleteSignature", 78},
    {"MissingAuthenticationToken", 78},
    {"MissingAuthenticationTokenException", 78},
    {"ExpiredToken", 78},
    {"ExpiredTokenException", 78},
    {"RequestExpired", 78},
    /* Access denied by the database. */
    {"28000", 77},
};

int exit_status_of(const struct error *err)
{
    if (err->code == ERR_AWS || err->code == ERR_SQL) {
        for (size_t i = 0; i < ARRAY_LEN(by_remote_code); i++) {
            if (strcmp(err->remote_code, by_remote_code[i].remote_code) == 0)
                return by_remote_code[i].status;
        }
        if (err->throttle)
            return 75;
    }
    return by_code[err->code];
}
