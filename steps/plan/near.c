#include "steps/plan/near.h"

#include <stdio.h>

void near_init(struct near *n, struct str word)
{
    *n = (struct near){.word = word, .distance = SIZE_MAX};
}

/* A quarter of the word and one: "dayz" is days, "foo" is not bar. */
static bool is_near(struct str word, struct str candidate, size_t distance)
{
    size_t longer = word.len > candidate.len ? word.len : candidate.len;

    return distance <= 1 + longer / 4 && distance < longer;
}

void near_offer(struct near *n, const char *candidate)
{
    struct str other = str_of(candidate);
    size_t distance = str_equal_ignore_case(n->word, other) ? 0 : str_distance(n->word, other);
    size_t used = strlen(n->known), room = sizeof(n->known) - used;

    if (distance < n->distance && is_near(n->word, other, distance)) {
        n->best = candidate;
        n->distance = distance;
    }
    if (n->too_many)
        return;
    n->too_many = (size_t)snprintf(n->known + used, room, "%s%s", used ? ", " : "", candidate) >= room;
}

const char *near_hint(struct near *n)
{
    if (n->best)
        snprintf(n->hint, sizeof(n->hint), "; did you mean \"%.200s\"?", n->best);
    else if (!n->too_many && n->known[0])
        snprintf(n->hint, sizeof(n->hint), "; there is %s", n->known);
    else
        n->hint[0] = '\0';
    return n->hint;
}
