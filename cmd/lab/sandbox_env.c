#include "cmd/lab/sandbox_env.h"

#include "aws/common/mem.h"

#include <stdlib.h>

void env_list_release(struct env_list *e)
{
    for (size_t i = 0; i < e->count; i++)
        mem_free(e->items[i]);
    mem_free(e->items);
    *e = (struct env_list){0};
}

static void add(struct env_list *e, const char *name, const char *value)
{
    mem_grow(&e->items, &e->cap, e->count + 1, sizeof *e->items);
    e->items[e->count++] = mem_printf("%s=%s", name, value);
    e->items[e->count] = NULL;
}

/* The sandbox's own variables. */
static void add_own(const struct sandbox_env *env, struct env_list *out)
{
    const char *path = getenv("PATH");
    CLEANUP(mem_freep) char *pid = mem_printf("%d", env->pid);
    CLEANUP(mem_freep) char *with_lab = mem_printf("%s:%s", env->lab_dir, path ? path : "/usr/bin:/bin");

    if (env->admin) {
        add(out, "AWS_ACCESS_KEY_ID", env->admin->access_key_id);
        add(out, "AWS_SECRET_ACCESS_KEY", secret_text(&env->admin->secret_access_key));
    }
    add(out, "AWS_ENDPOINT_URL", env->url);
    add(out, "AWS_REGION", env->region);
    add(out, "AWS_DEFAULT_REGION", env->region);
    add(out, "AWS_EC2_METADATA_SERVICE_ENDPOINT", env->url);
    /* Without these two a client inside would read the person's real keys. */
    add(out, "AWS_CONFIG_FILE", env->empty_file);
    add(out, "AWS_SHARED_CREDENTIALS_FILE", env->empty_file);
    add(out, "LAB_CA", env->ca_file);
    add(out, "LAB_SANDBOX", env->url);
    add(out, "LAB_SANDBOX_PID", pid);
    if (env->db_user) {
        add(out, "DBUSER", env->db_user);
        add(out, "DBPASS", secret_text(env->db_password));
    }
    add(out, "PATH", with_lab);
}

/* Variables of the parent that must not leak in: other accounts, other labs. */
static bool is_ours(struct str entry)
{
    static const char *const names[] = {"AWS_", "LAB_", "PATH=", "DBUSER=", "DBPASS="};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_starts(entry, str_of(names[i])))
            return true;
    }
    return false;
}

void sandbox_env_build(const struct sandbox_env *env, char **parent, struct env_list *out)
{
    for (char **e = parent; e && *e; e++) {
        if (is_ours(str_of(*e)))
            continue;
        mem_grow(&out->items, &out->cap, out->count + 1, sizeof *out->items);
        out->items[out->count++] = mem_dup(*e);
    }
    add_own(env, out);
}

void sandbox_env_functions(const struct sandbox_env *env, char **parent, struct env_list *out)
{
    struct sandbox_env function = *env;

    function.admin = NULL;
    function.db_user = NULL;
    sandbox_env_build(&function, parent, out);
}

void sandbox_env_workstation(const struct sandbox_env *env, struct env_list *out)
{
    struct sandbox_env workstation = *env;

    workstation.admin = NULL;
    add(out, "LANG", "C.UTF-8");
    add_own(&workstation, out);
}

void sandbox_env_print(const struct sandbox_env *env, struct buf *out)
{
    struct env_list own = {0};

    add_own(env, &own);
    for (size_t i = 0; i < own.count; i++) {
        struct str entry = str_of(own.items[i]);
        size_t eq = str_find_char(entry, '=');
        buf_adds(out, "export ");
        buf_add(out, str_slice(entry, 0, eq));
        buf_adds(out, "='");
        for (size_t k = eq + 1; k < entry.len; k++) {
            /* A quote inside single quotes: close, escaped quote, open. */
            if (entry.data[k] == '\'')
                buf_adds(out, "'\\''");
            else
                buf_addc(out, entry.data[k]);
        }
        buf_adds(out, "'\n");
    }
    env_list_release(&own);
}
