/* The sandbox that keeps its world: who it was, what it was about to do. The
 * tokens of the metadata service and runs of functions end with each sandbox; a
 * run of a rotation begins its step again. The event history is kept as well as
 * it goes. */
#include "aws/sandbox/cloudformation.h"
#include "aws/sandbox/core.h"
#include "aws/sandbox/ec2.h"
#include "aws/sandbox/keep.h"
#include "aws/sandbox/lambda.h"
#include "aws/sandbox/rotation.h"
#include "aws/sandbox/secretsmanager.h"
#include "aws/sandbox/ssm.h"
#include "aws/sandbox/trail.h"

#include "aws/common/log.h"
#include "aws/common/mem.h"

#include <stdio.h>

/* Service time goes on while nobody serves, as it would have; it never goes
 * back, whatever the speed is now. */
static void take_clock(struct sandbox *s, const struct json *meta)
{
    int64_t real_ms = json_int(json_get(meta, "real_ms"), s->real_start_ms);
    int64_t service_ms = json_int(json_get(meta, "service_ms"), s->service_start_ms);
    int64_t passed_ms = s->real_start_ms - real_ms;

    s->service_start_ms = service_ms + (passed_ms > 0 ? passed_ms * json_int(json_get(meta, "speed"), 1) : 0);
}

/* The same seed again would make the same ids again. */
static void take_random(struct sandbox *s)
{
    if (s->options.seed)
        random_seeded_init(&s->seeded, s->options.seed + (uint64_t)s->starts * 0x9e3779b97f4a7c15u);
}

bool sandbox_restore(struct sandbox *s, bool *known, struct error *err)
{
    CLEANUP(json_freep) struct json *meta = NULL;
    const char *region;

    *known = false;
    if (!s->options.data_file)
        return true;
    if (!keep_read(s->options.data_file, s->world, &meta, err))
        return false;
    *known = meta != NULL;
    if (!meta)
        return true;
    region = json_get_text(meta, "region");
    if (strcmp(region, s->options.region) != 0)
        return error_set(err, ERR_USAGE, "the data is of a sandbox in %s, not %s", region, s->options.region);
    (void)snprintf(s->account, sizeof s->account, "%s", json_get_text(meta, "account"));
    (void)snprintf(s->admin_key, sizeof s->admin_key, "%s", json_get_text(meta, "admin_key"));
    s->starts = json_int(json_get(meta, "starts"), 0);
    take_clock(s, meta);
    take_random(s);
    return true;
}

bool sandbox_keep_begin(struct sandbox *s, struct error *err)
{
    CLEANUP(json_freep) struct json *meta = NULL;
    CLEANUP(mem_freep) char *trail_file = NULL;

    if (!s->options.data_file)
        return true;
    trail_file = mem_printf("%s.trail", s->options.data_file);
    meta = json_of("account", s->account, "region", s->options.region, "admin_key", s->admin_key, NULL);
    json_put_int(meta, "starts", s->starts + 1);
    json_put_int(meta, "real_ms", s->real_start_ms);
    json_put_int(meta, "service_ms", s->service_start_ms);
    json_put_int(meta, "speed", s->options.speed);
    return trail_keep(s->trail, trail_file, err) &&
           keep_write(s->options.data_file, s->world, meta, &s->keep, err);
}

void sandbox_resume(struct sandbox *s)
{
    rotations_resume(s);
    deletions_resume(s);
    stacks_resume(s);
    lambda_interfaces_resume(s);
    ec2_associations_resume(s);
    ssm_resume(s);
}

bool sandbox_must_keep(const struct sandbox *s)
{
    return s->keep && (s->keep_failed || world_changed(s->world));
}

bool sandbox_keep(struct sandbox *s)
{
    if (!sandbox_must_keep(s))
        return true;
    if (s->keep_failed || keep_commit(s->keep, s->world, &s->keep_error))
        return !s->keep_failed;
    /* Nothing is acknowledged any more that may be lost: the sandbox ends. */
    log_error("%s", s->keep_error.message);
    s->keep_failed = true;
    return false;
}
