#include "cmd/lab/ca.h"

#include "aws/common/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As RDS publishes them, the last under the name that the lab text has (facts 12, row
 * 11): whoever has a newer one too is verified by that. */
static const struct {
    bool of_region; /* stands behind the region */
    const char *name;
} names[] = {{false, "global-bundle.pem"}, {true, "-bundle.pem"}, {false, "rds-combined-ca-bundle.pem"}};

enum { PLACES = 6 };

/* The plan's folder with its slash; "" for the current one. */
static struct str folder_of(const char *plan)
{
    const char *slash = plan ? strrchr(plan, '/') : NULL;

    return slash ? (struct str){plan, (size_t)(slash + 1 - plan)} : STR("");
}

char *ca_find(const struct options *o, const char *region)
{
    const char *home = getenv("HOME");
    CLEANUP(mem_freep) char *plan = mem_copy(folder_of(o->plan));
    CLEANUP(mem_freep) char *own = home ? mem_printf("%s/", home) : NULL;
    CLEANUP(mem_freep) char *ide = home ? mem_printf("%s/environment/", home) : NULL; /* Cloud9's */
    const char *const places[PLACES] = {"", plan, own, ide, "/etc/ssl/certs/", "/etc/pki/tls/certs/"};

    if (o->ca)
        return mem_dup(o->ca);
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        CLEANUP(mem_freep)
        char *name = mem_printf("%s%s", names[n].of_region ? region : "", names[n].name);
        for (size_t p = 0; p < PLACES; p++) {
            char *file = places[p] ? mem_printf("%s%s", places[p], name) : NULL;
            if (file && access(file, R_OK) == 0)
                return file;
            mem_free(file);
        }
    }
    return NULL;
}
