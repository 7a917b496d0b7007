/* The sandbox's temporary directories. One that was killed cannot remove its
 * own: the next one does. */
#ifndef CMD_LAB_SANDBOX_SCRATCH_H
#define CMD_LAB_SANDBOX_SCRATCH_H

#include "aws/common/error.h"

/**
 * A fresh 0700 directory PREFIX.XXXXXX under TMPDIR, locked until this process
 * ends. Before that, removes those of the same prefix and owner that nobody
 * holds any more; what cannot be removed is left without a word.
 *
 * path  to be freed with mem_free
 */
MUST_USE bool sandbox_scratch_make(const char *prefix, char **path, struct error *err);

#endif
