#include "cmd/lab/who.h"

#include "aws/common/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct assumed {
    char *arn;
    struct credential_provider *provider;
};

struct who {
    const struct aws_settings *settings;
    struct aws_shared *shared;
    struct credential_provider *caller;
    pthread_mutex_t mutex;
    bool asked;
    char machine[32];
    struct assumed *roles;
    size_t count, cap;
};

struct who *who_new(const struct aws_settings *settings, struct aws_shared *shared,
                    struct credential_provider *caller)
{
    struct who *who = mem_alloc(sizeof *who);

    *who = (struct who){.settings = settings, .shared = shared, .caller = caller};
    pthread_mutex_init(&who->mutex, NULL);
    return who;
}

/* Not asked before a step needs it: off an instance nobody answers, and to find
 * that out takes its time. */
const char *who_machine(void *self)
{
    struct who *who = self;
    CLEANUP(buf_release) struct buf id = {0};
    struct error ignored;
    bool found;

    pthread_mutex_lock(&who->mutex);
    if (!who->asked && imds_get(who->settings, "/latest/meta-data/instance-id", &id, &found, &ignored) &&
        found)
        snprintf(who->machine, sizeof who->machine, "%s", buf_text(&id));
    who->asked = true;
    pthread_mutex_unlock(&who->mutex);
    return who->machine;
}

struct credential_provider *who_role(void *self, const char *role_arn)
{
    struct who *who = self;
    struct credential_provider *found = NULL;

    pthread_mutex_lock(&who->mutex);
    for (size_t i = 0; i < who->count && !found; i++) {
        if (strcmp(who->roles[i].arn, role_arn) == 0)
            found = who->roles[i].provider;
    }
    if (!found) {
        found = provider_assume_role_new(who->caller, who->shared, role_arn, "lab");
        mem_grow(&who->roles, &who->cap, who->count + 1, sizeof *who->roles);
        who->roles[who->count++] = (struct assumed){mem_dup(role_arn), found};
    }
    pthread_mutex_unlock(&who->mutex);
    return found;
}

void who_free(struct who *who)
{
    if (!who)
        return;
    for (size_t i = 0; i < who->count; i++) {
        credential_provider_free(who->roles[i].provider);
        mem_free(who->roles[i].arn);
    }
    mem_free(who->roles);
    pthread_mutex_destroy(&who->mutex);
    mem_free(who);
}
