#include "steps/kinds/password.h"

#include "aws/common/mem.h"
#include "steps/engine/explain.h"

#include <ctype.h>

#define PASSWORD_LENGTH 32
/* No / @ " ' \ (facts 11.2), nothing a shell or a YAML reader trips over. */
#define PASSWORD_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+=^"

void password_make(const struct random *random, struct secret *out)
{
    char text[PASSWORD_LENGTH + 1];
    bool upper, lower, digit, other;

    do {
        upper = lower = digit = other = false;
        random_text(random, PASSWORD_ALPHABET, text, PASSWORD_LENGTH);
        for (const char *p = text; *p; p++) {
            upper = upper || isupper((unsigned char)*p);
            lower = lower || islower((unsigned char)*p);
            digit = digit || isdigit((unsigned char)*p);
            other = other || !isalnum((unsigned char)*p);
        }
    } while (!upper || !lower || !digit || !other);
    secret_set(out, (struct str){text, PASSWORD_LENGTH});
    mem_wipe(text, sizeof text);
}

char *password_explain(const struct step_context *c, struct json *items, const char *output)
{
    struct json *in = json_object();

    json_put_int(in, "PasswordLength", PASSWORD_LENGTH);
    /* As the rotation function does (facts 8.4). */
    json_put_text(in, "ExcludeCharacters", "/@\"'\\");
    explain_gives(c, explain_call(items, "secretsmanager", "GetRandomPassword", in), output,
                  "RandomPassword");
    return explain_own(c, output);
}
