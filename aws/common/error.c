#define ERROR_IMPLEMENTATION
#include "aws/common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room behind the limit, so that a cut can be seen and made at a character. */
enum { MESSAGE_BYTES = sizeof(((struct error *)0)->message), DRAFT_BYTES = MESSAGE_BYTES + 8 };

/* One line of text: what came from outside may hold line breaks or terminal
 * controls, which have no place in a message. */
static void tidy(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
        text[--len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = ' ';
}

static void store(struct error *err, char *draft)
{
    size_t len;

    tidy(draft);
    len = strlen(draft);
    if (len >= MESSAGE_BYTES) {
        len = MESSAGE_BYTES - sizeof("...");
        while (len > 0 && ((unsigned char)draft[len] & 0xc0) == 0x80)
            len--;
        memcpy(draft + len, "...", sizeof("..."));
        len += 3;
    }
    memcpy(err->message, draft, len + 1);
}

static void append(char draft[DRAFT_BYTES], const char *separator, const char *text)
{
    size_t len = strlen(draft);

    snprintf(draft + len, DRAFT_BYTES - len, "%s%s", separator, text);
}

static void start(struct error *err, enum error_code code, int os_errno, char *draft)
{
    /* The arguments may have pointed into *err: they are in the draft by now. */
    memset(err, 0, sizeof(*err));
    err->code = code;
    err->os_errno = os_errno;
    store(err, draft);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    char draft[DRAFT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(draft, sizeof(draft), format, args);
    va_end(args);
    start(err, code, 0, draft);
    return false;
}

bool error_os(struct error *err, const char *format, ...)
{
    char draft[DRAFT_BYTES];
    char reason[128];
    int saved = errno;
    va_list args;

    va_start(args, format);
    vsnprintf(draft, sizeof(draft), format, args);
    va_end(args);
    append(draft, ": ", strerror_r(saved, reason, sizeof(reason)));
    start(err, ERR_IO, saved, draft);
    errno = saved;
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    char draft[DRAFT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(draft, sizeof(draft), format, args);
    va_end(args);
    append(draft, ": ", err->message);
    store(err, draft);
    return false;
}

bool error_aws(struct error *err, const char *remote_code, const char *text)
{
    char draft[DRAFT_BYTES];
    char code[sizeof(err->remote_code)];

    snprintf(code, sizeof(code), "%s", remote_code ? remote_code : "");
    snprintf(draft, sizeof(draft), "%s", code[0] ? code : "unnamed error");
    if (text && text[0])
        append(draft, ": ", text);
    start(err, ERR_AWS, 0, draft);
    memcpy(err->remote_code, code, sizeof(code));
    return false;
}

bool error_is(const struct error *err, const char *remote_code)
{
    return (err->code == ERR_AWS || err->code == ERR_SQL) && strcmp(err->remote_code, remote_code) == 0;
}
