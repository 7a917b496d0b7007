/* `probe sign` and `probe verify`: published records of Signature Version 4. */
#include "tests/support/probe.h"
#include "tests/support/sigv4_record.h"

static bool sign_line(void *self, const struct json *line, struct buf *out)
{
    CLEANUP(sigv4_record_release) struct sigv4_record record = {0};
    CLEANUP(sigv4_stages_release) struct sigv4_stages stages = {0};
    CLEANUP(json_freep) struct json *answer = json_object();
    struct error err = {0};

    (void)self;
    if (!sigv4_record_read(line, "request", &record))
        return false;
    struct sigv4_flags flags = {
        .keep_path = !json_bool(json_get(record.context, "normalize"), true),
        .sign_body = json_bool(json_get(record.context, "sign_body"), false),
        .omit_session_token = json_bool(json_get(record.context, "omit_session_token"), false),
    };
    json_put_text(answer, "name", json_get_text(line, "name"));
    if (sigv4_sign(&record.request, &record.creds, &record.scope, &flags, record.now_s, &stages, &err)) {
        json_put_str(answer, "canonical_request", buf_str(&stages.canonical_request));
        json_put_str(answer, "string_to_sign", buf_str(&stages.string_to_sign));
        json_put_text(answer, "signature", stages.signature);
    } else {
        json_put_text(answer, "error", err.message);
    }
    json_write(answer, out);
    return true;
}

static bool verify_line(void *self, const struct json *line, struct buf *out)
{
    CLEANUP(sigv4_record_release) struct sigv4_record record = {0};
    CLEANUP(json_freep) struct json *answer = json_object();
    struct sigv4_claim claim;
    struct sigv4_verdict verdict;
    struct error err = {0};
    bool accepted;

    (void)self;
    if (!sigv4_record_read(line, "signed_request", &record))
        return false;
    const char *const regions[] = {record.scope.region, NULL};
    struct sigv4_expectation want = {
        .service = record.scope.service,
        .regions = regions,
        .now_s = record.now_s,
        .window_s = 300,
        .keep_path = !json_bool(json_get(record.context, "normalize"), true),
    };
    accepted = sigv4_read_claim(&record.request, &claim, &verdict) &&
               sigv4_verify(&record.request, &claim,
                            str_is(claim.access_key_id, record.creds.access_key_id) ? &record.creds : NULL,
                            &want, &verdict);
    if (!accepted)
        sigv4_fault_error(&verdict, SIGV4_QUERY, &err);
    json_put_text(answer, "name", json_get_text(line, "name"));
    json_put_bool(answer, "accepted", accepted);
    json_put_text(answer, "code", err.remote_code);
    json_put_text(answer, "message", accepted ? "" : verdict.message);
    json_write(answer, out);
    return true;
}

int probe_sign(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return probe_each_line(sign_line, NULL);
}

int probe_verify(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return probe_each_line(verify_line, NULL);
}
