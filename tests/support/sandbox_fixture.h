/* A sandbox for unit tests of service files: no HTTP and no waiting. Time is
 * the test's, keys are fixed by a seed, calls go straight to the dispatch. */
#ifndef TESTS_SUPPORT_SANDBOX_FIXTURE_H
#define TESTS_SUPPORT_SANDBOX_FIXTURE_H

#include "aws/sandbox/core.h"

struct sandbox_fixture {
    struct sandbox *sandbox;
    struct sandbox_options options; /* set what a test needs before start */
    int64_t now_ms;                 /* both clocks unless options.clock is set; starts
                                       at 2026-01-01T00:00:00Z */
    char admin_key[129];
    char request_id[37]; /* of the last call */
};

/** Starts a world of: admin `instructor` (AdministratorAccess), user `student`
 * without any permission, role `ide` with instance profile `ide-profile` and
 * secretsmanager:* for EC2, role `function-role` for Lambda, workstation
 * `workstation`, cluster `cluster` with admin secret `secretClusterAdminUser`,
 * subnets `subnet-one` and `subnet-two`, security group `database-sg`.
 * options may have been set before; NULL members get defaults. */
void fixture_start(struct sandbox_fixture *f);
/** The same with a world of one's own, as JSON. */
void fixture_start_world(struct sandbox_fixture *f, const char *world);
void fixture_stop(struct sandbox_fixture *f);

/** Calls as the administrator. in is JSON text, "" or NULL for {}. *out is owned;
 * out may be NULL. Waits for a deferred answer. */
bool fixture_call(struct sandbox_fixture *f, const char *service, const char *operation, const char *in,
                  struct json **out, struct error *err);
/** The same by any access key of the world. */
bool fixture_call_as(struct sandbox_fixture *f, const char *access_key_id, const char *service,
                     const char *operation, const char *in, struct json **out, struct error *err);
/** An active key of a user, or a fresh session of a role. */
void fixture_user_key(struct sandbox_fixture *f, const char *user, char out[129]);
void fixture_role_key(struct sandbox_fixture *f, const char *role, const char *session_name, char out[129]);

/** Moves the clocks, firing timers on the way at their times. */
void fixture_advance(struct sandbox_fixture *f, int64_t ms);
/** Collects what job threads do until none is left; due timers fire too. */
void fixture_settle(struct sandbox_fixture *f);

/** The first entity of a kind whose member has this text; NULL none. */
const struct json *fixture_find(struct sandbox_fixture *f, const char *kind, const char *member,
                                const char *text);

#endif
