/* Which failures are worth another attempt, and when: facts 3.2 and 3.3, as a
 * function of the row and the error alone. Inside aws/client only. */
#ifndef AWS_CLIENT_RETRY_H
#define AWS_CLIENT_RETRY_H

#include "aws/common/error.h"
#include "aws/model/model.h"

/** A change that may have been made is repeated only when that is harmless. */
bool retry_is_worthwhile(const struct aws_operation *op, const struct error *err);

/** The same by legacy mode's list of failures. */
bool retry_is_worthwhile_in_legacy(const struct aws_operation *op, const struct error *err);

/** The wait that x-amz-retry-after (milliseconds; NULL: none) makes of the
 * computed one: never shorter, at most five seconds longer. */
int64_t retry_wait_asked_ms(int64_t computed_ms, const char *retry_after);

/** What a retry after this failure takes from the budget. */
int retry_cost(const struct error *err);

/** Upper end of the wait before the attempt after number `attempt` (from 1). */
int64_t retry_wait_max_ms(int attempt);

/** The signature may be wrong because our clock is. */
bool retry_suggests_skew(const struct error *err);

/** The session is over: new credentials may help. */
bool retry_suggests_renewal(const struct error *err);

#endif
