/* What CMD sees inside the sandbox (DESIGN section 7). */
#ifndef CMD_LAB_SANDBOX_ENV_H
#define CMD_LAB_SANDBOX_ENV_H

#include "aws/auth/credentials.h"
#include "aws/common/buf.h"

struct sandbox_env {
    const char *url; /* AWS_ENDPOINT_URL, LAB_SANDBOX */
    const char *region;
    const char *ca_file;    /* LAB_CA */
    const char *empty_file; /* stands for the person's own AWS configuration */
    const char *db_user;
    const struct secret *db_password;
    const struct aws_credentials *admin; /* NULL: as the workstation, by metadata only */
    const char *lab_dir;                 /* goes first into PATH */
    int pid;
};

/* "K=V" texts, NULL-terminated. */
struct env_list {
    char **items;
    size_t count, cap;
};
void env_list_release(struct env_list *e);

/** The parent's environment without AWS_* and LAB_*, and the sandbox's own. */
void sandbox_env_build(const struct sandbox_env *env, char **parent, struct env_list *out);
/** What functions get: as a workstation, without DBUSER and DBPASS. */
void sandbox_env_functions(const struct sandbox_env *env, char **parent, struct env_list *out);
/** What commands sent to the workstation get: nothing of the parent's but PATH. */
void sandbox_env_workstation(const struct sandbox_env *env, struct env_list *out);
/** The sandbox's own variables as `export K='V'` lines. */
void sandbox_env_print(const struct sandbox_env *env, struct buf *out);

#endif
