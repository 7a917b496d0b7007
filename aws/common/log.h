/* Diagnostics for the person at the keyboard, to stderr through the redactor.
 * Results and progress do not come this way: they are events. */
#ifndef AWS_COMMON_LOG_H
#define AWS_COMMON_LOG_H

#include "aws/common/attributes.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level); /* LOG_WARN unless set */
enum log_level log_get_level(void);
/** Seam: where lines go; NULL gives stderr. Called with one redacted line,
 * without newline. */
void log_set_sink(void (*sink)(void *self, enum log_level level, const char *line), void *self);

void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
