/* The workstation's metadata service, version 2 only: facts 10.3. */
#include "aws/sandbox/core.h"

#include "aws/crypto/digest.h"

#include <stdio.h>

enum {
    TTL_LIMIT_S = 21600,
    SESSION_S = 6 * 3600,
    RENEW_BEFORE_S = 3600, /* new keys are there well before the old ones end */
    TOKEN_HEAD = 16,       /* end of life and a nonce */
    TOKEN_MAC = 26,
    TOKEN_TEXT = 56
};

struct metadata {
    struct sandbox *sandbox;
    const struct json *instance;
    const struct json *profile; /* NULL: none associated */
    struct buf *body;
};

static void reply(struct http_response *r, int status, const char *type, const char *text)
{
    struct error ignored;

    r->status = status;
    buf_adds(&r->body, text);
    if (!http_headers_set(&r->headers, "Content-Type", str_of(type), &ignored) ||
        !http_headers_set(&r->headers, "Server", STR("EC2ws"), &ignored))
        r->status = 500; /* only for names and values that are not ours */
}

/* --- tokens: sealed, not stored, so that nobody can fill a table --- */

static void seal(const struct sandbox *s, const unsigned char head[TOKEN_HEAD],
                 unsigned char mac[SHA256_BYTES])
{
    hmac_sha256((struct str){(const char *)s->metadata_key, sizeof s->metadata_key},
                (struct str){(const char *)head, TOKEN_HEAD}, mac);
}

static void make_token(struct sandbox *s, int64_t ttl_s, struct buf *out)
{
    unsigned char token[TOKEN_HEAD + TOKEN_MAC], mac[SHA256_BYTES];
    int64_t ends_s = sandbox_real_s(s) + ttl_s;

    for (size_t i = 0; i < 8; i++)
        token[i] = (unsigned char)((uint64_t)ends_s >> (56 - 8 * i));
    s->random.fill(s->random.self, token + 8, 8);
    seal(s, token, mac);
    memcpy(token + TOKEN_HEAD, mac, TOKEN_MAC);
    buf_add_base64(out, token, sizeof token);
}

static bool token_holds(const struct sandbox *s, const char *text)
{
    CLEANUP(buf_release) struct buf token = {0};
    unsigned char mac[SHA256_BYTES], head[TOKEN_HEAD];
    uint64_t ends_s = 0;

    if (!text || strlen(text) != TOKEN_TEXT || !buf_add_unbase64(&token, str_of(text)) ||
        token.len != TOKEN_HEAD + TOKEN_MAC)
        return false;
    memcpy(head, token.data, TOKEN_HEAD);
    seal(s, head, mac);
    if (!secret_equal((struct str){(const char *)mac, TOKEN_MAC},
                      str_slice(buf_str(&token), TOKEN_HEAD, TOKEN_MAC)))
        return false;
    for (size_t i = 0; i < 8; i++)
        ends_s = ends_s << 8 | head[i];
    return (int64_t)ends_s > sandbox_real_s(s);
}

static void put_token(struct sandbox *s, const struct http_request *req, struct http_response *r)
{
    const char *header = http_headers_find(&req->headers, "X-aws-ec2-metadata-token-ttl-seconds");
    CLEANUP(buf_release) struct buf token = {0};
    struct error ignored;
    int64_t ttl_s;

    /* A request that came through a proxy could be anyone's. */
    if (http_headers_find(&req->headers, "X-Forwarded-For")) {
        reply(r, 403, "text/plain", "");
        return;
    }
    if (!header || !str_to_i64(str_of(header), &ttl_s) || ttl_s < 1 || ttl_s > TTL_LIMIT_S) {
        reply(r, 400, "text/plain", "");
        return;
    }
    make_token(s, ttl_s, &token);
    reply(r, 200, "text/plain", buf_text(&token));
    if (!http_headers_set(&r->headers, "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", str_of(header), &ignored))
        r->status = 400;
}

/* --- the workstation --- */

static const struct json *find_workstation(const struct world *w)
{
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, "ec2.instance", i, NULL)); i++)
        if (json_bool(json_get(e, "imds"), false))
            return e;
    return NULL;
}

/** The profile that is associated now: one that is on its way gives nothing. */
static const struct json *find_profile(const struct world *w, const struct json *instance)
{
    const char *id = json_get_text(instance, "InstanceId");
    const struct json *e;

    for (size_t i = 0; (e = world_at(w, "ec2.association", i, NULL)); i++)
        if (strcmp(json_get_text(e, "InstanceId"), id) == 0 &&
            strcmp(json_get_text(e, "State"), "associated") == 0)
            return world_get(w, "iam.instance_profile", json_get_text(e, "profile"));
    return NULL;
}

static const char *role_name(const struct metadata *m)
{
    const char *role = json_get_text(m->profile, "role");

    return world_get(m->sandbox->world, "iam.role", role) ? role : "";
}

/* --- documents: each writes its text, or nothing for 404 --- */

static void write_now(const struct metadata *m, struct json *document)
{
    char now[21];

    clock_format_iso(sandbox_real_s(m->sandbox), now);
    json_put_text(document, "LastUpdated", now);
}

static void show_info(const struct metadata *m)
{
    CLEANUP(json_freep) struct json *document = NULL;

    if (!m->profile)
        return;
    document = json_of("Code", "Success", NULL);
    write_now(m, document);
    json_put_text(document, "InstanceProfileArn", json_get_text(m->profile, "Arn"));
    json_put_text(document, "InstanceProfileId", json_get_text(m->profile, "InstanceProfileId"));
    json_write_pretty(document, m->body);
}

static void show_role(const struct metadata *m)
{
    buf_adds(m->body, role_name(m));
}

/** The session handed out before, while it is this role's and good for a while. */
static const struct json *current_session(const struct metadata *m, const struct json *role)
{
    struct sandbox *s = m->sandbox;
    const char *instance = json_get_text(m->instance, "InstanceId");
    const struct json *session = world_get(s->world, "sts.session", s->metadata_session);
    struct json *made;

    if (session && strcmp(json_get_text(session, "RoleId"), json_get_text(role, "RoleId")) == 0 &&
        json_int(json_get(session, "expires_s"), 0) > sandbox_real_s(s) + RENEW_BEFORE_S)
        return session;
    made = session_make(s, json_get_text(role, "RoleName"), instance, "ec2", SESSION_S);
    json_put_text(made, "instance_id", instance);
    (void)snprintf(s->metadata_session, sizeof s->metadata_session, "%s", json_get_text(made, "AccessKeyId"));
    return made;
}

static void show_credentials(const struct metadata *m, const char *role)
{
    CLEANUP(json_freep) struct json *document = NULL;
    const struct json *session;
    char expires[21];

    if (!*role || strcmp(role, role_name(m)) != 0)
        return;
    if (!session_trusts_service(m->sandbox, role, "ec2.amazonaws.com")) {
        document = json_of("Code", "AssumeRoleUnauthorizedAccess", "Message",
                           "EC2 cannot assume the role. Please see documentation at "
                           "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html.",
                           NULL);
        write_now(m, document);
        json_write_pretty(document, m->body);
        return;
    }
    session = current_session(m, world_get(m->sandbox->world, "iam.role", role));
    clock_format_iso(json_int(json_get(session, "expires_s"), 0), expires);
    document = json_of("Code", "Success", NULL);
    write_now(m, document);
    json_put_text(document, "Type", "AWS-HMAC");
    json_put_text(document, "AccessKeyId", json_get_text(session, "AccessKeyId"));
    json_put_text(document, "SecretAccessKey", json_get_text(session, "secret"));
    json_put_text(document, "Token", json_get_text(session, "token"));
    json_put_text(document, "Expiration", expires);
    json_write_pretty(document, m->body);
}

static void show_instance_id(const struct metadata *m)
{
    buf_adds(m->body, json_get_text(m->instance, "InstanceId"));
}

static void show_image(const struct metadata *m)
{
    buf_adds(m->body, json_get_text(m->instance, "ImageId"));
}

static void show_region(const struct metadata *m)
{
    buf_adds(m->body, sandbox_region(m->sandbox));
}

static const char *zone(const struct metadata *m)
{
    const struct json *subnet =
        world_get(m->sandbox->world, "ec2.subnet", json_get_text(m->instance, "SubnetId"));

    return json_get_text(subnet, "AvailabilityZone");
}

static void show_zone(const struct metadata *m)
{
    buf_adds(m->body, zone(m));
}

static void show_address(const struct metadata *m)
{
    buf_adds(m->body, json_get_text(m->instance, "PrivateIpAddress"));
}

/** Made from the instance id, so that it stays the same. */
static void show_mac(const struct metadata *m)
{
    const char *id = json_get_text(m->instance, "InstanceId");
    size_t len = strlen(id);

    if (len < 10)
        return;
    buf_adds(m->body, "02");
    for (size_t i = len - 10; i < len; i += 2)
        buf_printf(m->body, ":%.2s", id + i);
}

static void show_macs(const struct metadata *m)
{
    show_mac(m);
    buf_addc(m->body, '/');
}

/* Of the one interface: "MAC/MEMBER". */
static void show_interface(const struct metadata *m, const char *path)
{
    static const struct {
        const char *name, *member;
    } members[] = {{"/local-ipv4s", "PrivateIpAddress"}, {"/subnet-id", "SubnetId"}, {"/vpc-id", "VpcId"}};
    CLEANUP(buf_release) struct buf mac = {0};
    const struct metadata only_mac = {.instance = m->instance, .body = &mac};

    show_mac(&only_mac);
    if (!str_starts(str_of(path), buf_str(&mac)))
        return;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (strcmp(path + mac.len, members[i].name) == 0)
            buf_adds(m->body, json_get_text(m->instance, members[i].member));
    }
}

static void show_type(const struct metadata *m)
{
    buf_adds(m->body, json_get_text(m->instance, "InstanceType"));
}

static void show_identity(const struct metadata *m)
{
    CLEANUP(json_freep) struct json *document = NULL;
    char launched[21];

    clock_format_iso(json_int(json_get(m->instance, "LaunchTime"), 0), launched);
    document = json_of("accountId", m->sandbox->account, "architecture", "x86_64", "availabilityZone",
                       zone(m), "imageId", json_get_text(m->instance, "ImageId"), "instanceId",
                       json_get_text(m->instance, "InstanceId"), "instanceType",
                       json_get_text(m->instance, "InstanceType"), "pendingTime", launched, "privateIp",
                       json_get_text(m->instance, "PrivateIpAddress"), "region", sandbox_region(m->sandbox),
                       "version", "2017-09-30", NULL);
    json_write_pretty(document, m->body);
}

static const struct {
    const char *path;
    void (*show)(const struct metadata *m);
} documents[] = {
    {"meta-data/ami-id", show_image},
    {"meta-data/iam/info", show_info},
    {"meta-data/iam/security-credentials", show_role},
    {"meta-data/iam/security-credentials/", show_role},
    {"meta-data/instance-id", show_instance_id},
    {"meta-data/instance-type", show_type},
    {"meta-data/local-ipv4", show_address},
    {"meta-data/mac", show_mac},
    {"meta-data/network/interfaces/macs/", show_macs},
    {"meta-data/placement/availability-zone", show_zone},
    {"meta-data/placement/region", show_region},
    {"dynamic/instance-identity/document", show_identity},
};

static void get_document(const struct metadata *m, const char *path, struct http_response *r)
{
    static const char credentials[] = "meta-data/iam/security-credentials/";
    static const char interfaces[] = "meta-data/network/interfaces/macs/";

    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        if (strcmp(path, documents[i].path) == 0)
            documents[i].show(m);
    if (strncmp(path, credentials, sizeof credentials - 1) == 0)
        show_credentials(m, path + sizeof credentials - 1);
    if (strncmp(path, interfaces, sizeof interfaces - 1) == 0)
        show_interface(m, path + sizeof interfaces - 1);
    if (r->body.len)
        reply(r, 200, r->body.data[0] == '{' ? "application/json" : "text/plain", "");
    else
        reply(r, 404, "text/plain", "");
}

bool imds_answer(struct sandbox *s, const struct http_request *req, struct http_response *response)
{
    static const char root[] = "/latest/";
    struct metadata m = {.sandbox = s, .body = &response->body};
    const char *path;

    if (strncmp(req->path, root, sizeof root - 1) != 0)
        return false;
    path = req->path + sizeof root - 1;
    m.instance = find_workstation(s->world);
    if (!m.instance) {
        reply(response, 404, "text/plain", "");
        return true;
    }
    m.profile = find_profile(s->world, m.instance);
    if (strcmp(json_get_text(json_get(m.instance, "MetadataOptions"), "HttpEndpoint"), "disabled") == 0)
        reply(response, 403, "text/plain", "");
    else if (strcmp(req->method, "PUT") == 0 && strcmp(path, "api/token") == 0)
        put_token(s, req, response);
    else if (strcmp(req->method, "GET") != 0)
        reply(response, 405, "text/plain", "");
    else if (!token_holds(s, http_headers_find(&req->headers, "X-aws-ec2-metadata-token")))
        reply(response, 401, "text/plain", "");
    else
        get_document(&m, path, response);
    return true;
}
