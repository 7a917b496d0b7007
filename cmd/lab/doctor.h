/* One visit of the doctor: what its checks share. A check looks, and says one
 * line or several; it changes nothing. Inside cmd/lab's doctor files only. */
#ifndef CMD_LAB_DOCTOR_H
#define CMD_LAB_DOCTOR_H

#include "cmd/lab/doctor_facts.h"

enum doctor_state { DOCTOR_PASS, DOCTOR_FAIL, DOCTOR_CANNOT_TELL };

struct doctor {
    struct session session;
    struct aws_client *client; /* NULL before there are credentials */
    struct doctor_facts facts;
    struct json *permissions; /* permissions_of_plan */
    size_t failed, not_told;
    int64_t started_ms; /* monotonic */
};

/** One line. remedy: what to do about it, "" when there is nothing to do. */
void doctor_say(struct doctor *d, const char *check, enum doctor_state state, const char *remedy,
                const char *format, ...) PRINTF_LIKE(5, 6);
/** The same from an error: a refusal or an endpoint that is not reached is a
 * failure, anything else cannot be told. */
void doctor_say_error(struct doctor *d, const char *check, const char *doing, const struct error *err);

/** SimulatePrincipalPolicy for one action on one resource, with a context key. A
 * resource's own policy is not in it. */
MUST_USE bool doctor_simulate(struct doctor *d, const char *principal, const char *action,
                              const char *resource, const char *key, const char *value, bool *allowed,
                              struct error *err);

void doctor_tools(struct doctor *d);
void doctor_credentials(struct doctor *d);
void doctor_account(struct doctor *d);
void doctor_endpoints(struct doctor *d); /* the clock too */
void doctor_permissions(struct doctor *d);
void doctor_keys(struct doctor *d); /* customer KMS keys of secrets */
void doctor_cluster(struct doctor *d);
void doctor_workstation(struct doctor *d); /* Session Manager too */
void doctor_ca(struct doctor *d);
void doctor_quotas(struct doctor *d);
void doctor_names(struct doctor *d);
void doctor_network(struct doctor *d);

#endif
