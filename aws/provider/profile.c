#include "aws/provider/profile.h"

#include "aws/provider/source.h"

static const struct json *find_profile(const struct aws_settings *s, const char *name)
{
    return json_get(json_get(s->files, "profiles"), name);
}

static bool has_keys(const struct json *profile)
{
    return profile_get(profile, "aws_access_key_id") || profile_get(profile, "aws_secret_access_key");
}

static bool check_keys(const struct profile_link *link, struct error *err)
{
    static const char *const keys[] = {"aws_access_key_id", "aws_secret_access_key"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (!profile_get(link->profile, keys[i]))
            return error_set(err, ERR_CONFIG, "profile '%s': profile missing %s", link->name, keys[i]);
    return true;
}

/* --- SSO --- */

static bool has_sso(const struct json *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "sso_account_id", "sso_role_name"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (profile_get(profile, keys[i]))
            return true;
    return false;
}

static bool check_sso_session(const struct aws_settings *s, const struct profile_link *link,
                              const char *session_name, struct error *err)
{
    static const char *const shared[] = {"sso_region", "sso_start_url"};
    const struct json *session = json_get(json_get(s->files, "sso_sessions"), session_name);

    if (!session)
        return error_set(err, ERR_CONFIG, "sso-session named `%s` (referenced by profile `%s`) was not found",
                         session_name, link->name);
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        const char *own = profile_get(link->profile, shared[i]);

        if (own && strcmp(own, json_get_text(session, shared[i])) != 0)
            return error_set(err, ERR_CONFIG,
                             "profile '%s': `%s` can only be specified in the [sso-session] config when a "
                             "session name is given",
                             link->name, shared[i]);
        if (!profile_get(session, shared[i]))
            return error_set(err, ERR_CONFIG, "[sso-session %s] has no %s", session_name, shared[i]);
    }
    return true;
}

static bool check_sso(const struct aws_settings *s, const struct profile_link *link, struct error *err)
{
    static const char *const pair[] = {"sso_account_id", "sso_role_name"};
    static const char *const inline_keys[] = {"sso_region", "sso_start_url"};
    const char *session = profile_get(link->profile, "sso_session");

    for (size_t i = 0; i < ARRAY_LEN(pair); i++)
        if (!profile_get(link->profile, pair[i]) && profile_get(link->profile, pair[1 - i]))
            return error_set(err, ERR_CONFIG, "profile '%s': if `%s` is set, then `%s` must also be set",
                             link->name, pair[1 - i], pair[i]);
    if (session)
        return check_sso_session(s, link, session, err);
    for (size_t i = 0; i < ARRAY_LEN(inline_keys); i++)
        if (!profile_get(link->profile, inline_keys[i]))
            return error_set(err, ERR_CONFIG, "profile '%s' is set up for SSO, but has no %s", link->name,
                             inline_keys[i]);
    return true;
}

/* --- one profile --- */

/* Static keys of the credentials file come before a process, those of the
 * config file after it. */
static bool keys_are_shared(const struct aws_settings *s, const struct profile_link *link)
{
    return has_keys(json_get(s->shared_credentials, link->name));
}

/* What the profile itself gives, its role left aside. */
static bool find_base(const struct aws_settings *s, struct profile_link *link, bool *found, struct error *err)
{
    *found = true;
    if (profile_get(link->profile, "web_identity_token_file")) {
        link->kind = PROFILE_WEB_IDENTITY;
        return profile_get(link->profile, "role_arn") ||
               error_set(err, ERR_CONFIG,
                         "profile '%s': `web_identity_token_file` was specified but `role_arn` was missing",
                         link->name);
    }
    if (has_sso(link->profile)) {
        link->kind = PROFILE_SSO;
        return check_sso(s, link, err);
    }
    link->kind = PROFILE_KEYS;
    if (keys_are_shared(s, link))
        return check_keys(link, err);
    if (profile_get(link->profile, "login_session"))
        return error_set(err, ERR_CONFIG,
                         "profile '%s' uses login_session (`aws login`), which lab cannot read: name a "
                         "profile with SSO, a role or keys, or export keys with `aws configure "
                         "export-credentials`",
                         link->name);
    if (profile_get(link->profile, "credential_process")) {
        link->kind = PROFILE_PROCESS;
        return true;
    }
    if (has_keys(link->profile))
        return check_keys(link, err);
    *found = false;
    return true;
}

/* --- the walk --- */

struct walk {
    const struct aws_settings *settings;
    struct profile_link roles[PROFILE_LINKS_MAX]; /* outermost first */
    size_t count;
};

static bool was_visited(const struct walk *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->roles[i].name, name) == 0)
            return true;
    return false;
}

static bool push_role(struct walk *w, const struct profile_link *link, struct error *err)
{
    if (w->count + 1 >= PROFILE_LINKS_MAX)
        return error_set(err, ERR_CONFIG, "profile '%s': more than %d profiles in a chain", link->name,
                         PROFILE_LINKS_MAX - 1);
    w->roles[w->count] = *link;
    w->roles[w->count++].kind = PROFILE_ROLE;
    return true;
}

/* From the role of link to where its keys come from. *done: link is that. */
static bool step(struct walk *w, struct profile_link *link, bool *done, struct error *err)
{
    const char *source = profile_get(link->profile, "source_profile");
    const char *named = profile_get(link->profile, "credential_source");
    struct profile_link next = {PROFILE_KEYS, source, find_profile(w->settings, source ? source : "")};
    bool itself = source && strcmp(source, link->name) == 0;

    if (source && named)
        return error_set(err, ERR_CONFIG,
                         "profile '%s': profile contained both source_profile and credential_source",
                         link->name);
    if (!source && !named)
        return error_set(err, ERR_CONFIG,
                         "profile '%s' has role_arn: profile must contain `source_profile` or "
                         "`credential_source`",
                         link->name);
    if (!push_role(w, link, err))
        return false;
    *done = named || itself;
    link->kind = named ? PROFILE_SOURCE : PROFILE_KEYS;
    if (named)
        return true;
    if (itself && has_keys(link->profile))
        return check_keys(link, err);
    if (was_visited(w, source))
        return error_set(err, ERR_CONFIG, "profile '%s': profile formed an infinite loop", link->name);
    if (!next.profile)
        return error_set(err, ERR_CONFIG, "could not find source profile %s referenced from %s", source,
                         link->name);
    *link = next;
    return true;
}

static bool walk(struct walk *w, struct profile_link *link, bool *found, struct error *err)
{
    bool done = false;

    for (;;) {
        /* Keys of a source profile win over its role. */
        if (w->count > 0 && has_keys(link->profile)) {
            *found = true;
            link->kind = PROFILE_KEYS;
            return check_keys(link, err);
        }
        if (!profile_get(link->profile, "role_arn") || profile_get(link->profile, "web_identity_token_file"))
            return find_base(w->settings, link, found, err);
        if (!step(w, link, &done, err))
            return false;
        if (done) {
            *found = true;
            return true;
        }
    }
}

bool profile_resolve(const struct aws_settings *settings, struct profile_chain *out, struct error *err)
{
    struct profile_link link = {PROFILE_KEYS, settings->profile, find_profile(settings, settings->profile)};
    struct walk w = {.settings = settings};
    bool found = false;

    *out = (struct profile_chain){0};
    if (!walk(&w, &link, &found, err))
        return false;
    if (!found)
        return w.count == 0 ||
               error_set(err, ERR_CONFIG, "profile `%s` did not contain credential information", link.name);
    out->links[out->count++] = link;
    while (w.count > 0)
        out->links[out->count++] = w.roles[--w.count];
    return true;
}
