#include "tests/support/iam_scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expand(struct sandbox_fixture *f, const char *in, struct buf *out)
{
    for (; *in; in++) {
        if (in[0] == '$' && in[1] == 'A')
            buf_adds(out, sandbox_account(f->sandbox));
        else if (in[0] == '$' && in[1] == 'T')
            buf_adds(out, TRUST_EC2);
        else if (in[0] == '$' && in[1] == 'P')
            buf_adds(out, ALLOW("s3:GetObject"));
        else {
            buf_addc(out, *in);
            continue;
        }
        in++;
    }
}

static void check_refusal(const struct iam_step *s, bool ok, const struct error *err, const char *text)
{
    if (ok)
        fail_msg("%s: %s succeeded", s->why, s->operation);
    if (strcmp(err->remote_code, s->code) != 0)
        fail_msg("%s: %s, not %s", s->why, err->message, s->code);
    if (s->text && strcmp(error_text(err).data, text) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", s->why, error_text(err).data, text);
}

void iam_play_as(struct sandbox_fixture *f, const char *key, const struct iam_step *s)
{
    CLEANUP(buf_release) struct buf in = {0}, text = {0}, want = {0}, got = {0};
    CLEANUP(json_freep) struct json *out = NULL;
    struct error err = {0};
    bool ok;

    expand(f, s->in ? s->in : "{}", &in);
    ok = fixture_call_as(f, key, "iam", s->operation, buf_text(&in), &out, &err);
    if (s->code) {
        expand(f, s->text ? s->text : "", &text);
        check_refusal(s, ok, &err, buf_text(&text));
        return;
    }
    if (!ok)
        fail_msg("%s: %s", s->why, err.message);
    if (!s->path)
        return;
    expand(f, s->want, &want);
    if (json_path(out, s->path))
        json_write(json_path(out, s->path), &got);
    else
        buf_adds(&got, "absent");
    if (strcmp(buf_text(&got), buf_text(&want)) != 0)
        fail_msg("%s: %s is %s, not %s", s->why, s->path, buf_text(&got), buf_text(&want));
}

void iam_play(struct sandbox_fixture *f, const struct iam_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        iam_play_as(f, f->admin_key, &steps[i]);
}

void iam_play_alone(const struct iam_step *steps, size_t count)
{
    struct sandbox_fixture f = {0};

    fixture_start(&f);
    iam_play(&f, steps, count);
    fixture_stop(&f);
}
