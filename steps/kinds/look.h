/* What the kinds have in common: reads whose absence is an answer, and words
 * for what is not ours. */
#ifndef STEPS_KINDS_LOOK_H
#define STEPS_KINDS_LOOK_H

#include "steps/engine/kind.h"

/** Calls a reading operation. An AWS error `absent_code` gives *out NULL and
 * true. in is taken over. */
MUST_USE bool look_up(struct step_context *c, const char *service, const char *operation, struct json *in,
                      const char *absent_code, struct json **out, struct error *err);

/** The same, all pages joined. */
MUST_USE bool look_up_all(struct step_context *c, const char *service, const char *operation, struct json *in,
                          const char *absent_code, struct json **out, struct error *err);

/** effect_call that takes `in` over and drops the reply. *done false when the
 * service answered with the absent_code ("" for none): the thing is gone
 * already. */
MUST_USE bool change(struct step_context *c, const char *target, const char *service, const char *operation,
                     struct json *in, const char *absent_code, bool *done, struct error *err);

/** After a create that failed: whether it says that the name is in use (taken_code) and
 * an earlier try had asked for the same, for its request may have landed after the
 * look. operation: "iam:CreateRole". err stays as it is. */
MUST_USE bool asked_before(struct step_context *c, const char *operation, const char *target,
                           const char *taken_code, struct error *err);

/** change for a create that has no idempotency token. taken_code says that the
 * name is in use: fine when an earlier run had asked for the same, for its
 * request may have landed after the look; the next look tells whose it is. */
MUST_USE bool make(struct step_context *c, const char *target, const char *service, const char *operation,
                   struct json *in, const char *taken_code, struct error *err);

/** Whether err says that the caller may not ask. */
bool is_refusal(const struct error *err);

/** error "X exists and is not ours …" (ERR_NOT_OURS). */
bool not_ours(const char *what, const char *name, struct error *err);

/** "arn:PARTITION:iam::ACCOUNT:KIND/NAME"; freed with mem_free. */
char *iam_arn(const struct step_context *c, const char *kind, const char *name);

/** The last part of an ARN, behind the last '/'. */
const char *arn_name(const char *arn);

/** Whether two policy documents say the same: JSON compared, key order and
 * "one or list of one" set aside. */
bool same_document(struct str a, const struct json *b);

/** A document as compact text, to be freed with mem_free. */
char *document_text(const struct json *document);

/** True the first time it is asked in this run of the step: for what must not
 * be sent again while its effect is not seen yet. */
bool once(struct step_context *c, const char *what);
/** What `once` let through has failed, and its effect may never come: it is let through
 * again. Always false. */
bool again(struct step_context *c, const char *what);

/** Whether tags say that this lab and learner made it, at whatever step. */
bool tags_of_lab(const struct step_context *c, const struct json *tags);

/** observe of every test: it cannot be told without running it. */
bool observe_test(struct step_context *c, struct observation *o, struct error *err);

/** The version that carries a staging label, from DescribeSecret's reply; ""
 * when none does. Borrowed. */
const char *version_labelled(const struct json *secret, const char *label);

/** Sets a detail of an observation. */
void set_detail(struct observation *o, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
