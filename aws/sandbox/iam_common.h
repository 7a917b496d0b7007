/* What the files of IAM share: the kinds of entity with their words, looking
 * one up, making one, paging, tags and documents. Texts are facts 2.3 and 4. */
#ifndef AWS_SANDBOX_IAM_COMMON_H
#define AWS_SANDBOX_IAM_COMMON_H

#include "aws/policy/policy.h"
#include "aws/sandbox/call.h"

enum { IAM_ATTACHED_LIMIT = 10, IAM_VERSION_LIMIT = 5, IAM_TAG_LIMIT = 50, IAM_KEY_LIMIT = 2 };
enum { IAM_GROUPS_PER_USER = 10, IAM_POLICY_CHARS = 6144, IAM_TRUST_CHARS = 2048 };

struct iam_kind {
    const char *kind;      /* of the world: "iam.role" */
    const char *member;    /* "RoleName" */
    const char *id_member; /* "RoleId" */
    const char *id_prefix; /* "AROA" */
    const char *resource;  /* of the ARN: "role" */
    const char *missing;   /* "The role with name", before the name */
    const char *exists;    /* "Role with name", before the name */
    const char *noun;      /* "Role", in the names of quotas */
    const char *plural;    /* "Roles" */
    size_t account_quota;
    size_t inline_chars; /* of all inline policies; 0: has none */
};

extern const struct iam_kind iam_role, iam_user, iam_group, iam_policy, iam_profile;

/** AWS's answer by format. */
bool iam_refuse(struct error *err, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);

/* --- entities --- */

/** The role, user or group whose policies an operation is about. */
const struct iam_kind *iam_holder(const struct call *c);
/** The name the call gives; for users without one, the caller's. */
const char *iam_name(const struct call *c, const struct iam_kind *kind);
/** The entity the call names, a policy by its ARN. NULL with NoSuchEntity, or
 * InvalidInput for an ARN that is none. */
const struct json *iam_get(const struct call *c, const struct iam_kind *kind, struct error *err);
/** The same to be changed. */
struct json *iam_edit(struct call *c, const struct iam_kind *kind, struct error *err);

/** Refuses a name that exists (case ignored) or one too many. */
MUST_USE bool iam_check_new(struct call *c, const struct iam_kind *kind, struct error *err);
/** Name, path, id, ARN, dates and tags from the input; owned, not yet in the world. */
struct json *iam_make(struct call *c, const struct iam_kind *kind);
/** Copies members that are there and not empty. NULL ends the list. */
void iam_copy(const struct json *from, struct json *to, const char *const *members);
/** Whether the entity's Path begins with the input's PathPrefix. */
bool iam_on_path(const struct call *c, const struct json *entity);
/** c->out becomes {member: value}; takes value over. */
void iam_answer(struct call *c, const char *member, struct json *value);
/** What the trail shows of c->out: responseElements. */
void iam_show_response(struct call *c);

/* --- paging: Marker and MaxItems --- */

struct iam_pager {
    char after[2100]; /* key of the last item of the page before, "" at the start */
    char last[2100];
    bool unordered; /* keys do not ascend: the marker's has to be met itself */
    bool past, truncated;
    int64_t left;
};

/** ValidationError for a marker that is none. */
MUST_USE bool iam_pager_begin(const struct call *c, struct iam_pager *p, struct error *err);
/** Whether the item of this key belongs to the page. Keys come in order. */
bool iam_pager_wants(struct iam_pager *p, const char *key);
/** Puts IsTruncated and Marker into c->out. */
void iam_pager_end(const struct iam_pager *p, struct call *c);

/* A list of the account's entities under PathPrefix. */
struct iam_list {
    const char *kind;                                                /* of the world */
    const char *member;                                              /* of the answer */
    bool (*listed)(const struct call *c, const struct json *entity); /* NULL: all */
    struct json *(*view)(const struct call *c, const struct json *entity);
};

/** Adds to c->out when there is one. */
MUST_USE bool iam_list(struct call *c, const struct iam_list *what, struct error *err);

/* A list of what the holder of the call has, in order. */
struct iam_part {
    const char *part;   /* member of the entity: an array or object */
    const char *sort;   /* member of its elements; NULL: their key or text */
    const char *member; /* of the answer */
    struct json *(*view)(const struct call *c, const struct json *element); /* NULL: not shown */
};

MUST_USE bool iam_list_part(struct call *c, const struct iam_part *what, struct error *err);

/* --- documents --- */

/** Refuses what does not parse. */
MUST_USE bool iam_check_document(struct str document, enum policy_type type, struct error *err);
/** Characters that count against a quota: all but white space. */
size_t iam_document_chars(struct str document);
/** A trust policy: syntax, size, and principals that exist. */
MUST_USE bool iam_check_trust(struct call *c, struct str document, struct error *err);
/** Trust policies that name a principal which goes keep its unique id. */
void iam_forget_principal(struct call *c, const char *arn, const char *id);

/* --- tags, boundaries, attachments --- */

MUST_USE bool iam_check_tags(const struct call *c, struct error *err);
/** Refuses a PermissionsBoundary that names no policy. */
MUST_USE bool iam_check_boundary(const struct call *c, struct error *err);
/** Adds {PermissionsBoundaryType, PermissionsBoundaryArn} when there is one. */
void iam_show_boundary(const struct json *entity, struct json *view);
/** Adds Tags when there are any. */
void iam_show_tags(const struct json *entity, struct json *view);
/** The attachment in effect for the one who asks IAM; NULL when detached. */
const struct json *iam_attached(const struct json *entity, const char *policy_arn);
size_t iam_attached_count(const struct json *entity);
/** Uses of a policy in the account. */
size_t iam_attachment_count(const struct world *w, const char *policy_arn);
size_t iam_boundary_count(const struct world *w, const char *policy_arn);

/* --- views that several files show --- */

/** full: what Get shows and List leaves out. */
struct json *iam_role_view(const struct json *role, bool full);
struct json *iam_user_listed(const struct call *c, const struct json *user);

/* --- handlers, a file each: rows are in iam.c --- */

bool iam_create_role(struct call *c, struct error *err);
bool iam_get_role(struct call *c, struct error *err);
bool iam_delete_role(struct call *c, struct error *err);
bool iam_update_role(struct call *c, struct error *err);
bool iam_update_role_description(struct call *c, struct error *err);
bool iam_update_assume_role_policy(struct call *c, struct error *err);
bool iam_list_roles(struct call *c, struct error *err);

bool iam_create_policy(struct call *c, struct error *err);
bool iam_get_policy_row(struct call *c, struct error *err);
bool iam_delete_policy(struct call *c, struct error *err);
bool iam_list_policies(struct call *c, struct error *err);
bool iam_create_policy_version(struct call *c, struct error *err);
bool iam_get_policy_version(struct call *c, struct error *err);
bool iam_delete_policy_version(struct call *c, struct error *err);
bool iam_list_policy_versions(struct call *c, struct error *err);
bool iam_set_default_policy_version(struct call *c, struct error *err);

bool iam_attach_policy(struct call *c, struct error *err);
bool iam_detach_policy(struct call *c, struct error *err);
bool iam_list_attached_policies(struct call *c, struct error *err);
bool iam_list_entities_for_policy(struct call *c, struct error *err);
bool iam_put_boundary(struct call *c, struct error *err);
bool iam_delete_boundary(struct call *c, struct error *err);

bool iam_put_inline(struct call *c, struct error *err);
bool iam_get_inline(struct call *c, struct error *err);
bool iam_delete_inline(struct call *c, struct error *err);
bool iam_list_inline(struct call *c, struct error *err);

bool iam_tag(struct call *c, struct error *err);
bool iam_untag(struct call *c, struct error *err);
bool iam_list_tags(struct call *c, struct error *err);

bool iam_create_profile(struct call *c, struct error *err);
bool iam_get_profile(struct call *c, struct error *err);
bool iam_delete_profile(struct call *c, struct error *err);
bool iam_list_profiles(struct call *c, struct error *err);
bool iam_list_profiles_for_role(struct call *c, struct error *err);
bool iam_add_role_to_profile(struct call *c, struct error *err);
bool iam_remove_role_from_profile(struct call *c, struct error *err);

bool iam_create_user(struct call *c, struct error *err);
bool iam_get_user(struct call *c, struct error *err);
bool iam_delete_user(struct call *c, struct error *err);
bool iam_list_users(struct call *c, struct error *err);
bool iam_create_access_key(struct call *c, struct error *err);
bool iam_delete_access_key(struct call *c, struct error *err);
bool iam_update_access_key(struct call *c, struct error *err);
bool iam_list_access_keys(struct call *c, struct error *err);
bool iam_get_access_key_last_used(struct call *c, struct error *err);

bool iam_create_group(struct call *c, struct error *err);
bool iam_get_group(struct call *c, struct error *err);
bool iam_delete_group(struct call *c, struct error *err);
bool iam_list_groups(struct call *c, struct error *err);
bool iam_list_groups_for_user(struct call *c, struct error *err);
bool iam_add_user_to_group(struct call *c, struct error *err);
bool iam_remove_user_from_group(struct call *c, struct error *err);

bool iam_list_account_aliases(struct call *c, struct error *err);
bool iam_get_account_summary(struct call *c, struct error *err);

bool iam_simulate_custom_policy(struct call *c, struct error *err);
bool iam_simulate_principal_policy(struct call *c, struct error *err);

#endif
