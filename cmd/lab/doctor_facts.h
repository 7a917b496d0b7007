/* What an account says of the things a plan stands on: the cluster, the
 * workstation, the role it has. Read once, for `lab doctor` and `lab policy`. */
#ifndef CMD_LAB_DOCTOR_FACTS_H
#define CMD_LAB_DOCTOR_FACTS_H

#include "cmd/lab/session.h"
#include "steps/kinds/permissions.h"

/* One look. */
struct fact {
    bool asked;       /* the plan has such a step */
    bool known;       /* err holds when it was asked and is not known */
    struct json *out; /* the reply */
    struct error err;
};

struct doctor_facts {
    struct fact cluster;     /* DescribeDBClusters */
    struct fact workstation; /* DescribeInstances, running and stopped */
    struct fact association; /* DescribeIamInstanceProfileAssociations of it */
    struct fact profile;     /* GetInstanceProfile of the one it has to get back */
    char *original_role;     /* ARN; NULL: it had none */
};

void doctor_facts_look(const struct session *s, struct aws_client *client, struct doctor_facts *out);
void doctor_facts_release(struct doctor_facts *f);

/** The only workstation of that name; NULL when there is none, or several. */
const struct json *doctor_facts_instance(const struct doctor_facts *f, size_t *count);
const struct json *doctor_facts_cluster(const struct doctor_facts *f);

/** What the plan asks for in this account. */
MUST_USE bool doctor_facts_permissions(const struct session *s, const struct doctor_facts *f,
                                       struct json **out, struct error *err);

#endif
