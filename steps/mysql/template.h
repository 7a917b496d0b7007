/* An empty MariaDB data directory. Built once per installed mariadbd in the
 * user's cache and copied from there; built in place when there is no cache
 * to be trusted. Holds no account that can log in. */
#ifndef STEPS_MYSQL_TEMPLATE_H
#define STEPS_MYSQL_TEMPLATE_H

#include "aws/common/error.h"

#include <stddef.h>

/* The layout of the files: template and server have to agree on it. A tuning
 * flag is "loose": a mariadbd that has dropped it warns and goes on. */
#define MYSQL_LAYOUT_FLAGS                                                                                   \
    "--innodb-data-file-path=ibdata1:12M:autoextend", "--innodb-temp-data-file-path=ibtmp1:2M:autoextend",   \
        "--innodb-log-file-size=4M", "--loose-innodb-log-buffer-size=2M", "--innodb-buffer-pool-size=16M",   \
        "--loose-innodb-flush-method=nosync", "--loose-innodb-doublewrite=0",                                \
        "--innodb-flush-log-at-trx-commit=2", "--loose-innodb-buffer-pool-dump-at-shutdown=0",               \
        "--loose-innodb-buffer-pool-load-at-startup=0", "--loose-aria-pagecache-buffer-size=1M",             \
        "--character-set-server=utf8mb4", "--skip-log-bin", "--general-log=0", "--slow-query-log=0"

/** Makes `data` (absolute, must not exist yet, parent 0700 and ours) a data
 * directory of `mariadbd` (full path of the program). Two callers at once on
 * an empty cache both succeed. Errors: ERR_NO_INPUT when the SQL files of the
 * package are missing, ERR_IO, ERR_TRY_AGAIN. */
MUST_USE bool mysql_template_make(const char *mariadbd, const char *data, struct error *err);

#endif
