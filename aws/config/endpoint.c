/* Which host a call goes to and which region signs it: facts 1.2 and 1.3. */
#include "aws/config/config.h"

#include "aws/common/mem.h"

#include <stdio.h>
#include <strings.h>

#define GLOBAL_REGION "us-east-1"

struct partition {
    const char *id;
    const char *prefix; /* of its regions; the first row that fits counts */
    const char *suffix, *dualstack_suffix;
    /* IAM has one endpoint a partition: plain, FIPS, dual-stack, both. NULL
     * follows the ordinary pattern. */
    const char *iam_region;
    const char *iam[2][2]; /* [dualstack][fips] */
};

static const struct partition partitions[] = {
    {"aws-cn",
     "cn-",
     "amazonaws.com.cn",
     "api.amazonwebservices.com.cn",
     "cn-north-1",
     {{"iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn"},
      {"iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn"}}},
    {"aws-us-gov",
     "us-gov-",
     "amazonaws.com",
     "api.aws",
     "us-gov-west-1",
     {{"iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com"},
      {"iam.us-gov.api.aws", "iam.us-gov.api.aws"}}},
    {"aws-eusc",
     "eusc-",
     "amazonaws.eu",
     "api.amazonwebservices.eu",
     "eusc-de-east-1",
     {{"iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu"}, {NULL, NULL}}},
    {"aws-iso",
     "us-iso-",
     "c2s.ic.gov",
     "api.aws.ic.gov",
     "us-iso-east-1",
     {{"iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov"}, {NULL, NULL}}},
    {"aws-iso-b",
     "us-isob-",
     "sc2s.sgov.gov",
     "api.aws.scloud",
     "us-isob-east-1",
     {{"iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov"}, {NULL, NULL}}},
    {"aws-iso-e",
     "eu-isoe-",
     "cloud.adc-e.uk",
     "api.cloud-aws.adc-e.uk",
     "eu-isoe-west-1",
     {{"iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk"}, {NULL, NULL}}},
    {"aws-iso-f",
     "us-isof-",
     "csp.hci.ic.gov",
     "api.aws.hci.ic.gov",
     "us-isof-south-1",
     {{"iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov"}, {NULL, NULL}}},
    /* Every other name, known or not. */
    {"aws",
     "",
     "amazonaws.com",
     "api.aws",
     GLOBAL_REGION,
     {{"iam.amazonaws.com", "iam-fips.amazonaws.com"}, {"iam.global.api.aws", "iam-fips.global.api.aws"}}},
};

static const struct partition *find_partition(const char *region)
{
    for (size_t i = 0; i + 1 < ARRAY_LEN(partitions); i++)
        if (strncmp(region, partitions[i].prefix, strlen(partitions[i].prefix)) == 0)
            return &partitions[i];
    return &partitions[ARRAY_LEN(partitions) - 1];
}

const char *aws_partition(const char *region)
{
    return find_partition(region)->id;
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

/* --- the computed host --- */

/* STS before regional endpoints: only when asked for, and only in regions that
 * were on from the start. */
static bool is_sts_global(const struct aws_settings *s, const struct aws_service *service)
{
    static const char *const regions[] = {
        "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
        "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
        "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2",
    };
    const char *mode = s->env.get ? s->env.get(s->env.self, "AWS_STS_REGIONAL_ENDPOINTS") : NULL;

    if (strcmp(service->id, "sts") != 0 || s->fips || s->dualstack)
        return false;
    if (strcmp(s->region, "aws-global") == 0)
        return true;
    if (!mode || mode[0] == '\0')
        mode = aws_settings_get(s, "sts_regional_endpoints");
    return mode && strcasecmp(mode, "legacy") == 0 && is_one_of(s->region, regions, ARRAY_LEN(regions));
}

/* In GovCloud the plain host of these is the FIPS one. */
static bool fips_in_host(const struct aws_service *service, const struct partition *p, bool dualstack)
{
    static const char *const with_fips[] = {"secretsmanager", "lambda", "kms"};

    return dualstack || strcmp(p->id, "aws-us-gov") != 0 ||
           is_one_of(service->endpoint_prefix, with_fips, ARRAY_LEN(with_fips));
}

/* Secrets Manager's ordinary host is dual-stack already. */
static bool dualstack_in_host(const struct aws_service *service, const struct partition *p, bool fips)
{
    static const char *const ordinary[] = {"aws", "aws-us-gov", "aws-cn"};

    return strcmp(service->endpoint_prefix, "secretsmanager") != 0 ||
           !is_one_of(p->id, ordinary, ARRAY_LEN(ordinary)) || (fips && strcmp(p->id, "aws-cn") == 0);
}

static void compute_host(const struct aws_settings *s, const struct aws_service *service,
                         const struct partition *p, struct buf *out)
{
    const char *iam = p->iam[s->dualstack][s->fips];
    bool dualstack = s->dualstack && dualstack_in_host(service, p, s->fips);
    bool fips = s->fips && fips_in_host(service, p, dualstack);

    if (service->global && iam)
        buf_printf(out, "https://%s", iam);
    else if (is_sts_global(s, service))
        buf_adds(out, "https://sts.amazonaws.com");
    else
        buf_printf(out, "https://%s%s.%s.%s", service->endpoint_prefix, fips ? "-fips" : "",
                   service->global ? p->iam_region : s->region, dualstack ? p->dualstack_suffix : p->suffix);
}

/* --- overrides --- */

/* "endpoint_url" out of a services block: lines of "key = value". */
static bool nested_value(struct str block, const char *key, struct str *out)
{
    struct str line;

    while (str_split(&block, '\n', &line)) {
        size_t equals = str_find_char(line, '=');

        if (equals < line.len && str_equal_ignore_case(str_trim(str_slice(line, 0, equals)), str_of(key))) {
            *out = str_trim(str_slice(line, equals + 1, line.len));
            return true;
        }
    }
    return false;
}

/* *text stays empty when nothing is configured; *from names the place. */
static bool find_override(const struct aws_settings *s, const struct aws_service *service, struct str *text,
                          struct buf *from, struct error *err)
{
    CLEANUP(mem_freep) char *variable = mem_printf("AWS_ENDPOINT_URL_%s", service->env_suffix);
    const char *const variables[] = {variable, "AWS_ENDPOINT_URL"};
    const char *services = aws_settings_get(s, "services");

    buf_adds(from, "--endpoint-url");
    *text = str_of(s->endpoint_url);
    if (!str_empty(*text) || s->ignore_configured_endpoints)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(variables) && s->env.get; i++) {
        *text = str_of(s->env.get(s->env.self, variables[i]));
        buf_reset(from);
        buf_adds(from, variables[i]);
        if (!str_empty(*text))
            return true;
    }
    buf_reset(from);
    buf_printf(from, "endpoint_url of profile '%s'", s->profile);
    if (services && services[0] != '\0') {
        const struct json *block = json_get(json_get(s->files, "services"), services);

        if (!block)
            return error_set(err, ERR_CONFIG,
                             "profile '%s' names [services %s], which the config file does not have",
                             s->profile, services);
        if (nested_value(json_str(json_get(block, service->config_id)), "endpoint_url", text) &&
            !str_empty(*text))
            return true;
    }
    *text = str_of(aws_settings_get(s, "endpoint_url"));
    return true;
}

static bool use_override(const struct aws_settings *s, struct str text, const char *from,
                         struct aws_endpoint *out, struct error *err)
{
    if (s->fips || s->dualstack)
        return error_set(err, ERR_CONFIG,
                         "Invalid Configuration: %s and custom endpoint are not supported (%s)",
                         s->fips ? "FIPS" : "Dualstack", from);
    return http_url_parse(text, &out->url, err) || error_wrap(err, "%s", from);
}

bool aws_endpoint_resolve(const struct aws_settings *s, const struct aws_service *service,
                          struct aws_endpoint *out, struct error *err)
{
    CLEANUP(buf_release) struct buf host = {0};
    CLEANUP(buf_release) struct buf from = {0};
    const struct partition *p = find_partition(s->region);
    const char *signing_region = s->region;
    struct str text = {0};

    *out = (struct aws_endpoint){0};
    if (!find_override(s, service, &text, &from, err))
        return false;
    /* IAM is signed with its partition's region, whatever host it is sent to. */
    if (service->global)
        signing_region = p->iam_region;
    if (!str_empty(text)) {
        if (!use_override(s, text, buf_text(&from), out, err))
            return false;
    } else {
        if (s->region[0] == '\0')
            return error_set(err, ERR_CONFIG,
                             "Invalid Configuration: Missing Region: give --region or set AWS_REGION");
        compute_host(s, service, p, &host);
        if (!http_url_parse(buf_str(&host), &out->url, err))
            return error_wrap(err, "endpoint of %s", service->id);
        if (is_sts_global(s, service))
            signing_region = GLOBAL_REGION;
    }
    snprintf(out->signing_region, sizeof out->signing_region, "%s", signing_region);
    snprintf(out->signing_name, sizeof out->signing_name, "%s", service->signing_name);
    return true;
}
