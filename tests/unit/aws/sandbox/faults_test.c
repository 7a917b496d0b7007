#include "aws/sandbox/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DRAWS = 2000 };

static const struct aws_operation *operation(const char *service, const char *name)
{
    const struct aws_operation *op = model_operation(model_service(service), name);

    assert_non_null(op);
    return op;
}

static void test_no_rates_no_faults(void **state)
{
    const struct fault_rates none = {0};

    (void)state;
    assert_null(faults_new(&none, 1));
    assert_int_equal(faults_draw(NULL, operation("sts", "GetCallerIdentity")), FAULT_NONE);
    faults_free(NULL);
}

static void test_certain_faults(void **state)
{
    static const struct {
        const char *why;
        struct fault_rates rates;
        enum fault want;
    } rows[] = {
        {"throttled", {.throttle = 1}, FAULT_THROTTLE},
        {"failed", {.errors = 1}, FAULT_ERROR},
        {"broken off", {.resets = 1}, FAULT_RESET},
        {"unanswered", {.lose_replies = 1}, FAULT_LOST_REPLY},
        {"what refuses beats what would come later", {.throttle = 1, .lose_replies = 1}, FAULT_THROTTLE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct faults *f = faults_new(&rows[i].rates, 7);

        for (int n = 0; n < 20; n++)
            if (faults_draw(f, operation("iam", "CreateRole")) != rows[i].want)
                fail_msg("%s", rows[i].why);
        faults_free(f);
    }
}

static void draw_many(struct faults *f, const struct aws_operation *op, enum fault out[DRAWS])
{
    for (int i = 0; i < DRAWS; i++)
        out[i] = faults_draw(f, op);
}

/* However the calls of other operations fall in between. */
static void test_a_seed_repeats(void **state)
{
    const struct fault_rates rates = {0.1, 0.1, 0.1, 0.1};
    const struct aws_operation *one = operation("iam", "GetRole"), *other = operation("ec2", "DescribeVpcs");
    struct faults *a = faults_new(&rates, 5), *b = faults_new(&rates, 5), *c = faults_new(&rates, 6);
    enum fault first[DRAWS], again[DRAWS], elsewhere[DRAWS];

    (void)state;
    draw_many(a, one, first);
    for (int i = 0; i < DRAWS; i++) {
        (void)faults_draw(b, other);
        again[i] = faults_draw(b, one);
    }
    draw_many(c, one, elsewhere);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, elsewhere, sizeof first);
    faults_free(a);
    faults_free(b);
    faults_free(c);
}

static void test_rates_hold(void **state)
{
    const struct fault_rates rates = {.throttle = 0.25, .resets = 0.05};
    struct faults *f = faults_new(&rates, 11);
    enum fault drawn[DRAWS];
    int throttled = 0, broken = 0;

    (void)state;
    draw_many(f, operation("rds", "DescribeDBClusters"), drawn);
    for (int i = 0; i < DRAWS; i++) {
        throttled += drawn[i] == FAULT_THROTTLE;
        broken += drawn[i] == FAULT_RESET;
    }
    /* Five standard deviations around 500 and 75. */
    assert_in_range(throttled, 400, 600);
    assert_in_range(broken, 33, 118);
    faults_free(f);
}

/* The pairs that CLI 1 and boto3 repeat: facts 3.2. */
static void test_throttles_in_the_words_of_the_service(void **state)
{
    static const struct {
        const char *service, *code;
        int status;
        const char *message;
    } rows[] = {
        {"iam", "Throttling", 400, "Throttling: Rate exceeded"},
        {"sts", "Throttling", 400, "Throttling: Rate exceeded"},
        {"cloudformation", "Throttling", 400, "Throttling: Rate exceeded"},
        {"rds", "Throttling", 400, "Throttling: Rate exceeded"},
        {"ec2", "RequestLimitExceeded", 503, "RequestLimitExceeded: Request limit exceeded."},
        {"secretsmanager", "ThrottlingException", 400, NULL},
        {"cloudtrail", "ThrottlingException", 400, NULL},
        {"logs", "ThrottlingException", 400, NULL},
        {"ssm", "ThrottlingException", 400, NULL},
        {"lambda", "TooManyRequestsException", 429, NULL},
    };
    const struct fault_rates rates = {.throttle = 1};
    struct faults *f = faults_new(&rates, 1);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;

        assert_false(faults_refuse(f, model_service(rows[i].service), FAULT_THROTTLE, &err));
        assert_string_equal(err.remote_code, rows[i].code);
        assert_int_equal(err.http_status, rows[i].status);
        if (rows[i].message)
            assert_string_equal(err.message, rows[i].message);
    }
    faults_free(f);
}

static void test_server_errors(void **state)
{
    const struct fault_rates rates = {.errors = 1};
    struct faults *f = faults_new(&rates, 3);
    const struct aws_operation *op = operation("secretsmanager", "GetSecretValue");
    int failures = 0, unavailable = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        struct error err;

        assert_int_equal(faults_draw(f, op), FAULT_ERROR);
        assert_false(faults_refuse(f, op->service, FAULT_ERROR, &err));
        failures += err.http_status == 500 && strcmp(err.remote_code, "InternalServiceError") == 0;
        unavailable += err.http_status == 503 && strcmp(err.remote_code, "ServiceUnavailable") == 0;
    }
    assert_int_equal(failures + unavailable, 200);
    assert_in_range(failures, 50, 150);
    faults_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_rates_no_faults),
        cmocka_unit_test(test_certain_faults),
        cmocka_unit_test(test_a_seed_repeats),
        cmocka_unit_test(test_rates_hold),
        cmocka_unit_test(test_throttles_in_the_words_of_the_service),
        cmocka_unit_test(test_server_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
