/* ListSecrets' filters: prefix matches, "!" in front of a value negates. Values
 * of one filter are alternatives, filters all have to hold. */
#include "aws/sandbox/secretsmanager.h"

#include <ctype.h>

static bool starts(struct str s, struct str prefix, bool with_case)
{
    if (with_case)
        return str_starts(s, prefix);
    return s.len >= prefix.len && str_equal_ignore_case(str_slice(s, 0, prefix.len), prefix);
}

static bool match_name(const struct json *secret, struct str value)
{
    return starts(json_str(json_get(secret, "Name")), value, true);
}

static bool match_description(const struct json *secret, struct str value)
{
    return starts(json_str(json_get(secret, "Description")), value, false);
}

static bool match_tags(const struct json *secret, struct str value, const char *member, bool with_case)
{
    const struct json *e;

    for (e = json_first(json_get(secret, "Tags")); e; e = json_next(e)) {
        if (starts(json_str(json_get(e, member)), value, with_case))
            return true;
    }
    return false;
}

static bool match_tag_key(const struct json *secret, struct str value)
{
    return match_tags(secret, value, "Key", true);
}

static bool match_tag_value(const struct json *secret, struct str value)
{
    return match_tags(secret, value, "Value", true);
}

/* Secrets live in one region here, and no service owns one. */
static bool match_nothing(const struct json *secret, struct str value)
{
    (void)secret;
    (void)value;
    return false;
}

/* Case does not count; a word may begin anywhere behind a separator. */
static bool word_in(struct str text, struct str word)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((i == 0 || !isalnum((unsigned char)text.data[i - 1])) &&
            starts(str_slice(text, i, text.len), word, false))
            return true;
    }
    return false;
}

static bool match_all(const struct json *secret, struct str value)
{
    struct str rest = value, word;

    while (str_split(&rest, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (!word_in(json_str(json_get(secret, "Name")), word) &&
            !word_in(json_str(json_get(secret, "Description")), word) &&
            !match_tags(secret, word, "Key", false) && !match_tags(secret, word, "Value", false))
            return false;
    }
    return true;
}

struct filter {
    const char *key;
    bool (*match)(const struct json *secret, struct str value);
};

static const struct filter filters_known[] = {
    {"name", match_name},
    {"description", match_description},
    {"tag-key", match_tag_key},
    {"tag-value", match_tag_value},
    {"primary-region", match_nothing},
    {"owning-service", match_nothing},
    {"all", match_all},
};

static bool filter_holds(const struct json *secret, const struct json *filter)
{
    struct str key = json_str(json_get(filter, "Key"));
    bool any_plain = false, matched = false;
    const struct json *e;

    for (size_t i = 0; i < ARRAY_LEN(filters_known); i++) {
        if (!str_is(key, filters_known[i].key))
            continue;
        for (e = json_first(json_get(filter, "Values")); e; e = json_next(e)) {
            struct str value = json_str(e);
            bool negated = str_starts(value, STR("!"));
            bool found = filters_known[i].match(secret, str_slice(value, negated, value.len));

            if (negated && found)
                return false;
            any_plain |= !negated;
            matched |= !negated && found;
        }
    }
    return matched || !any_plain;
}

bool secret_matches(const struct json *secret, const struct json *filters)
{
    const struct json *f;

    for (f = json_first(filters); f; f = json_next(f)) {
        if (!filter_holds(secret, f))
            return false;
    }
    return true;
}
