/* What the core files of the sandbox share and service files do not see: the
 * sandbox itself, the stages of a request, jobs and timers. */
#ifndef AWS_SANDBOX_CORE_H
#define AWS_SANDBOX_CORE_H

#include "aws/auth/sigv4.h"
#include "aws/http/message.h"
#include "aws/sandbox/call.h"
#include "aws/sandbox/faults.h"

#include <pthread.h>

struct trail;
struct policy_cache;
struct key_cache;
struct jobs;
struct timers;
struct server;
struct record;
struct keep;
struct ssm_run;

struct sandbox {
    struct sandbox_options options; /* texts are copies owned by `texts` */
    char **texts;
    size_t text_count, text_cap;
    const char **function_env; /* NULL-terminated; what options.function_env points to */
    const char **workstation_env;
    char partition[16];
    char account[13];
    char admin_key[129]; /* access key id of the world's administrator */
    char url[80];
    struct random random;
    struct random_seeded seeded;
    struct world *world;
    struct trail *trail;
    struct policy_cache *policies;
    struct key_cache *keys;
    struct timers *timers;
    struct jobs *jobs;
    struct server *server;
    struct record *record; /* NULL: none */
    struct keep *keep;     /* NULL: nothing is kept */
    bool keep_failed;
    struct error keep_error;
    int64_t starts;                          /* of this world before */
    struct faults *faults;                   /* NULL: none */
    int64_t real_start_ms, service_start_ms; /* one moment on both clocks */
    unsigned char metadata_key[32];          /* signs IMDS tokens */
    char metadata_session[129];              /* access key id of the workstation's session, "" none */
    int64_t lookups_ms[2];                   /* when LookupEvents was last answered, oldest first */
    struct ssm_run *commands;                /* running on the workstation, see ssm_run.c */
    _Atomic(pthread_t) loop_thread;          /* a rotation that is resumed asks before it is set */
};

/** Real milliseconds until a time of the service clock; 0 when it has come. */
int64_t sandbox_until_ms(const struct sandbox *s, int64_t at_ms);
/** Real time: signatures and sessions live by it, whatever the service clock. */
int64_t sandbox_real_s(const struct sandbox *s);
/** Copy of text that lives as long as the sandbox. NULL gives NULL. */
const char *sandbox_keep_text(struct sandbox *s, const char *text);
bool sandbox_in_loop(const struct sandbox *s);

/* --- the stages of one request (dispatch.c) --- */

/* A request on its way, with or without HTTP. Owned by whoever made it; `done`
 * is called in the loop when the reply is ready, at once or later. */
struct work {
    struct call call;                   /* first: call_finish gets from it to the work */
    const struct http_request *request; /* borrowed; NULL for a call from inside */
    struct json *in;                    /* owned */
    bool deferred;
    bool ok;
    bool recorded; /* the caller is known, the trail may have it */
    enum fault fault;
    struct error err;              /* when not ok */
    struct http_response response; /* with a request: what to send */
    void (*done)(struct work *w);
    void *arg;
};

struct work *work_new(struct sandbox *s, const struct http_request *request, void (*done)(struct work *w),
                      void *arg);
void work_free(struct work *w);

/** A request that came by HTTP: all stages. */
void dispatch_request(struct work *w);
/** A call from inside by an access key of the world: from the parameters on.
 * Takes `in` over. */
void dispatch_inside(struct work *w, const char *access_key_id, const char *service, const char *operation,
                     struct json *in);

/* --- principal.c --- */

struct key_cache *key_cache_new(void);
void key_cache_free(struct key_cache *c);

/** Judges the signature of w's request, whose claim was read with this verdict,
 * and fills call.principal. On refusal w->err is AWS's answer in the protocol
 * of the service. */
MUST_USE bool principal_verify(struct work *w, const struct sigv4_claim *claim,
                               struct sigv4_verdict *verdict);
/** Fills the principal of an access key; false when there is none. */
MUST_USE bool principal_find(struct sandbox *s, const char *access_key_id, struct principal *out);

/* --- session.c --- */

/** A session that is nobody's yet: keys, token and times. Borrowed. */
struct json *session_new(struct sandbox *s, const char *session_name, const char *source, int64_t duration_s);

/* --- timers.c --- */

struct timers *timers_new(void);
void timers_free(struct timers *t);
/** Fires what is due, in order; the next one's time or -1. */
int64_t timers_run(struct sandbox *s);

/* --- jobs.c --- */

struct jobs *jobs_new(struct sandbox *s);
/** Readable when the loop has something to collect. */
int jobs_fd(const struct jobs *j);
/** In the loop: runs what threads handed over. */
void jobs_collect(struct jobs *j);
/** Whether work is running, waiting or not yet collected. */
bool jobs_busy(struct jobs *j);
/** Refuses new work, answers waiting inside calls with ERR_INTERRUPTED, joins
 * the threads and collects what they left. */
void jobs_stop(struct jobs *j);
void jobs_free(struct jobs *j);

/* --- server.c --- */

MUST_USE bool server_new(struct sandbox *s, struct server **out, struct error *err);
void server_free(struct server *server);

/* --- imds.c --- */

/** True when the request was one to the metadata service; response is filled. */
bool imds_answer(struct sandbox *s, const struct http_request *req, struct http_response *response);

/* --- seed.c --- */

/** Fills the world. ERR_USAGE names the place of a mistake. */
MUST_USE bool seed_world(struct sandbox *s, const struct json *world, struct error *err);

/* --- keep_sandbox.c --- */

/** Takes up what was kept. known: there was something. */
MUST_USE bool sandbox_restore(struct sandbox *s, bool *known, struct error *err);
/** From now on what changes is kept, if the options say so. */
MUST_USE bool sandbox_keep_begin(struct sandbox *s, struct error *err);
/** What was under way when the sandbox ended goes on. */
void sandbox_resume(struct sandbox *s);
/** Whether something has changed that is not on disk, so that no reply may go
 * out before sandbox_keep. */
bool sandbox_must_keep(const struct sandbox *s);
/** Puts on disk what has changed. False: it cannot be, keep_error says why. */
bool sandbox_keep(struct sandbox *s);

/* --- record.c --- */

MUST_USE bool record_open(const char *path, struct record **out, struct error *err);
/** One JSON line: who asked what, with which outcome, without secrets. */
void record_write(struct record *r, const struct work *w);
void record_free(struct record *r);

#endif
