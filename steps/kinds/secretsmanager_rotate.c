/* The console's "Rotate secret immediately", for `lab rotate`. */
#include "aws/crypto/random.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/table.h"

#include <string.h>

static const struct schema_field with[] = {
    {.name = "secret", .type = FIELD_TEXT, .required = true, .help = "name or ARN of the secret"},
    {0},
};

static const struct output_field outputs[] = {{"version", false, "the new version"}, {0}};

enum { ROTATION_DEADLINE_MS = 10 * 60 * 1000 };

static bool rotate(struct step_context *c, const char *secret, struct error *err)
{
    char token[37];
    struct json *in;

    /* One token for all tries: a try whose reply was lost may have begun a rotation,
     * and another token would begin one more. */
    if (!*json_get_text(step_scratch(c), "token")) {
        random_uuid(step_random(c), token);
        json_put_text(step_scratch(c), "token", token);
    }
    in = json_of("SecretId", secret, "ClientRequestToken", json_get_text(step_scratch(c), "token"), NULL);
    return change(c, secret, "secretsmanager", "RotateSecret", in, "", NULL, err);
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait ends = {"the rotation to end", 300, 5000, ROTATION_DEADLINE_MS};
    const char *id = json_get_text(step_with(c), "secret");
    const char *token = json_get_text(step_scratch(c), "token");
    CLEANUP(json_freep) struct json *secret = NULL;

    if (!look_up(c, "secretsmanager", "DescribeSecret", json_of("SecretId", id, NULL), NULL, &secret, err))
        return STEP_FAILED;
    if (!json_bool(json_get(secret, "RotationEnabled"), false)) {
        error_set(err, ERR_FAILED, "rotation of %s is not enabled", id);
        return STEP_FAILED;
    }
    if (!json_bool(json_get(step_scratch(c), "asked"), false) &&
        !json_get(json_get(secret, "VersionIdsToStages"), *token ? token : " ")) {
        if (!rotate(c, id, err))
            return gotcha_or_fail(c, "secretsmanager:RotateSecret", err);
        json_put_bool(step_scratch(c), "asked", true);
        return step_wait(c, &ends);
    }
    /* Completion test of facts 8.3: the token's version is current. */
    if (strcmp(version_labelled(secret, "AWSCURRENT"), token) != 0)
        return step_wait(c, &ends);
    step_note(c, "%s has the new version %s", id, token);
    step_output_text(c, "version", token);
    return STEP_FINISHED;
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    (void)c;
    (void)err;
    o->ours = true;
    o->state = OBSERVED_CANNOT_TELL;
    set_detail(o, "it rotates whenever it is run");
    return true;
}

const struct step_kind kind_secretsmanager_rotate = {
    .schema = {"secretsmanager.rotate", "rotates a secret now", KIND_TEST, false, with, outputs},
    .observe = observe,
    .apply = apply,
};
