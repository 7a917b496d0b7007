/* The one question a source of credentials asks a human: at the terminal
 * itself, so that redirected output neither hides nor captures it. */
#include "aws/provider/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#define CODE_MAX 16

static bool say(int fd, const char *text)
{
    size_t len = strlen(text);

    return write(fd, text, len) == (ssize_t)len;
}

/* One character; false at the end, on an error or when asked to stop. */
static bool next_char(int fd, int stop_fd, char *c, bool *stopped)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    int n;

    do
        n = poll(fds, 2, -1);
    while (n < 0 && errno == EINTR && stop_fd >= 0);
    *stopped = n < 0 || (fds[1].revents & POLLIN) != 0;
    return !*stopped && read(fd, c, 1) == 1;
}

static bool read_code(int fd, int stop_fd, struct buf *code, struct error *err)
{
    bool stopped = false;
    char c;

    buf_reset(code);
    while (next_char(fd, stop_fd, &c, &stopped) && c != '\n' && code->len <= CODE_MAX)
        if (c >= '0' && c <= '9')
            buf_addc(code, c);
    if (stopped)
        return error_set(err, ERR_INTERRUPTED, "interrupted");
    if (code->len < 6 || code->len > CODE_MAX)
        return error_set(err, ERR_CONFIG, "an MFA code has six digits");
    return true;
}

static bool ask(int fd, const char *mfa_serial, int stop_fd, struct buf *code, struct error *err)
{
    struct termios before, quiet;
    bool ok;

    if (tcgetattr(fd, &before) < 0)
        return error_os(err, "look at the terminal");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) < 0)
        return error_os(err, "turn off the terminal's echo");
    ok = (say(fd, "MFA code of ") && say(fd, mfa_serial) && say(fd, ": ")) ||
         error_os(err, "write to the terminal");
    ok = ok && read_code(fd, stop_fd, code, err);
    if (!say(fd, "\n") || tcsetattr(fd, TCSAFLUSH, &before) < 0)
        return error_os(err, "restore the terminal");
    return ok;
}

bool prompt_mfa_code(const char *mfa_serial, int stop_fd, struct buf *code, struct error *err)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    bool ok;

    if (fd < 0)
        return error_set(err, ERR_CONFIG, "MFA device %s: a code is needed, but there is no terminal",
                         mfa_serial);
    ok = ask(fd, mfa_serial, stop_fd, code, err);
    close(fd);
    return ok;
}
