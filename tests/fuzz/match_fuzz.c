/* The wildcard matchers against one written plainly. Input: a line with the
 * pattern, then the text. */
#include "aws/policy/policy.h"
#include "tests/fuzz/fuzz.h"

enum { LONGEST = 200 }; /* of either, for the plain one: it keeps a table */

/* What one `?` takes: a byte, or a character of UTF-8. */
enum unit { BYTE, CHARACTER };

static size_t unit_at(struct str s, size_t i, enum unit unit)
{
    size_t n = 1;

    while (unit == CHARACTER && i + n < s.len && ((unsigned char)s.data[i + n] & 0xc0) == 0x80)
        n++;
    return n;
}

static char folded(char c, bool fold)
{
    return (char)(fold && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* fits[p][i]: the pattern from p on matches the text from i on. */
static bool plain_match(struct str pattern, struct str s, enum unit unit, bool fold)
{
    static bool fits[LONGEST + 1][LONGEST + 1];

    for (size_t p = pattern.len + 1; p-- > 0;) {
        for (size_t i = s.len + 1; i-- > 0;) {
            char c = p < pattern.len ? pattern.data[p] : '\0';

            if (p == pattern.len)
                fits[p][i] = i == s.len;
            else if (c == '*')
                fits[p][i] = fits[p + 1][i] || (i < s.len && fits[p][i + 1]);
            else if (i == s.len)
                fits[p][i] = false;
            else if (c == '?')
                fits[p][i] = fits[p + 1][i + unit_at(s, i, unit)];
            else
                fits[p][i] = folded(c, fold) == folded(s.data[i], fold) && fits[p + 1][i + 1];
        }
    }
    return fits[0][0];
}

/* Field by field; a pattern of fewer fields goes on with "*". */
static bool plain_arn(struct str pattern, struct str arn)
{
    for (int field = 0; field < 6; field++) {
        bool ended = pattern.data == NULL;
        struct str want = {"*", 1}, have;

        if (arn.data == NULL)
            return false;
        if (field == 5) {
            want = ended ? want : pattern;
            return plain_match(want, arn, CHARACTER, false);
        }
        if (!ended && !str_split(&pattern, ':', &want))
            return false;
        if (!str_split(&arn, ':', &have) || !plain_match(want, have, CHARACTER, false))
            return false;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_text(data, size), pattern = fuzz_line(&rest), s = fuzz_rest(rest);
    bool glob = str_glob(pattern, s), action, arn;

    /* Policies and requests are JSON: what is no UTF-8 does not get here. */
    if (!str_is_utf8(pattern) || !str_is_utf8(s)) {
        HOLDS(pattern.len > LONGEST || s.len > LONGEST || glob == plain_match(pattern, s, BYTE, false));
        return 0;
    }
    action = policy_action_match(pattern, s);
    arn = policy_arn_like(pattern, s);
    if (pattern.len > LONGEST || s.len > LONGEST)
        return 0;
    HOLDS(glob == plain_match(pattern, s, BYTE, false));
    HOLDS(action == plain_match(pattern, s, CHARACTER, true));
    HOLDS(arn == plain_arn(pattern, s));
    return 0;
}
