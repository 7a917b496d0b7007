/* Guard rails in front of a real account: who and where is shown, and the
 * lab's name is asked for, before anything is changed. An endpoint on loopback
 * is a sandbox or a test and needs none. */
#ifndef CMD_LAB_GUARD_H
#define CMD_LAB_GUARD_H

#include "aws/http/uri.h"
#include "cmd/lab/session.h"

/** Whether requests to url reach a real account. */
bool guard_is_real(const struct http_url *url);

/** Keys that a sandbox made are of its own world: they are not sent to an
 * endpoint that is not on loopback. sandbox_url: LAB_SANDBOX, NULL outside of
 * a sandbox. ERR_CONFIG. */
MUST_USE bool guard_sandbox_keys(const char *sandbox_url, const struct http_url *url, const char *service,
                                 struct error *err);

/* What is known when a command is about to change something. */
struct guard_question {
    const char *command, *word; /* the word to type: the lab's name */
    const char *account, *region, *arn;
    const char *alias;                   /* "" none, NULL not readable */
    const struct json *allowed_accounts; /* NULL: any */
    bool allow_prod, yes;
    bool terminal; /* somebody is there to be asked */
};

enum guard_answer { GUARD_GO, GUARD_ASK, GUARD_REFUSED };

/** Without looking at anything. REFUSED: err is ERR_FAILED (this account is not
 * for it) or ERR_USAGE (nobody there to ask and no --yes). */
enum guard_answer guard_decide(const struct guard_question *q, struct error *err);

/** Every endpoint of the settings, before the first request. */
MUST_USE bool guard_keys(const struct session *s, struct error *err);

/** Whether any endpoint of the settings reaches a real account. */
bool guard_session_is_real(const struct session *s);

/** In front of a real account: shows, checks, asks. word NULL: the plan's lab;
 * what: one line on what will happen. True at once on loopback. */
MUST_USE bool guard_agree(struct session *s, const char *command, const char *word, const char *what,
                          struct error *err);

/** "make or change: db-user, secret, …": the steps of the plan, or those named. */
void guard_describe(const struct session *s, const char *verb, const size_t *steps, size_t count,
                    struct buf *out);

#endif
