#include "cmd/lab/labs.h"

/* cmd/lab/labs_data.S */
extern const char labs_secrets_manager_plan[], labs_secrets_manager_plan_end[];
extern const char labs_secrets_manager_world[], labs_secrets_manager_world_end[];
extern const char labs_secrets_manager_access[], labs_secrets_manager_access_end[];

const struct builtin_lab *builtin_lab_find(struct str name)
{
    static struct builtin_lab lab;

    if (!str_is(name, BUILTIN_LAB))
        return NULL;
    lab = (struct builtin_lab){
        BUILTIN_LAB,
        {labs_secrets_manager_plan, (size_t)(labs_secrets_manager_plan_end - labs_secrets_manager_plan)},
        {labs_secrets_manager_world, (size_t)(labs_secrets_manager_world_end - labs_secrets_manager_world)},
        {labs_secrets_manager_access,
         (size_t)(labs_secrets_manager_access_end - labs_secrets_manager_access)},
    };
    return &lab;
}
