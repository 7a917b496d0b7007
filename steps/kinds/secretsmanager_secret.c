/* secretsmanager.secret: the database user's secret in the console's JSON
 * shape (facts 8.6). A value that logs in is never overwritten, so a rotated
 * password stays. Without a database it holds a name and a made-up password. */
#include "aws/common/mem.h"
#include "steps/engine/explain.h"
#include "steps/kinds/database.h"
#include "steps/kinds/gotchas.h"
#include "steps/kinds/look.h"
#include "steps/kinds/password.h"
#include "steps/kinds/table.h"
#include "steps/kinds/verdict.h"

#include <string.h>

static const char *const cluster_kinds[] = {"rds.cluster", NULL};
static const char *const user_kinds[] = {"mysql.user", NULL};

#define KEY_PATTERN "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"
#define KEY_FORM "the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID)"

static const struct schema_field with[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .max = 512, .help = "name of the secret"},
    {.name = "description", .type = FIELD_TEXT, .help = "description"},
    {.name = "database",
     .type = FIELD_STEP,
     .beside = "user",
     .step_kinds = cluster_kinds,
     .help = "the DB cluster"},
    {.name = "user",
     .type = FIELD_STEP,
     .any_of_group = true,
     .beside = "database",
     .step_kinds = user_kinds,
     .help = "the database user"},
    {.name = "username",
     .type = FIELD_TEXT,
     .any_of_group = true,
     .help = "instead of a database user: a name, beside which lab puts a password it makes"},
    {.name = "dbname", .type = FIELD_TEXT, .help = "schema to connect to"},
    {.name = "kms_key",
     .type = FIELD_TEXT,
     .max = 2048,
     /* An ARN only: IAM statements and the rotation template take nothing else, and what
      * an alias stands for can change. */
     .pattern = KEY_PATTERN,
     .form = KEY_FORM,
     .help = "ARN of the customer KMS key that encrypts it; left as it is when not named"},
    {.name = "recovery_days",
     .type = FIELD_INTEGER,
     .otherwise = "7",
     .min = 7,
     .max = 30,
     .help = "days in which a deleted secret can be restored"},
    {0},
};

static const struct output_field outputs[] = {
    {"name", false, "name of the secret"},
    {"arn", false, "ARN of the secret"},
    {"kms_key", false, "ARN of the plan's KMS key, empty when it names none"},
    {0}};

struct secret_look {
    struct json *secret; /* DescribeSecret's reply, NULL when absent */
    bool scheduled;      /* for deletion */
    bool ours;
};

static void look_release(struct secret_look *l)
{
    json_free(l->secret);
    *l = (struct secret_look){0};
}

static const char *name_of(const struct step_context *c)
{
    return json_get_text(step_with(c), "name");
}

static const char *kms_key(const struct step_context *c)
{
    return json_get_text(step_with(c), "kms_key");
}

static struct json *look_input(const struct step_context *c)
{
    return json_of("SecretId", name_of(c), NULL);
}

static bool look(struct step_context *c, struct secret_look *l, struct error *err)
{
    look_release(l);
    if (!look_up(c, "secretsmanager", "DescribeSecret", look_input(c), "ResourceNotFoundException",
                 &l->secret, err))
        return false;
    l->scheduled = json_get(l->secret, "DeletedDate") != NULL;
    l->ours = step_tags_ours(c, json_get(l->secret, "Tags"));
    return true;
}

static void give(struct step_context *c, const struct secret_look *l)
{
    step_output_text(c, "name", json_get_text(l->secret, "Name"));
    step_output_text(c, "arn", json_get_text(l->secret, "ARN"));
    step_output_text(c, "kms_key", kms_key(c));
}

static const char *current_version(const struct secret_look *l)
{
    return version_labelled(l->secret, "AWSCURRENT");
}

/* The name of a secret without a database, "" with one. */
static const char *made_up(const struct step_context *c)
{
    return json_get_text(step_with(c), "username");
}

static bool get_password(struct step_context *c, struct secret *password, struct error *err)
{
    if (!*made_up(c))
        return step_secret(c, json_str(json_path(step_with(c), "user.password")), password, err);
    password_make(step_random(c), password);
    return true;
}

static const char *user_made(const struct step_context *c)
{
    return json_text(json_path(step_with(c), "user.made"));
}

/* The version that is known to log in, as long as the account is the same. */
static void trust_value(struct step_context *c, const char *version)
{
    json_put_text(step_memo(c), "version", version);
    json_put_text(step_memo(c), "user_made", user_made(c));
}

/* A value we stored and saw log in, or one that rotation looks after. Saves a
 * read of the secret, which would stand in the audit. An account that was made
 * anew since has another password. Without a database any value will do. */
static bool value_trusted(struct step_context *c, const struct secret_look *l)
{
    const char *version = current_version(l);

    if (*made_up(c))
        return *version;
    if (strcmp(user_made(c), json_get_text(step_memo(c), "user_made")) != 0)
        return false;
    return json_bool(json_get(l->secret, "RotationEnabled"), false) ||
           (*version && strcmp(version, json_get_text(step_memo(c), "version")) == 0);
}

static bool same_description(const struct step_context *c, const struct secret_look *l)
{
    return strcmp(json_get_text(l->secret, "Description"), json_get_text(step_with(c), "description")) == 0;
}

/* DescribeSecret may show a key by its id alone. */
static bool same_key(const struct step_context *c, const struct secret_look *l)
{
    const char *stored = json_get_text(l->secret, "KmsKeyId");
    const char *id = strstr(kms_key(c), ":key/");

    return !id || strcmp(stored, kms_key(c)) == 0 || strcmp(stored, id + strlen(":key/")) == 0;
}

/* A rotation leaves AWSPENDING on the version it made. Once another version is
 * current, that label reads as a rotation that has not ended, and the next one
 * is refused (facts 4). The version of a left-over label, "" when there is none. */
static const char *left_pending(const struct secret_look *l)
{
    const char *pending = version_labelled(l->secret, "AWSPENDING");

    if (json_bool(json_get(l->secret, "RotationEnabled"), false) || strcmp(pending, current_version(l)) == 0)
        return "";
    return pending;
}

/* Whether the stored value belongs to this user and logs in. */
static bool logs_in(struct step_context *c, struct json **value, bool *works, struct error *err)
{
    const struct json *args = step_with(c);
    CLEANUP(json_freep) struct json *out = NULL;
    CLEANUP(mysql_login_release) struct mysql_login login = {0};
    struct error why;

    *works = false;
    if (*made_up(c))
        return true;
    if (!look_up(c, "secretsmanager", "GetSecretValue", json_of("SecretId", name_of(c), NULL),
                 "ResourceNotFoundException", &out, err))
        return false;
    struct str text = json_str(json_get(out, "SecretString"));
    if (!json_parse(text, NULL, value, &why) || !mysql_login_parse(text, NULL, &login, &why))
        return true;
    if (strcmp(login.user, json_text(json_path(args, "user.name"))) != 0 ||
        strcmp(login.host, json_text(json_path(args, "database.endpoint"))) != 0)
        return true;
    if (mysql_login_test(&login, step_ca_file(c), &why)) {
        *works = true;
        return true;
    }
    /* Only a refused password says that the value is stale. */
    if (why.code == ERR_DENIED)
        return true;
    *err = why;
    return error_wrap(err, "try the password of secret %s", name_of(c));
}

/* By trying it where it is not known: after a rotation was undone, or when it
 * was put by hand. */
static bool value_works(struct step_context *c, const struct secret_look *l, bool *works, struct error *err)
{
    CLEANUP(json_freep) struct json *value = NULL;

    *works = value_trusted(c, l);
    return *works || logs_in(c, &value, works, err);
}

static bool observe(struct step_context *c, struct observation *o, struct error *err)
{
    CLEANUP(look_release) struct secret_look l = {0};
    bool works;

    if (!look(c, &l, err))
        return false;
    o->state = OBSERVED_ABSENT;
    o->ours = l.ours;
    if (!l.secret)
        return true;
    if (l.scheduled) {
        set_detail(o, "it is scheduled for deletion and can be restored");
        return true;
    }
    if (!value_works(c, &l, &works, err))
        return false;
    o->state = OBSERVED_PRESENT;
    if (!works) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, *made_up(c) ? "it has no value" : "its password does not log in");
    } else if (*left_pending(&l)) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, "the label of an old rotation stands in the way of the next");
    } else if (!same_description(c, &l)) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, "its description is another one");
    } else if (!same_key(c, &l)) {
        o->state = OBSERVED_DIFFERS;
        set_detail(o, "its KMS key is another one");
    }
    give(c, &l);
    return true;
}

/* A number; a mark while it is not known. */
static struct json *port_of(const struct json *args)
{
    const struct json *port = json_path(args, "database.port");

    return json_is_string(port) ? json_copy(port) : json_integer(json_int(port, 3306));
}

/* The console's shape. What else stands in `base` is kept. */
static void write_value(struct step_context *c, const struct json *base, const struct secret *password,
                        struct buf *out)
{
    const struct json *args = step_with(c);
    CLEANUP(json_freep) struct json *value = NULL;

    if (*made_up(c)) {
        value = json_of("username", made_up(c), NULL);
        json_put_str(value, "password", secret_str(password));
        json_write(value, out);
        return;
    }
    value = json_of("engine", "mysql", NULL);
    json_put_text(value, "host", json_text(json_path(args, "database.endpoint")));
    json_put_text(value, "username", json_text(json_path(args, "user.name")));
    json_put_str(value, "password", secret_str(password));
    if (*json_get_text(args, "dbname"))
        json_put_text(value, "dbname", json_get_text(args, "dbname"));
    json_put(value, "port", port_of(args));
    json_put_text(value, "dbClusterIdentifier", json_text(json_path(args, "database.identifier")));
    for (const struct json *m = json_first(base); m; m = json_next(m)) {
        if (!json_get(value, json_key(m)))
            json_put(value, json_key(m), json_copy(m));
    }
    json_write(value, out);
}

static struct json *create_input(struct step_context *c, const struct secret *password)
{
    const struct json *args = step_with(c);
    CLEANUP(buf_release) struct buf value = {0};
    struct json *in = json_of("Name", name_of(c), NULL);

    write_value(c, NULL, password, &value);
    if (*json_get_text(args, "description"))
        json_put_text(in, "Description", json_get_text(args, "description"));
    if (*kms_key(c))
        json_put_text(in, "KmsKeyId", kms_key(c));
    json_put_str(in, "SecretString", buf_str(&value));
    json_put(in, "Tags", step_tags(c));
    return in;
}

static bool create(struct step_context *c, struct error *err)
{
    CLEANUP(secret_release) struct secret password = {0};
    CLEANUP(json_freep) struct json *in = NULL;
    CLEANUP(json_freep) struct json *out = NULL;

    if (!get_password(c, &password, err))
        return false;
    in = create_input(c, &password);
    if (!effect_call(c, name_of(c), "secretsmanager", "CreateSecret", in, &out, err))
        return asked_before(c, "secretsmanager:CreateSecret", name_of(c), "ResourceExistsException", err);
    /* The password came from the account that was just made, or is of no
     * account: it is known to be right as soon as it is stored. */
    trust_value(c, json_get_text(out, "VersionId"));
    return true;
}

/* A value that does not log in is replaced by one that does. */
static bool renew(struct step_context *c, struct error *err)
{
    CLEANUP(json_freep) struct json *stored = NULL;
    CLEANUP(secret_release) struct secret password = {0};
    CLEANUP(buf_release) struct buf value = {0};
    CLEANUP(json_freep) struct json *in = json_of("SecretId", name_of(c), NULL);
    CLEANUP(json_freep) struct json *out = NULL;
    bool works;

    if (!logs_in(c, &stored, &works, err))
        return false;
    if (works)
        return true;
    if (!get_password(c, &password, err))
        return false;
    write_value(c, stored, &password, &value);
    json_put_str(in, "SecretString", buf_str(&value));
    if (!effect_call(c, name_of(c), "secretsmanager", "PutSecretValue", in, &out, err))
        return false;
    trust_value(c, json_get_text(out, "VersionId"));
    return true;
}

/* Present: ours, described and with a value that works. */
static bool complete(struct step_context *c, struct secret_look *l, struct error *err)
{
    struct json *in;

    if (!l->ours) {
        in = json_of("SecretId", name_of(c), NULL);
        json_put(in, "Tags", step_tags(c));
        if (!change(c, name_of(c), "secretsmanager", "TagResource", in, "", NULL, err))
            return false;
    }
    if (!value_trusted(c, l)) {
        if (!renew(c, err) || !look(c, l, err))
            return false;
        trust_value(c, current_version(l));
    }
    if (*left_pending(l)) {
        in = json_of("SecretId", name_of(c), "VersionStage", "AWSPENDING", "RemoveFromVersionId",
                     left_pending(l), NULL);
        if (!change(c, name_of(c), "secretsmanager", "UpdateSecretVersionStage", in, "", NULL, err))
            return false;
    }
    if (!same_description(c, l) || !same_key(c, l)) {
        in = json_of("SecretId", name_of(c), "Description", json_get_text(step_with(c), "description"), NULL);
        if (*kms_key(c))
            json_put_text(in, "KmsKeyId", kms_key(c));
        if (!change(c, name_of(c), "secretsmanager", "UpdateSecret", in, "", NULL, err))
            return false;
    }
    return true;
}

static enum step_status apply(struct step_context *c, struct error *err)
{
    static const struct step_wait seen = {"Secrets Manager to show the secret", 200, 5000, 120000};
    CLEANUP(look_release) struct secret_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (l.secret && !l.ours && !step_adopts(c)) {
        not_ours("secret", name_of(c), err);
        return STEP_FAILED;
    }
    if (l.scheduled) {
        step_note(c, "restored: it was scheduled for deletion");
        if (!change(c, name_of(c), "secretsmanager", "RestoreSecret", json_of("SecretId", name_of(c), NULL),
                    "", NULL, err) ||
            !look(c, &l, err))
            return STEP_FAILED;
    }
    if (!l.secret) {
        if (once(c, "created") && !create(c, err)) {
            again(c, "created");
            return gotcha_or_fail(c, "secretsmanager:CreateSecret", err);
        }
        if (!look(c, &l, err))
            return STEP_FAILED;
    }
    if (!l.secret || l.scheduled)
        return step_wait(c, &seen);
    if (!complete(c, &l, err))
        return STEP_FAILED;
    give(c, &l);
    return STEP_FINISHED;
}

static struct json *delete_input(const struct step_context *c, bool purge)
{
    struct json *in = json_of("SecretId", name_of(c), NULL);

    if (purge)
        json_put_bool(in, "ForceDeleteWithoutRecovery", true);
    else
        json_put_int(in, "RecoveryWindowInDays", json_int(json_get(step_with(c), "recovery_days"), 7));
    return in;
}

static bool delete_it(struct step_context *c, struct error *err)
{
    return change(c, name_of(c), "secretsmanager", "DeleteSecret", delete_input(c, step_purges(c)),
                  "ResourceNotFoundException", NULL, err);
}

static enum step_status undo(struct step_context *c, struct error *err)
{
    static const struct step_wait gone = {"Secrets Manager to show the deletion", 200, 5000, 120000};
    CLEANUP(look_release) struct secret_look l = {0};

    if (!look(c, &l, err))
        return STEP_FAILED;
    if (!l.secret || (l.scheduled && !step_purges(c))) {
        json_remove(step_memo(c), "version");
        return STEP_FINISHED;
    }
    if (!l.ours) {
        not_ours("secret", name_of(c), err);
        return STEP_FAILED;
    }
    if (!once(c, "deleted"))
        return step_wait(c, &gone);
    if (!delete_it(c, err) && !again(c, "deleted"))
        return STEP_FAILED;
    return undo(c, err);
}

/* The password is a mark here, and so the value is no secret. */
static bool explain(struct step_context *c, struct json *items, struct error *err)
{
    CLEANUP(secret_release) struct secret password = {0};
    CLEANUP(mem_freep) char *own = *made_up(c) ? password_explain(c, items, "value_password") : NULL;

    (void)err;
    secret_set(&password, own ? str_of(own) : json_str(json_path(step_with(c), "user.password")));
    explain_call(items, "secretsmanager", "CreateSecret", create_input(c, &password));
    return true;
}

static bool explain_undo(struct step_context *c, struct json *items, struct error *err)
{
    (void)err;
    explain_call(items, "secretsmanager", "DeleteSecret", delete_input(c, false));
    return true;
}

static const struct explain_find finds[] = {
    {"arn", NULL, "secretsmanager", "DescribeSecret", look_input, "ARN", false}, {0}};

const struct step_kind kind_secretsmanager_secret = {
    .schema = {"secretsmanager.secret", "the secret of a database user", KIND_RESOURCE, false, with, outputs},
    .observe = observe,
    .apply = apply,
    .undo = undo,
    .check = check_secret,
    .explain = explain,
    .explain_undo = explain_undo,
    .finds = finds,
};
