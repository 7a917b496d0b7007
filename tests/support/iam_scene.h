/* Scenes of IAM calls for unit tests: rows of calls with what has to come of
 * each, played one after the other in one world. */
#ifndef TESTS_SUPPORT_IAM_SCENE_H
#define TESTS_SUPPORT_IAM_SCENE_H

#include "tests/support/sandbox_fixture.h"

/* One call of a scene. In texts `$A` is the account, `$T` a trust policy for
 * EC2 and `$P` a policy that allows s3:GetObject, both as quoted JSON text. */
struct iam_step {
    const char *why, *operation, *in;
    const char *code, *text; /* refusal; NULL text: any; NULL code: success */
    const char *path, *want; /* of the answer, as compact JSON; "absent" */
};

#define STATEMENT(body) "\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[" body "]}\""
#define TRUST(who)                                                                                           \
    STATEMENT("{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":{" who                                        \
              "},\\\"Action\\\":\\\"sts:AssumeRole\\\"}")
#define TRUST_EC2 TRUST("\\\"Service\\\":\\\"ec2.amazonaws.com\\\"")
#define ALLOW(action)                                                                                        \
    STATEMENT("{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"" action "\\\",\\\"Resource\\\":\\\"*\\\"}")
#define ADMIN_ARN "\"PolicyArn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"}"

/** As the holder of the key; ends the test when something else comes of it. */
void iam_play_as(struct sandbox_fixture *f, const char *access_key_id, const struct iam_step *step);
/** As the administrator. */
void iam_play(struct sandbox_fixture *f, const struct iam_step *steps, size_t count);
/** In a world of its own. */
void iam_play_alone(const struct iam_step *steps, size_t count);

#endif
