/* Trouble on demand: throttles, server errors, connections that close. Each
 * operation has a row of draws of its own, so that with one seed the n-th call
 * of an operation meets the same fate however the calls of others fall. */
#ifndef AWS_SANDBOX_FAULTS_H
#define AWS_SANDBOX_FAULTS_H

#include "aws/common/error.h"
#include "aws/model/model.h"
#include "aws/sandbox/sandbox.h"

enum fault {
    FAULT_NONE,
    FAULT_THROTTLE,   /* refused before it is looked at: facts 3.2 */
    FAULT_ERROR,      /* 500 or 503, nothing done */
    FAULT_RESET,      /* the connection breaks, nothing done */
    FAULT_LOST_REPLY, /* done, and the connection closes without a word */
};

struct faults;

/** NULL when all rates are 0. */
struct faults *faults_new(const struct fault_rates *rates, uint64_t seed);
void faults_free(struct faults *f);

/** The fate of the next call of this operation; f NULL: FAULT_NONE. */
enum fault faults_draw(struct faults *f, const struct aws_operation *op);

/** The service's own refusal for FAULT_THROTTLE and FAULT_ERROR; of the two
 * forms of the latter the draw decides. Returns false, as error_aws does. */
bool faults_refuse(struct faults *f, const struct aws_service *service, enum fault fault, struct error *err);

#endif
