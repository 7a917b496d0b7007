/* The one table of step kinds. A new kind is one file and one row here. */
#ifndef STEPS_KINDS_TABLE_H
#define STEPS_KINDS_TABLE_H

#include "steps/engine/kind.h"

#define KINDS_MAX 32 /* rows of any table of kinds */

/* Kinds a plan may use; NULL-terminated. */
extern const struct step_kind *const step_kinds[];

extern const struct step_kind kind_rds_cluster, kind_ec2_instance, kind_mysql_user,
    kind_secretsmanager_secret, kind_iam_policy, kind_iam_role, kind_iam_role_policy,
    kind_iam_instance_profile, kind_ec2_instance_profile, kind_sts_identity, kind_lab_access_test,
    kind_secretsmanager_rotation, kind_cloudtrail_events;

/* For `lab rotate` only: rotates an existing secret at once. with: {secret:
 * name or ARN}. */
extern const struct step_kind kind_secretsmanager_rotate;

#endif
