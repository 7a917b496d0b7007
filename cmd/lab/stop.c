#include "cmd/lab/stop.h"

#include "aws/common/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A signal handler can be handed nothing: the one state at file scope. The thread that
 * draws reads it while any other may be in the handler; an int has no lock anywhere. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may take no lock");
static atomic_int received;
static int stop_fd = -1;

static void on_signal(int number)
{
    static const char word[] = "\nlab: finishing the call in hand; once more to leave at once\n";
    int saved = errno;

    if (atomic_exchange(&received, number) != 0)
        _exit(128 + number);
    clock_wake(stop_fd);
    if (write(STDERR_FILENO, word, sizeof word - 1) < 0) {
        /* Nothing to be done about it in a handler: the second signal ends us. */
    }
    errno = saved;
}

bool stop_install(int *fd, struct error *err)
{
    struct sigaction action = {.sa_handler = on_signal};

    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd < 0)
        return error_os(err, "make the stop signal");
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
        return error_os(err, "install signal handlers");
    *fd = stop_fd;
    return true;
}

bool stop_received(void)
{
    return atomic_load(&received) != 0;
}

int stop_status(void)
{
    return atomic_load(&received) == SIGTERM ? 143 : 130;
}
