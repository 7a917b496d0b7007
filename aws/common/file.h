/* Files, as SECURITY rule 10 wants them. */
#ifndef AWS_COMMON_FILE_H
#define AWS_COMMON_FILE_H

#include "aws/common/buf.h"
#include "aws/common/error.h"

/** Whole file, at most limit_bytes. A FIFO, device or directory is refused.
 * ERR_NO_INPUT when it does not exist or may not be read, ERR_LIMIT. */
MUST_USE bool file_read(const char *path, size_t limit_bytes, struct buf *out, struct error *err);

/** The same; *shared: its group or others may read it too. */
MUST_USE bool file_read_private(const char *path, size_t limit_bytes, struct buf *out, bool *shared,
                                struct error *err);

/** Temporary beside it, 0600, fsync, rename, fsync of the directory. */
MUST_USE bool file_replace(const char *path, struct str data, struct error *err);

/** Makes the directory and its parents, 0700; an existing one has to be ours
 * and not open to group or world writing. */
MUST_USE bool file_make_dir(const char *path, struct error *err);

/** A fresh 0700 directory under TMPDIR; path to be freed with mem_free. */
MUST_USE bool file_temp_dir(const char *prefix, char **path, struct error *err);

/** Removes a directory tree without following links; absence is fine. */
MUST_USE bool file_remove_tree(const char *path, struct error *err);

#endif
