/* The services' own published endpoint tests: which host, which signing region,
 * which combination is refused. */
#include "aws/config/config.h"

#include "aws/common/mem.h"
#include "tests/support/variables.h"
#include "tests/support/vector_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define VECTORS "../shared/vectors/endpoints/"
#define CASES 534

static bool flag(const struct json *params, const char *name)
{
    return json_bool(json_get(params, name), false);
}

static bool resolve(const char *service, const struct json *params, struct aws_endpoint *out,
                    struct error *err)
{
    const char *variables[] = {flag(params, "UseGlobalEndpoint") ? "AWS_STS_REGIONAL_ENDPOINTS=legacy" : NULL,
                               NULL};
    const char *region = json_get_text(params, "Region"), *endpoint = json_get_text(params, "Endpoint");
    const struct aws_settings_options options = {.region = region[0] ? region : NULL,
                                                 .endpoint_url = endpoint[0] ? endpoint : NULL,
                                                 .env = variables_of(variables)};
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};

    if (!aws_settings_load(&options, &settings, err))
        return false;
    settings.fips = flag(params, "UseFIPS");
    settings.dualstack = flag(params, "UseDualStack");
    return aws_endpoint_resolve(&settings, model_service(service), out, err);
}

/* What a case does not name is left open by it. */
static void check_signing(const char *what, const struct json *scheme, const struct aws_endpoint *got)
{
    const char *region = json_get_text(scheme, "signingRegion"), *name = json_get_text(scheme, "signingName");

    if (region[0] && strcmp(region, got->signing_region) != 0)
        fail_msg("%s: signed for %s, not %s", what, got->signing_region, region);
    if (name[0] && strcmp(name, got->signing_name) != 0)
        fail_msg("%s: signed as %s, not %s", what, got->signing_name, name);
}

static void check_case(const char *service, const struct json *test)
{
    const struct json *expect = json_get(test, "expect");
    const char *refusal = json_get_text(expect, "error"),
               *want = json_get_text(json_get(expect, "endpoint"), "url");
    CLEANUP(mem_freep) char *what = mem_printf("%s: %s", service, json_get_text(test, "documentation"));
    CLEANUP(buf_release) struct buf url = {0};
    struct aws_endpoint got;
    struct error err = {0};

    if (!resolve(service, json_get(test, "params"), &got, &err)) {
        if (!refusal[0] || !strstr(err.message, refusal))
            fail_msg("%s: %s", what, err.message);
        assert_int_equal(err.code, ERR_CONFIG);
        return;
    }
    http_url_origin(&got.url, &url);
    buf_adds(&url, got.url.path);
    if (refusal[0] || strcmp(buf_text(&url), want) != 0)
        fail_msg("%s: %s, not %s%s", what, buf_text(&url), want, refusal);
    check_signing(what, json_path(expect, "endpoint.properties.authSchemes.0"), &got);
}

static void resolves_every_case(void **state)
{
    static const char *const services[] = {
        "cloudformation", "cloudtrail", "ec2", "iam", "kms", "lambda", "logs", "rds",
        "secretsmanager", "sts"};
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        CLEANUP(mem_freep) char *path = mem_printf(VECTORS "%s.json", services[i]);
        CLEANUP(json_freep) struct json *suite = vector_file(path);
        const struct json *tests = json_get(suite, "testCases");

        count += json_count(tests);
        for (const struct json *test = json_first(tests); test; test = json_next(test))
            check_case(services[i], test);
    }
    assert_int_equal(count, CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(resolves_every_case)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
