#include "steps/kinds/table.h"

#include <assert.h>

const struct step_kind *const step_kinds[] = {
    &kind_rds_cluster,          &kind_ec2_instance,
    &kind_mysql_user,           &kind_secretsmanager_secret,
    &kind_iam_policy,           &kind_iam_role,
    &kind_iam_role_policy,      &kind_iam_instance_profile,
    &kind_ec2_instance_profile, &kind_sts_identity,
    &kind_lab_access_test,      &kind_secretsmanager_rotation,
    &kind_cloudtrail_events,    NULL,
};

static_assert(ARRAY_LEN(step_kinds) <= KINDS_MAX, "the checker's table has room for every kind");
