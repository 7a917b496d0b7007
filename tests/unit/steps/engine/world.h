/* A world in memory that survives the death of a child process, and a client
 * that acts on it in place of aws/client. Part of the rig. */
#ifndef TESTS_UNIT_STEPS_ENGINE_WORLD_H
#define TESTS_UNIT_STEPS_ENGINE_WORLD_H

#include "aws/common/file.h"
#include "aws/common/mem.h"
#include "steps/engine/engine.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* No test program uses all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

enum { MAX_THINGS = 128 };

/* --- the world --- */

struct thing {
    char name[32], step[32]; /* step "": not ours */
    bool present;
};

/* In shared memory: a child may be killed at any point and leave it so. */
struct world {
    pthread_mutex_t mutex;
    struct thing things[MAX_THINGS];
    size_t count;
    int creates, deletes, reads, doubles; /* doubles: created although present */
    int crash_at;                         /* the process dies at this point; 0 never */
    int point;
    int lose_reply_of; /* this create acts, but its reply is lost */
    bool refuse_deletes;
    bool lose_secret_calls; /* every call to secretsmanager goes unanswered */
};

static struct world *world;

static void crash_point(void)
{
    if (world->crash_at > 0 && ++world->point == world->crash_at)
        kill(getpid(), SIGKILL);
}

static struct thing *world_find(const char *name)
{
    for (size_t i = 0; i < world->count; i++)
        if (strcmp(world->things[i].name, name) == 0)
            return &world->things[i];
    struct thing *t = &world->things[world->count++];
    assert_true(world->count < MAX_THINGS);
    (void)snprintf(t->name, sizeof(t->name), "%s", name);
    return t;
}

static bool present(const char *name)
{
    return world_find(name)->present;
}

static void plant(const char *name, const char *step)
{
    struct thing *t = world_find(name);

    t->present = true;
    (void)snprintf(t->step, sizeof(t->step), "%s", step);
}

/* --- the client, in place of aws/client: these are all it has of use here --- */

struct aws_client {
    uint64_t requests;
    struct credential_provider *provider;
};

uint64_t aws_client_requests(const struct aws_client *c)
{
    return c->requests;
}

void aws_client_set_provider(struct aws_client *c, struct credential_provider *provider)
{
    c->provider = provider;
}

void aws_client_free(struct aws_client *c)
{
    mem_free(c);
}

struct aws_totals aws_shared_totals(const struct aws_shared *s)
{
    (void)s;
    return (struct aws_totals){0};
}

static struct aws_client *new_client(void *self, struct error *err)
{
    (void)self;
    (void)err;
    return mem_alloc(sizeof(struct aws_client));
}

static bool reply_error(struct error *err, const char *code, int status)
{
    error_aws(err, code, "of the rig");
    err->http_status = status;
    return false;
}

static bool act(const char *operation, struct thing *t, const struct json *in, struct error *err)
{
    if (strcmp(operation, "CreateRole") == 0) {
        if (t->present) {
            world->doubles++;
            return reply_error(err, "EntityAlreadyExists", 409);
        }
        plant(t->name, json_get_text(in, "Description"));
        world->creates++;
        crash_point();
        return world->creates != world->lose_reply_of ||
               error_set(err, ERR_UNREACHABLE, "CreateRole: the reply was lost");
    }
    if (world->refuse_deletes)
        return reply_error(err, "DeleteConflict", 409);
    if (!t->present)
        return reply_error(err, "NoSuchEntity", 404);
    t->present = false;
    world->deletes++;
    crash_point();
    return true;
}

bool aws_call(struct aws_client *c, const char *service, const char *operation, const struct json *in,
              struct json **out, struct error *err)
{
    struct thing *t;
    bool ok;

    assert_non_null(c->provider);
    c->requests++;
    if (world->lose_secret_calls && strcmp(service, "secretsmanager") == 0)
        return error_set(err, ERR_UNREACHABLE, "no answer");
    pthread_mutex_lock(&world->mutex);
    t = world_find(json_get_text(in, "RoleName"));
    if (strcmp(operation, "GetRole") == 0) {
        world->reads++;
        ok = t->present || reply_error(err, "NoSuchEntity", 404);
        if (ok && out)
            *out = json_of("Description", t->step, NULL);
    } else {
        crash_point();
        ok = act(operation, t, in, err);
        if (ok && out)
            *out = json_object();
    }
    pthread_mutex_unlock(&world->mutex);
    return ok;
}

bool aws_call_all(struct aws_client *c, const char *service, const char *operation, const struct json *in,
                  struct json **out, struct error *err)
{
    return aws_call(c, service, operation, in, out, err);
}

/* Fails with the SQLSTATE and number in the statement, "28000 1045"; else works. */
bool mysql_run(struct mysql_session *s, struct str statement, struct mysql_rows *rows, struct error *err)
{
    int64_t number = 0;

    (void)s;
    (void)rows;
    if (statement.len != 10 || !str_to_i64(str_slice(statement, 6, 4), &number))
        return true;
    error_set(err, ERR_SQL, "refused");
    err->os_errno = (int)number;
    return false;
}

#endif
