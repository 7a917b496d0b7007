/* The doctor's questions about what the account holds: cluster, workstation,
 * quotas, the cluster's way to Secrets Manager; and the database's CA. */
#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "aws/crypto/certificate.h"
#include "cmd/lab/doctor.h"
#include "steps/kinds/rotation_network.h"

#include <string.h>

/* --- cluster --- */

void doctor_cluster(struct doctor *d)
{
    const struct json *cluster = doctor_facts_cluster(&d->facts);
    const char *status = json_get_text(cluster, "Status");
    bool available = strcmp(status, "available") == 0;

    if (!d->facts.cluster.asked)
        return;
    if (!d->facts.cluster.known && error_is(&d->facts.cluster.err, "DBClusterNotFoundFault")) {
        doctor_say(d, "cluster", DOCTOR_FAIL,
                   "name one with --var cluster=IDENTIFIER, or look in another region",
                   "there is no DB cluster of that name in %s", d->session.settings.region);
        return;
    }
    if (!d->facts.cluster.known) {
        doctor_say_error(d, "cluster", "look for it", &d->facts.cluster.err);
        return;
    }
    doctor_say(d, "cluster", available ? DOCTOR_PASS : DOCTOR_FAIL,
               available ? "" : "start the cluster, or wait until it is available",
               "%s is %s: %s %s, writer endpoint %s:%lld", json_get_text(cluster, "DBClusterIdentifier"),
               status, json_get_text(cluster, "Engine"), json_get_text(cluster, "EngineVersion"),
               json_get_text(cluster, "Endpoint"), (long long)json_int(json_get(cluster, "Port"), 0));
}

/* --- workstation --- */

static bool wants_session_manager(const struct doctor *d)
{
    for (size_t i = 0; i < d->session.plan.step_count; i++) {
        if (strcmp(json_get_text(d->session.plan.steps[i].with, "from"), "ssm") == 0)
            return true;
    }
    return false;
}

static void session_manager(struct doctor *d, const char *instance)
{
    struct json *in = json_object();
    struct json *filter =
        json_push(json_put(in, "Filters", json_array()), json_of("Key", "InstanceIds", NULL));
    CLEANUP(json_freep) struct json *out = NULL;
    struct error why;

    json_push(json_put(filter, "Values", json_array()), json_text_new(instance));
    bool ok = aws_call(d->client, "ssm", "DescribeInstanceInformation", in, &out, &why);
    json_free(in);
    bool wanted = wants_session_manager(d);
    if (!ok && wanted) {
        doctor_say_error(d, "session manager", "ask for it", &why);
        return;
    }
    if (!ok) {
        doctor_say(d, "session manager", DOCTOR_PASS, "",
                   "may not be asked about; this plan does not need it");
        return;
    }
    const char *ping = json_text(json_path(out, "InstanceInformationList.0.PingStatus"));
    bool online = strcmp(ping, "Online") == 0;
    doctor_say(d, "session manager", online || !wanted ? DOCTOR_PASS : DOCTOR_FAIL,
               online || !wanted
                   ? ""
                   : "give the workstation's role AmazonSSMManagedInstanceCore and start its agent",
               online   ? "%s answers (%s)"
               : wanted ? "%s does not answer (%s)"
                        : "%s does not answer (%s); this plan does not need it",
               instance, *ping ? ping : "not registered");
}

void doctor_workstation(struct doctor *d)
{
    size_t count = 0;
    const struct json *instance = doctor_facts_instance(&d->facts, &count);
    const char *state = json_text(json_path(instance, "State.Name"));
    bool running = strcmp(state, "running") == 0;

    if (!d->facts.workstation.asked)
        return;
    if (!d->facts.workstation.known) {
        doctor_say_error(d, "workstation", "look for it", &d->facts.workstation.err);
        return;
    }
    if (!instance) {
        doctor_say(d, "workstation", DOCTOR_FAIL, "name one with --var instance=NAME",
                   "%zu running or stopped instances carry its Name tag", count);
        return;
    }
    const char *id = json_get_text(instance, "InstanceId");
    doctor_say(d, "workstation", running ? DOCTOR_PASS : DOCTOR_FAIL, running ? "" : "start it", "%s is %s",
               id, state);
    if (d->facts.association.asked && !d->facts.association.known)
        doctor_say_error(d, "workstation", "look at its role", &d->facts.association.err);
    if (d->facts.profile.asked && !d->facts.profile.known)
        doctor_say_error(d, "workstation", "look at its role", &d->facts.profile.err);
    session_manager(d, id);
}

/* --- the database's CA --- */

void doctor_ca(struct doctor *d)
{
    static const char remedy[] = "fetch https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem "
                                 "and name it with --ca";
    enum { CA_LIMIT_BYTES = 4 * 1024 * 1024, DAY_S = 24 * 3600, SOON_S = 14 * DAY_S };
    const char *file = d->session.ca_file;
    int64_t now_s = clock_wall_ms(&clock_system) / 1000;
    CLEANUP(buf_release) struct buf text = {0};
    struct certificate_dates dates;
    struct error why;
    char from[21], to[21];

    if (!d->facts.cluster.asked)
        return;
    if (!file) {
        doctor_say(d, "database CA", DOCTOR_FAIL, remedy,
                   "no CA file (`lab help files`): the database could not be verified");
        return;
    }
    if (!file_read(file, CA_LIMIT_BYTES, &text, &why) ||
        !certificate_read_dates(buf_str(&text), now_s, &dates, &why)) {
        doctor_say(d, "database CA", DOCTOR_FAIL, remedy, "%s: %s", file, why.message);
        return;
    }
    clock_format_iso(dates.newest_from_s, from);
    clock_format_iso(dates.last_until_s, to);
    bool soon = dates.valid > 0 && dates.last_until_s - now_s < SOON_S;
    /* RDS's own of 2019 ended in August 2024; who still has them verifies nothing. */
    doctor_say(d, "database CA", dates.valid > 0 ? DOCTOR_PASS : DOCTOR_FAIL,
               dates.valid > 0 && !soon ? "" : remedy,
               "%s: %zu of %zu certificates hold today; the newest is %lld days old (%s), the last %s %s%s",
               file, dates.valid, dates.count, (long long)((now_s - dates.newest_from_s) / DAY_S), from,
               dates.last_until_s > now_s ? "ends" : "ended", to, soon ? ", soon" : "");
}

/* --- quotas --- */

/* What the plan adds: a step each, and the role of the rotation function. */
static size_t steps_of(const struct doctor *d, const char *kind, const char *other)
{
    size_t n = 0;

    for (size_t i = 0; i < d->session.plan.step_count; i++) {
        const struct plan_step *step = &d->session.plan.steps[i];
        n += !step->undoes &&
             (strcmp(step->kind->name, kind) == 0 || (other && strcmp(step->kind->name, other) == 0));
    }
    return n;
}

static void say_quota(struct doctor *d, const char *what, int64_t used, int64_t limit, size_t wanted)
{
    bool room = limit == 0 || used + (int64_t)wanted <= limit;

    doctor_say(d, "quota", room ? DOCTOR_PASS : DOCTOR_FAIL,
               room ? "" : "remove some, or ask for more in Service Quotas",
               "%lld of %lld %s, the plan makes %zu", (long long)used, (long long)limit, what, wanted);
}

void doctor_quotas(struct doctor *d)
{
    /* Secrets Manager tells no quota: User Guide, "Secrets Manager quotas". */
    enum { SECRETS_QUOTA = 500000 };
    static const struct {
        const char *what, *used, *limit, *kind, *other;
    } rows[] = {
        {"roles", "Roles", "RolesQuota", "iam.role", "secretsmanager.rotation"},
        {"policies", "Policies", "PoliciesQuota", "iam.policy", NULL},
        {"instance profiles", "InstanceProfiles", "InstanceProfilesQuota", "iam.instance_profile", NULL},
    };
    CLEANUP(json_freep) struct json *in = json_object();
    CLEANUP(json_freep) struct json *summary = NULL;
    CLEANUP(json_freep) struct json *secrets = NULL;
    struct error why;

    if (!aws_call(d->client, "iam", "GetAccountSummary", in, &summary, &why))
        doctor_say(d, "quota", DOCTOR_CANNOT_TELL, "grant iam:GetAccountSummary", "%s", why.message);
    const struct json *map = json_get(summary, "SummaryMap");
    for (size_t i = 0; map && i < ARRAY_LEN(rows); i++)
        say_quota(d, rows[i].what, json_int(json_get(map, rows[i].used), 0),
                  json_int(json_get(map, rows[i].limit), 0), steps_of(d, rows[i].kind, rows[i].other));
    if (steps_of(d, "secretsmanager.secret", NULL) == 0)
        return;
    if (aws_call_all(d->client, "secretsmanager", "ListSecrets", in, &secrets, &why))
        say_quota(d, "secrets", (int64_t)json_count(json_get(secrets, "SecretList")), SECRETS_QUOTA,
                  steps_of(d, "secretsmanager.secret", NULL));
    else
        doctor_say_error(d, "quota", "count the secrets", &why);
}

/* --- the rotation function's network --- */

static bool ask(void *self, const char *service, const char *operation, const struct json *in,
                struct json **out, struct error *err)
{
    struct doctor *d = self;

    return aws_call_all(d->client, service, operation, in, out, err);
}

static void say_network(void *self, const struct network_finding *f)
{
    static const enum doctor_state states[] = {[NETWORK_PASS] = DOCTOR_PASS,
                                               [NETWORK_FAULT] = DOCTOR_FAIL,
                                               [NETWORK_CANNOT_TELL] = DOCTOR_CANNOT_TELL};

    doctor_say(self, f->check, states[f->state], f->remedy, "%s", f->found);
}

static struct json *groups_of(const struct json *cluster)
{
    const struct json *members = json_get(cluster, "VpcSecurityGroups");
    struct json *ids = json_array();

    for (const struct json *m = json_first(members); m; m = json_next(m))
        json_push(ids, json_text_new(json_get_text(m, "VpcSecurityGroupId")));
    return ids;
}

void doctor_network(struct doctor *d)
{
    const struct json *cluster = doctor_facts_cluster(&d->facts);
    CLEANUP(json_freep)
    struct json *in = json_of("DBSubnetGroupName", json_get_text(cluster, "DBSubnetGroup"), NULL);
    CLEANUP(json_freep) struct json *groups = groups_of(cluster);
    CLEANUP(json_freep) struct json *out = NULL;
    struct error why;

    if (steps_of(d, "secretsmanager.rotation", NULL) == 0 || !cluster)
        return;
    if (!aws_call(d->client, "rds", "DescribeDBSubnetGroups", in, &out, &why)) {
        doctor_say_error(d, "subnets", "look for the cluster's", &why);
        return;
    }
    const struct rotation_network network = {
        .region = d->session.settings.region,
        .groups = groups,
        .subnet_group = json_path(out, "DBSubnetGroups.0"),
        .port = json_int(json_get(cluster, "Port"), 3306),
        .ask = ask,
        .find = say_network,
        .self = d,
    };
    if (!rotation_network_look(&network, &why))
        doctor_say_error(d, "secrets endpoint", "look at the network", &why);
}
