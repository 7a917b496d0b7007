/* GetRandomPassword (facts 8.5), from the sandbox's randomness so that a seed
 * repeats it. */
#include "aws/sandbox/secretsmanager.h"

#include "aws/common/mem.h"

#define LENGTH_DEFAULT 32
#define LENGTH_MAX 4096

struct class
{
    const char *exclude; /* member that leaves it out */
    const char *characters;
};

static const struct class classes[] = {
    {"ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"},
    {"ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    {"ExcludeNumbers", "0123456789"},
    {"ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
};

#define CLASS_COUNT (ARRAY_LEN(classes))

/* What may be drawn: each class and all of them together. */
struct pool {
    struct buf classes[CLASS_COUNT], all;
    size_t used;
};

static void pool_release(struct pool *p)
{
    for (size_t i = 0; i < CLASS_COUNT; i++)
        buf_release(&p->classes[i]);
    buf_release(&p->all);
}

static void pool_fill(struct pool *p, const struct json *in)
{
    struct str exclude = json_str(json_get(in, "ExcludeCharacters"));

    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (json_bool(json_get(in, classes[i].exclude), false))
            continue;
        for (const char *ch = classes[i].characters; *ch; ch++) {
            if (str_find_char(exclude, *ch) == exclude.len)
                buf_addc(&p->classes[i], *ch);
        }
        buf_add(&p->all, buf_str(&p->classes[i]));
        p->used += p->classes[i].len > 0;
    }
    if (json_bool(json_get(in, "IncludeSpace"), false) && str_find_char(exclude, ' ') == exclude.len)
        buf_addc(&p->all, ' ');
}

static char draw(const struct random *r, struct str from)
{
    return from.data[random_below(r, from.len)];
}

/* One of each required class, the rest from all, then shuffled. */
static void password_fill(const struct pool *p, const struct random *r, bool each, char *out, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; each && i < CLASS_COUNT; i++) {
        if (p->classes[i].len > 0)
            out[n++] = draw(r, buf_str(&p->classes[i]));
    }
    while (n < len)
        out[n++] = draw(r, buf_str(&p->all));
    for (size_t i = len; i > 1; i--) {
        size_t j = (size_t)random_below(r, i);
        char keep = out[i - 1];

        out[i - 1] = out[j];
        out[j] = keep;
    }
}

bool secretsmanager_random_password(struct call *c, struct error *err)
{
    int64_t len = json_int(json_get(c->in, "PasswordLength"), LENGTH_DEFAULT);
    bool each = json_bool(json_get(c->in, "RequireEachIncludedType"), true);
    CLEANUP(pool_release) struct pool pool = {0};

    if (len < 1 || len > LENGTH_MAX)
        return error_aws(err, "InvalidParameterException",
                         "The PasswordLength value must be between 1 and 4096 (inclusive).");
    pool_fill(&pool, c->in);
    if (pool.all.len == 0)
        return error_aws(err, "InvalidParameterException",
                         "The password can't be generated because all characters are excluded.");
    if (each && (size_t)len < pool.used)
        return error_aws(err, "InvalidParameterException",
                         "Password length is too short based on the required types.");
    char *password = mem_alloc((size_t)len + 1);
    password_fill(&pool, sandbox_random(c->sandbox), each, password, (size_t)len);
    c->out = json_of("RandomPassword", password, NULL);
    mem_free(password);
    return true;
}
