#include "aws/sandbox/sandbox.h"

#include "aws/common/mem.h"
#include "aws/sandbox/authorize.h"
#include "aws/sandbox/core.h"
#include "aws/sandbox/keep.h"
#include "aws/sandbox/trail.h"

#include <stdarg.h>
#include <stdio.h>

/* The history CloudTrail keeps here; with its texts it stays under a third of
 * the memory the sandbox may use. */
enum { TRAIL_EVENTS = 50000, TRAIL_TEXT_BYTES = 8 * 1024 * 1024 };

static const char upper_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char hex_digits[] = "0123456789abcdef";

static const struct {
    const char *region_prefix, *partition;
} partitions[] = {
    {"cn-", "aws-cn"},
    {"us-gov-", "aws-us-gov"},
    {"eusc-", "aws-eusc"},
};

const char *sandbox_keep_text(struct sandbox *s, const char *text)
{
    if (!text)
        return NULL;
    mem_grow(&s->texts, &s->text_cap, s->text_count, sizeof *s->texts);
    s->texts[s->text_count] = mem_dup(text);
    return s->texts[s->text_count++];
}

static void keep_list(struct sandbox *s, const char *const *list, const char ***out)
{
    size_t count = 0;

    while (list && list[count])
        count++;
    mem_free(*out);
    *out = mem_array(count + 1, sizeof **out);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = sandbox_keep_text(s, list[i]);
}

void sandbox_set_function_env(struct sandbox *s, const char *const *list)
{
    keep_list(s, list, &s->function_env);
    s->options.function_env = s->function_env;
}

void sandbox_set_workstation_env(struct sandbox *s, const char *const *list)
{
    keep_list(s, list, &s->workstation_env);
    s->options.workstation_env = s->workstation_env;
}

static void keep_options(struct sandbox *s, const struct sandbox_options *options)
{
    struct sandbox_options *o = &s->options;

    *o = *options;
    o->region = sandbox_keep_text(s, options->region);
    o->listen_address = sandbox_keep_text(s, options->listen_address);
    o->database_address = sandbox_keep_text(s, options->database_address);
    o->admin_user = sandbox_keep_text(s, options->admin_user);
    o->record_file = sandbox_keep_text(s, options->record_file);
    o->data_file = sandbox_keep_text(s, options->data_file);
    if (o->speed < 1)
        o->speed = 1;
    s->real_start_ms = s->service_start_ms = clock_wall_ms(&o->clock);
    sandbox_set_function_env(s, options->function_env);
    sandbox_set_workstation_env(s, options->workstation_env);
    (void)snprintf(s->partition, sizeof s->partition, "aws");
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++)
        if (str_starts(str_of(o->region), str_of(partitions[i].region_prefix)))
            (void)snprintf(s->partition, sizeof s->partition, "%s", partitions[i].partition);
}

static void start_random(struct sandbox *s)
{
    s->random = random_system;
    if (s->options.seed) {
        random_seeded_init(&s->seeded, s->options.seed);
        s->random = random_seeded_source(&s->seeded);
    }
    s->faults = faults_new(&s->options.faults,
                           s->options.seed ? s->options.seed : random_below(&random_system, UINT64_MAX));
    s->random.fill(s->random.self, s->metadata_key, sizeof s->metadata_key);
    /* Twelve digits, the first not 0, so that nobody takes it for a number. */
    random_text(&s->random, "123456789", s->account, 1);
    random_text(&s->random, "0123456789", s->account + 1, 11);
}

bool sandbox_new(const struct sandbox_options *options, struct sandbox **out, struct error *err)
{
    struct sandbox *s = mem_alloc(sizeof *s);
    bool known = false;

    *out = NULL;
    s->loop_thread = pthread_self();
    keep_options(s, options);
    start_random(s);
    s->world = world_new();
    s->trail = trail_new(TRAIL_EVENTS, TRAIL_TEXT_BYTES);
    s->policies = policy_cache_new();
    s->keys = key_cache_new();
    s->timers = timers_new();
    s->jobs = jobs_new(s);
    if ((s->options.record_file && !record_open(s->options.record_file, &s->record, err)) ||
        !server_new(s, &s->server, err) || !sandbox_restore(s, &known, err) ||
        (!known && !seed_world(s, options->world, err)) || !sandbox_keep_begin(s, err)) {
        sandbox_free(s);
        return false;
    }
    if (known)
        sandbox_resume(s);
    /* Borrowed for this call only. */
    s->options.world = NULL;
    s->options.admin_password = (struct str){0};
    *out = s;
    return true;
}

void sandbox_free(struct sandbox *s)
{
    if (!s)
        return;
    jobs_stop(s->jobs);
    (void)sandbox_keep(s); /* what the last jobs did; said when it fails */
    server_free(s->server);
    keep_free(s->keep);
    timers_free(s->timers);
    jobs_free(s->jobs);
    record_free(s->record);
    faults_free(s->faults);
    key_cache_free(s->keys);
    policy_cache_free(s->policies);
    trail_free(s->trail);
    world_free(s->world);
    for (size_t i = 0; i < s->text_count; i++)
        mem_free(s->texts[i]);
    mem_free(s->texts);
    mem_free(s->function_env);
    mem_free(s->workstation_env);
    mem_free(s);
}

const char *sandbox_url(const struct sandbox *s)
{
    return s->url;
}

const char *sandbox_account(const struct sandbox *s)
{
    return s->account;
}

void sandbox_admin_credentials(const struct sandbox *s, struct aws_credentials *out)
{
    const struct json *key = world_get(s->world, "iam.access_key", s->admin_key);

    aws_credentials_release(out);
    (void)snprintf(out->access_key_id, sizeof out->access_key_id, "%s", s->admin_key);
    (void)snprintf(out->account_id, sizeof out->account_id, "%s", s->account);
    (void)snprintf(out->provider, sizeof out->provider, "sandbox");
    secret_set(&out->secret_access_key, json_str(json_get(key, "secret")));
}

void sandbox_dump(const struct sandbox *s, struct buf *out)
{
    world_dump(s->world, out);
}

const char *sandbox_region(const struct sandbox *s)
{
    return s->options.region;
}

const char *sandbox_partition(const struct sandbox *s)
{
    return s->partition;
}

const struct random *sandbox_random(struct sandbox *s)
{
    return &s->random;
}

int64_t sandbox_now_ms(const struct sandbox *s)
{
    return s->service_start_ms + (clock_wall_ms(&s->options.clock) - s->real_start_ms) * s->options.speed;
}

int64_t sandbox_until_ms(const struct sandbox *s, int64_t at_ms)
{
    int64_t left_ms = at_ms - sandbox_now_ms(s);

    return left_ms > 0 ? (left_ms + s->options.speed - 1) / s->options.speed : 0;
}

int64_t sandbox_real_s(const struct sandbox *s)
{
    return clock_wall_ms(&s->options.clock) / 1000;
}

const struct sandbox_options *sandbox_settings(const struct sandbox *s)
{
    return &s->options;
}

struct world *sandbox_world(struct sandbox *s)
{
    return s->world;
}

bool sandbox_in_loop(const struct sandbox *s)
{
    return pthread_equal(pthread_self(), s->loop_thread) != 0;
}

void sandbox_arn(const struct sandbox *s, char *out, const char *service, const char *region,
                 const char *format, ...)
{
    char rest[2100];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    /* Cut where it does not fit: no ARN of AWS is as long as the buffer. */
    (void)snprintf(out, sizeof rest, "arn:%s:%s:%s:%s:%.1900s", s->partition, service, region, s->account,
                   rest);
}

void sandbox_unique_id(struct sandbox *s, const char *prefix, char out[22])
{
    char tail[18];

    random_text(&s->random, upper_and_digits, tail, 17);
    (void)snprintf(out, 22, "%.4s%s", prefix, tail);
}

void sandbox_resource_id(struct sandbox *s, const char *prefix, char out[64])
{
    char tail[18];

    random_text(&s->random, hex_digits, tail, 17);
    (void)snprintf(out, 64, "%.40s%s", prefix, tail);
}

bool sandbox_propagated(const struct sandbox *s, int64_t created_ms)
{
    return created_ms + s->options.propagation_ms <= sandbox_now_ms(s);
}
