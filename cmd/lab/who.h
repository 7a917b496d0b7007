/* What the engine asks about who acts: which instance this machine is, and the
 * keys of roles that the caller assumes. Asked from several workers. */
#ifndef CMD_LAB_WHO_H
#define CMD_LAB_WHO_H

#include "aws/provider/provider.h"

struct who;

/** All three are borrowed and outlive it. */
struct who *who_new(const struct aws_settings *settings, struct aws_shared *shared,
                    struct credential_provider *caller);
/** Engine's `machine`: instance id, "" when no metadata service answers. */
const char *who_machine(void *self);
/** Engine's `assume`: one provider a role, as long as this lives. */
struct credential_provider *who_role(void *self, const char *role_arn);
void who_free(struct who *who);

#endif
