/* What a command needs before it can act: the checked plan, AWS settings,
 * credentials, who we are, the store. Opened in an order in which nothing
 * outside is touched before the plan is wholly checked. */
#ifndef CMD_LAB_SESSION_H
#define CMD_LAB_SESSION_H

#include "aws/client/client.h"
#include "aws/provider/provider.h"
#include "cmd/lab/options.h"
#include "cmd/lab/render.h"
#include "cmd/lab/who.h"
#include "steps/engine/engine.h"
#include "steps/plan/plan.h"
#include "steps/store/store.h"

struct session {
    const struct options *options;
    struct buf plan_text;
    struct plan plan;
    bool has_plan;
    struct aws_settings settings;
    struct aws_shared *shared;
    struct credential_provider *caller, *instance;
    struct store *store;
    char account[13], arn[512], partition[32], run_id[40];
    char *ca_file;
    struct who *who; /* roles assumed and the machine's instance id, as steps ask */
    int stop_fd;
    uint64_t requests_before;
    /* Called when the engine has ended, well or not, unless it was interrupted:
     * what it finds is part of the run. NULL: nothing. */
    bool (*afterwards)(struct session *s, struct render *render, struct error *err);
    /* Of a command that runs the engine several times: one stream of events, one
     * summary with the sums. Set by the command, which also ends the stream. */
    struct render *render;
    struct render *shows; /* what the engine's events go to while it runs */
    struct json *summary;
};

/** The plan of -f, ./lab.yaml or the built-in lab. Mistakes are printed to
 * stderr with their places; err is then ERR_PLAN. */
MUST_USE bool session_load_plan(struct session *s, const struct options *o, struct error *err);
/** A plan made of steps as JSON, {"id": {"uses", "with", "needs"}}, for commands
 * that bring their own. Replaces the plan the session has. */
MUST_USE bool session_make_plan(struct session *s, const struct options *o,
                                const struct step_kind *const *kinds, const char *lab,
                                const struct json *steps, struct error *err);

/** Settings and where credentials come from; nothing is asked yet. */
MUST_USE bool session_prepare(struct session *s, struct error *err);
/** GetCallerIdentity, after session_prepare. */
MUST_USE bool session_identify(struct session *s, struct error *err);
/** A way out with the settings' CA bundle and proxy. */
MUST_USE bool session_transport(const struct session *s, struct http_transport **out, struct error *err);
/** Both: settings, credentials and GetCallerIdentity. */
MUST_USE bool session_connect(struct session *s, struct error *err);
/** A client of the caller's identity; NULL with err set. */
struct aws_client *session_client(struct session *s, struct error *err);
/** The checkpoint store, its scope that of plan and options; command: as in store_open. */
MUST_USE bool session_open_store(struct session *s, const char *command, struct error *err);
/** The store's scope anew, after another plan or learner. */
void session_set_scope(struct session *s);

/** Runs the engine with the renderers the options ask for. *status is set in
 * every case: 0, or what plan and check tell the shell, or the failure's. */
MUST_USE bool session_run(struct session *s, const char *command, const struct step_kind *const *kinds,
                          const struct engine_request *request, struct engine_summary *summary, int *status,
                          struct error *err);

/** The last event of a command that ran no engine: its requests so far, made one
 * after the other. */
struct json *session_summary(const struct session *s);

/** The value of a text argument of the plan's first step of a kind; "" when
 * there is none. Freed with mem_free. */
char *session_argument(const struct session *s, const char *kind, const char *member);

void session_release(struct session *s);

/** --state, else .lab/state.db. */
const char *session_state_file(const struct options *o);

#endif
