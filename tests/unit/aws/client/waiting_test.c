/* What a call waits for, and that the observer hears of it. Each wait is ended
 * by the observer, so nothing here takes time. */
#include "aws/client/client.h"

#include "aws/provider/provider.h"
#include "tests/support/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define ASKED                                                                                                \
    "{\"request\":{\"method\":\"POST\",\"uri\":\"https://sts.eu-west-1.amazonaws.com/\",\"headers\":{}},"
#define FAILS(status, code, headers)                                                                         \
    ASKED "\"response\":{\"status\":" status ",\"headers\":{" headers "}},\"body\":"                         \
          "\"<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>\"}"

static int64_t now_ms(void *self)
{
    (void)self;
    return 1440938160000;
}

static void zeros(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

struct fixture {
    struct aws_settings settings;
    struct aws_shared *shared;
    struct aws_client *client;
    struct credential_provider *provider;
    struct json *recorded;
    struct replay replay;
    int stop[2];
    size_t attempts, waits;
    int64_t wait_ms; /* the last that was not 0 */
    bool throttle, held_back;
};

static void attempt(void *self, const struct aws_operation *op, int number, int64_t ms,
                    const struct error *err)
{
    (void)op;
    (void)number;
    (void)ms;
    (void)err;
    ((struct fixture *)self)->attempts++;
}

static void waiting(void *self, const struct aws_operation *op, int number, int64_t wait_ms,
                    const struct error *err)
{
    struct fixture *f = self;

    assert_string_equal(op->name, "GetCallerIdentity");
    (void)number;
    f->waits++;
    f->throttle |= err && err->throttle;
    f->held_back |= !err;
    if (wait_ms == 0)
        return;
    f->wait_ms = wait_ms;
    assert_int_equal(write(f->stop[1], "x", 1), 1);
}

static void make(struct fixture *f, enum aws_retry_mode mode, const char *recorded)
{
    struct aws_credentials creds = {.access_key_id = "AKIA"};
    struct http_transport *transport;
    struct error err = {0};

    *f = (struct fixture){.settings = {.region = "eu-west-1", .max_attempts = 3, .retry_mode = mode}};
    assert_int_equal(pipe(f->stop), 0);
    if (!json_parse(str_of(recorded), NULL, &f->recorded, &err))
        fail_msg("%s", err.message);
    f->replay.next = json_first(f->recorded);
    struct aws_shared_options options = {.settings = &f->settings,
                                         .clock = {now_ms, now_ms, NULL},
                                         .random = {zeros, NULL},
                                         .observer = {attempt, f, waiting},
                                         .stop_fd = f->stop[0]};
    f->shared = aws_shared_new(&options);
    secret_set(&creds.secret_access_key, STR("not a real secret"));
    f->provider = provider_static_new(&creds);
    aws_credentials_release(&creds);
    assert_true(replay_connect(&f->replay, NULL, &transport, &err));
    f->client = aws_client_new(f->shared, f->provider, transport);
}

static void drop(struct fixture *f)
{
    aws_client_free(f->client);
    credential_provider_free(f->provider);
    aws_shared_free(f->shared);
    json_free(f->recorded);
    close(f->stop[0]);
    close(f->stop[1]);
}

static void waits_as_the_service_asks(void **state)
{
    CLEANUP(drop) struct fixture f;
    struct error err = {0};

    (void)state;
    make(&f, RETRY_STANDARD, "[" FAILS("400", "Throttling", "\"x-amz-retry-after\":[\"4000\"]") "]");
    assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
    assert_int_equal(err.code, ERR_INTERRUPTED);
    assert_int_equal(f.wait_ms, 4000);
    assert_true(f.throttle);
    assert_false(f.held_back);
    assert_int_equal(f.attempts, 1);
    assert_null(f.replay.differs);
}

static void adaptive_mode_holds_the_next_back(void **state)
{
    CLEANUP(drop) struct fixture f;
    struct error err = {0};

    (void)state;
    make(&f, RETRY_ADAPTIVE, "[" FAILS("400", "Throttling", "") "]");
    assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
    assert_int_equal(err.code, ERR_INTERRUPTED);
    /* Nothing was measured yet: half a request a second. */
    assert_int_equal(f.wait_ms, 2000);
    assert_true(f.throttle);
    assert_true(f.held_back);
    assert_int_equal(f.attempts, 1);
}

static void legacy_mode_has_its_own_list(void **state)
{
    static const char recorded[] = "[" FAILS("509", "Bandwidth", "") "," FAILS(
        "509", "Bandwidth", "") "," FAILS("509", "Bandwidth", "") "]";
    static const struct {
        enum aws_retry_mode mode;
        size_t attempts;
    } table[] = {{RETRY_LEGACY, 3}, {RETRY_STANDARD, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(drop) struct fixture f;
        struct error err = {0};

        make(&f, table[i].mode, recorded);
        assert_false(aws_call(f.client, "sts", "GetCallerIdentity", NULL, NULL, &err));
        assert_int_equal(err.http_status, 509);
        assert_int_equal(f.attempts, table[i].attempts);
        assert_int_equal(f.waits, table[i].attempts - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_as_the_service_asks),
        cmocka_unit_test(adaptive_mode_holds_the_next_back),
        cmocka_unit_test(legacy_mode_has_its_own_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
