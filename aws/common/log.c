#include "aws/common/log.h"

#include "aws/common/buf.h"
#include "aws/common/mem.h"
#include "aws/common/redact.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic int current_level = LOG_WARN;

static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    void (*call)(void *self, enum log_level level, const char *line);
    void *self;
} sink;

void log_set_level(enum log_level level)
{
    current_level = (int)level;
}

enum log_level log_get_level(void)
{
    return (enum log_level)current_level;
}

void log_set_sink(void (*call)(void *self, enum log_level level, const char *line), void *self)
{
    pthread_mutex_lock(&sink_lock);
    sink.call = call;
    sink.self = self;
    pthread_mutex_unlock(&sink_lock);
}

static void to_stderr(enum log_level level, struct str line)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    CLEANUP(buf_release) struct buf out = {0};
    struct str left;

    buf_printf(&out, "lab: %s: ", names[level]);
    buf_add(&out, line);
    buf_addc(&out, '\n');
    /* One write for the line, so that lines of two threads do not mix. */
    for (left = buf_str(&out); left.len > 0;) {
        ssize_t written = write(STDERR_FILENO, left.data, left.len);

        if (written <= 0)
            return;
        left = str_slice(left, (size_t)written, left.len);
    }
}

void log_write(enum log_level level, const char *format, ...)
{
    CLEANUP(mem_freep) char *draft = NULL;
    CLEANUP(buf_release) struct buf line = {0};
    va_list args;

    if ((int)level > current_level)
        return;
    va_start(args, format);
    draft = mem_vprintf(format, args);
    va_end(args);
    redact(str_of(draft), &line);
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f)
            line.data[i] = ' ';
    pthread_mutex_lock(&sink_lock);
    if (sink.call)
        sink.call(sink.self, level, buf_text(&line));
    else
        to_stderr(level, buf_str(&line));
    pthread_mutex_unlock(&sink_lock);
}
