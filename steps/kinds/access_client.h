/* A client that logs in again and again with what a secret holds, with or
 * without a cache: what caching saves in calls, and what it costs when the
 * secret is rotated meanwhile. */
#ifndef STEPS_KINDS_ACCESS_CLIENT_H
#define STEPS_KINDS_ACCESS_CLIENT_H

#include "steps/engine/kind.h"
#include "steps/mysql/rotation.h"

struct access_client {
    enum step_identity who;
    const char *secret_id, *stage; /* borrowed */
    int64_t cache_ms;              /* how long a value is kept; 0: not at all */

    struct mysql_login login; /* held since read_ms */
    int64_t read_ms;
    char version_id[65]; /* "" before the first read */

    int64_t calls, calls_ms; /* of GetSecretValue, and how long they took */
    int64_t logins, logins_ms;
    int64_t oldest_ms; /* age of the oldest value that was used */
};

void access_client_release(struct access_client *a);

/** GetSecretValue's parameters. */
struct json *access_client_input(const char *secret_id, const char *stage);

/** Reads the secret, or takes the value that is held and not too old, and logs
 * in. A held value that the server refuses is read again, once. */
MUST_USE bool access_client_login(struct step_context *c, struct access_client *a, struct mysql_session **out,
                                  struct error *err);

/** The counts, over a wait; what was read is not kept. */
void access_client_save(const struct access_client *a, struct json *scratch);
void access_client_restore(struct access_client *a, const struct json *scratch);

/** Says how many calls the logins took. */
void access_client_tell(struct step_context *c, const struct access_client *a);

#endif
