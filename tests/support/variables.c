#include "tests/support/variables.h"

static const char *get(void *self, const char *name)
{
    const char *const *list = self;
    size_t len = strlen(name);

    for (; *list; list++)
        if (strncmp(*list, name, len) == 0 && (*list)[len] == '=')
            return *list + len + 1;
    return NULL;
}

struct environment variables_of(const char **list)
{
    return (struct environment){get, list};
}
