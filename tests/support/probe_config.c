/* `probe config` and `probe endpoint`. */
#include "tests/support/probe.h"

#include "aws/common/mem.h"
#include "aws/config/config.h"

#include <stdio.h>

static bool config_line(void *self, const struct json *line, struct buf *out)
{
    CLEANUP(json_freep) struct json *answer = NULL;
    struct error err = {0};

    (void)self;
    if (!aws_config_parse(json_str(json_get(line, "config")), json_str(json_get(line, "credentials")),
                          &answer, &err)) {
        answer = json_object();
        json_put_text(answer, "error", err.message);
    }
    json_put_text(answer, "name", json_get_text(line, "name"));
    json_write(answer, out);
    return true;
}

static const char *no_variable(void *self, const char *name)
{
    /* The line alone decides, nothing of where the probe runs. */
    return self && strcmp(name, "AWS_STS_REGIONAL_ENDPOINTS") == 0 ? "legacy" : NULL;
}

static bool resolve(const struct json *line, struct aws_endpoint *endpoint, struct error *err)
{
    static char legacy[] = "legacy";
    const char *endpoint_url = json_get_text(line, "endpoint"), *region = json_get_text(line, "region");
    const struct aws_service *service = model_service(json_get_text(line, "service"));
    struct aws_settings_options options = {
        .region = region[0] != '\0' ? region : NULL,
        .endpoint_url = endpoint_url[0] != '\0' ? endpoint_url : NULL,
        .env = {no_variable, json_bool(json_get(line, "sts_global"), false) ? legacy : NULL},
    };
    CLEANUP(aws_settings_release) struct aws_settings settings = {0};

    if (!service)
        return error_set(err, ERR_USAGE, "unknown service '%s'", json_get_text(line, "service"));
    if (!aws_settings_load(&options, &settings, err))
        return false;
    settings.fips = json_bool(json_get(line, "fips"), false);
    settings.dualstack = json_bool(json_get(line, "dualstack"), false);
    return aws_endpoint_resolve(&settings, service, endpoint, err);
}

static bool endpoint_line(void *self, const struct json *line, struct buf *out)
{
    CLEANUP(json_freep) struct json *answer = json_object();
    CLEANUP(buf_release) struct buf url = {0};
    struct aws_endpoint endpoint;
    struct error err = {0};

    (void)self;
    if (resolve(line, &endpoint, &err)) {
        http_url_origin(&endpoint.url, &url);
        buf_adds(&url, endpoint.url.path);
        json_put_text(answer, "url", buf_text(&url));
        json_put_text(answer, "signing_region", endpoint.signing_region);
        json_put_text(answer, "signing_name", endpoint.signing_name);
    } else {
        json_put_text(answer, "error", err.message);
    }
    json_write(answer, out);
    return true;
}

int probe_config(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return probe_each_line(config_line, NULL);
}

int probe_endpoint(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return probe_each_line(endpoint_line, NULL);
}
