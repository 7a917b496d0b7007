#include "aws/sandbox/faults.h"

#include "aws/common/mem.h"

enum { COUNTERS = 1024 }; /* a power of two, well above the operations there are */

struct counter {
    const struct aws_operation *op;
    uint64_t calls;
};

struct faults {
    struct fault_rates rates;
    uint64_t seed;
    bool unavailable; /* the last FAULT_ERROR is a 503 */
    struct counter counters[COUNTERS];
};

/* How a service says that the fault is its own. "" is any other. */
static const struct {
    const char *service, *failure, *unavailable;
} words[] = {
    {"ec2", "InternalError", "Unavailable"},
    {"iam", "ServiceFailure", "ServiceUnavailable"},
    {"lambda", "ServiceException", "ServiceUnavailable"},
    {"logs", "InternalFailure", "ServiceUnavailableException"},
    {"secretsmanager", "InternalServiceError", "ServiceUnavailable"},
    {"ssm", "InternalServerError", "ServiceUnavailable"},
    {"", "InternalFailure", "ServiceUnavailable"},
};

struct faults *faults_new(const struct fault_rates *rates, uint64_t seed)
{
    struct faults *f;

    if (rates->throttle <= 0 && rates->errors <= 0 && rates->resets <= 0 && rates->lose_replies <= 0)
        return NULL;
    f = mem_alloc(sizeof *f);
    f->rates = *rates;
    f->seed = seed;
    return f;
}

void faults_free(struct faults *f)
{
    mem_free(f);
}

/* FNV-1a. */
static uint64_t add_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

static uint64_t name_hash(const struct aws_operation *op)
{
    return add_text(add_text(add_text(0xcbf29ce484222325u, op->service->id), "."), op->name);
}

/** How many calls of the operation came before. */
static uint64_t count_call(struct faults *f, const struct aws_operation *op, uint64_t hash)
{
    size_t at = (size_t)(hash % COUNTERS);

    for (size_t i = 0; i < COUNTERS; i++) {
        struct counter *c = &f->counters[(at + i) % COUNTERS];

        if (c->op && c->op != op)
            continue;
        c->op = op;
        return c->calls++;
    }
    return 0;
}

enum fault faults_draw(struct faults *f, const struct aws_operation *op)
{
    struct random_seeded state;
    struct random draw;
    uint64_t hash;
    double rate[] = {0, 0, 0, 0, 0};
    enum fault fault = FAULT_NONE;

    if (!f)
        return FAULT_NONE;
    hash = name_hash(op);
    random_seeded_init(&state, f->seed ^ hash ^ (count_call(f, op, hash) * 0x9e3779b97f4a7c15u));
    draw = random_seeded_source(&state);
    rate[FAULT_THROTTLE] = f->rates.throttle;
    rate[FAULT_ERROR] = f->rates.errors;
    rate[FAULT_RESET] = f->rates.resets;
    rate[FAULT_LOST_REPLY] = f->rates.lose_replies;
    /* A draw for each, whatever came out before: changing one rate leaves the
     * others' fates alone. The first that strikes counts. */
    for (int i = FAULT_THROTTLE; i <= FAULT_LOST_REPLY; i++)
        if (random_unit(&draw) < rate[i] && fault == FAULT_NONE)
            fault = (enum fault)i;
    f->unavailable = random_below(&draw, 2) == 1;
    return fault;
}

bool faults_refuse(struct faults *f, const struct aws_service *service, enum fault fault, struct error *err)
{
    size_t row = 0;

    if (fault == FAULT_THROTTLE) {
        error_aws(err, service->throttle_code, service->throttle_message);
        err->http_status = service->throttle_status;
        return false;
    }
    while (words[row].service[0] && strcmp(words[row].service, service->id) != 0)
        row++;
    error_aws(err, f->unavailable ? words[row].unavailable : words[row].failure,
              f->unavailable ? "The service is temporarily unavailable. Please try again."
                             : "An internal error occurred. Please try again.");
    err->http_status = f->unavailable ? 503 : 500;
    return false;
}
