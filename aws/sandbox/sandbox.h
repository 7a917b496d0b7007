/* A local AWS: one loopback HTTP server for ten services and the workstation's
 * metadata, with signatures verified and IAM enforced on every request. One
 * thread owns the world; blocking work (SQL, functions) runs on job threads.
 * DESIGN section 7, SECURITY rules 19 to 23.
 *
 * Knows nothing of MySQL: the database comes in as two callbacks. */
#ifndef AWS_SANDBOX_SANDBOX_H
#define AWS_SANDBOX_SANDBOX_H

#include "aws/auth/credentials.h"
#include "aws/common/clock.h"
#include "aws/common/error.h"
#include "aws/common/json.h"
#include "aws/crypto/random.h"

/* What the hosted rotation function does to the database. Called from job
 * threads; secret strings are the JSON of facts 8.6. */
struct sandbox_database {
    /* Logs in over TLS and runs a query. ERR_DENIED when refused. */
    bool (*test)(void *self, struct str secret_string, struct error *err);
    /* Logs in with secret_string, as that user sets the new password. */
    bool (*set_password)(void *self, struct str secret_string, struct str new_password, struct error *err);
    void *self;
};

/* How often calls meet trouble: probabilities from 0 to 1. */
struct fault_rates {
    double throttle, errors, resets, lose_replies;
};

struct sandbox_options {
    const struct json *world;     /* world.yaml as JSON; facts at the start */
    const char *region;           /* "eu-west-1" */
    uint64_t seed;                /* 0: from the system's randomness */
    const char *listen_address;   /* "127.0.0.1", loopback only */
    unsigned listen_port;         /* 0: any free one */
    const char *database_address; /* "127.3.4.5": endpoint of the world's clusters */
    unsigned database_port;
    const char *admin_user;    /* the cluster's admin, for its secret and DBUSER */
    struct str admin_password; /* borrowed for the call */
    struct sandbox_database database;
    struct clock clock;
    int64_t latency_ms, propagation_ms, stack_ms, trail_delay_ms;
    int64_t interface_ms; /* how long a deleted function's network interface stays */
    int64_t speed;        /* service time runs so many times real time; 0: once */
    struct fault_rates faults;
    const char *data_file;              /* the world is kept there; NULL: nowhere. See keep.h */
    const char *record_file;            /* NULL: none */
    const char *const *function_env;    /* environment of function commands, NULL-terminated; see DESIGN 7 */
    const char *const *workstation_env; /* of commands sent to the workstation; the same */
};

struct sandbox;

/** Binds its socket and builds the world; serves nothing yet.
 * ERR_USAGE: address not loopback, world with a mistake (names the place);
 * ERR_IO: address taken. */
MUST_USE bool sandbox_new(const struct sandbox_options *options, struct sandbox **out, struct error *err);
/** Ends jobs, closes connections. */
void sandbox_free(struct sandbox *s);

/** "http://127.0.0.1:4566", as AWS_ENDPOINT_URL. */
const char *sandbox_url(const struct sandbox *s);
const char *sandbox_account(const struct sandbox *s);
/** Keys of the world's administrator (IAM user), made at random. */
void sandbox_admin_credentials(const struct sandbox *s, struct aws_credentials *out);

/** Sets the environment of function commands again once the URL is known;
 * copied. Before sandbox_run. */
void sandbox_set_function_env(struct sandbox *s, const char *const *function_env);
/** The same for commands sent to the workstation. */
void sandbox_set_workstation_env(struct sandbox *s, const char *const *workstation_env);

/** Serves until sandbox_stop. The calling thread becomes the loop. */
MUST_USE bool sandbox_run(struct sandbox *s, struct error *err);
/** From any thread or a watch callback. */
void sandbox_stop(struct sandbox *s);

/** Calls ready(arg) in the loop whenever fd is readable (signalfd, pidfd). */
MUST_USE bool sandbox_watch(struct sandbox *s, int fd, void (*ready)(void *arg), void *arg,
                            struct error *err);
void sandbox_unwatch(struct sandbox *s, int fd);

/** The world as sorted JSON: every entity by kind and key, secret values as
 * their SHA-256, so that it can be compared and shown. From the loop thread or
 * before sandbox_run. */
void sandbox_dump(const struct sandbox *s, struct buf *out);

#endif
