/* Makes one allocation or one input or output call of the program it is preloaded
 * into fail: built for the torture harness alone (tests/torture/faults), so that it
 * is the released lab that meets the fault.
 *
 *   FAULT_CLASS=CLASS     what is counted, from 1: alloc, io, or store (what io is,
 *                         on files of the state store alone)
 *   FAULT_AT=N            the call that fails; 0 or unset: only count
 *   FAULT_STAYS=1         all calls after it fail too: a disk that is broken
 *   FAULT_HOW=NAME        how an io call fails: EIO, ENOSPC or short (half is moved)
 *   FAULT_AFTER=accept    count from the first connection that is accepted
 *   FAULT_COUNT=FILE      how many calls were met, as text, kept up to date
 *   FAULT_LOG=FILE        the name of the call that failed
 *
 * Children of the program get none of it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT_DIGITS = 12, PATH_BYTES = 4096 };

enum class { CLASS_NONE, CLASS_ALLOC, CLASS_IO, CLASS_STORE };

static struct {
    enum class class;
    long target;
    int error; /* 0: short */
    bool stays;
    int log_fd;
    char *count;
    atomic_long met;
    atomic_bool armed;
} f;

/* dlsym gives an object pointer; this is how POSIX wants it made a function's. */
#define REAL(name)                                                                                           \
    static __typeof__(name) *real;                                                                           \
    if (!real)                                                                                               \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

static int error_named(const char *name)
{
    if (name && strcmp(name, "ENOSPC") == 0)
        return ENOSPC;
    return name && strcmp(name, "short") == 0 ? 0 : EIO;
}

/* Past the wrappers: these calls are not the program's. */
static int open_uncounted(const char *path, int flags)
{
    return path ? (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CREAT | O_CLOEXEC, 0600) : -1;
}

static char *map_count(const char *path)
{
    int fd = open_uncounted(path, O_RDWR);
    char *map = NULL;

    if (fd < 0)
        return NULL;
    if (syscall(SYS_ftruncate, fd, COUNT_DIGITS) == 0)
        map = mmap(NULL, COUNT_DIGITS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (map == MAP_FAILED)
        return NULL;
    return map;
}

__attribute__((constructor)) static void start(void)
{
    static const char *const names[] = {"LD_PRELOAD",  "FAULT_CLASS", "FAULT_AT",  "FAULT_HOW",
                                        "FAULT_AFTER", "FAULT_COUNT", "FAULT_LOG", "FAULT_STAYS"};
    const char *class = getenv("FAULT_CLASS"), *at = getenv("FAULT_AT");

    if (!class)
        return;
    f.target = at ? strtol(at, NULL, 10) : 0;
    f.error = error_named(getenv("FAULT_HOW"));
    f.stays = getenv("FAULT_STAYS") && f.target > 0;
    f.count = map_count(getenv("FAULT_COUNT"));
    f.log_fd = open_uncounted(getenv("FAULT_LOG"), O_WRONLY | O_APPEND);
    f.armed = !getenv("FAULT_AFTER");
    f.class = strcmp(class, "alloc") == 0 ? CLASS_ALLOC : strcmp(class, "io") == 0 ? CLASS_IO : CLASS_STORE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static void write_count(long n)
{
    char digits[COUNT_DIGITS];

    for (int i = COUNT_DIGITS - 1; i-- > 0; n /= 10)
        digits[i] = (char)('0' + n % 10);
    digits[COUNT_DIGITS - 1] = '\n';
    memcpy(f.count, digits, COUNT_DIGITS);
}

/* Says whether this call is the one that fails. */
static bool meet(enum class class, const char *name)
{
    long n;

    if (class != f.class || !f.armed)
        return false;
    n = atomic_fetch_add(&f.met, 1) + 1;
    if (f.count)
        write_count(n);
    if (f.stays ? n < f.target : n != f.target)
        return false;
    syscall(SYS_write, f.log_fd, name, strlen(name));
    syscall(SYS_write, f.log_fd, "\n", 1);
    return true;
}

static bool meet_path(const char *path, const char *name)
{
    return f.class == CLASS_STORE ? strstr(path, "state.db") && meet(CLASS_STORE, name)
                                  : meet(CLASS_IO, name);
}

static bool meet_fd(int fd, const char *name)
{
    char link[sizeof "/proc/self/fd/" + COUNT_DIGITS], path[PATH_BYTES];
    long len;

    if (f.class != CLASS_STORE)
        return meet(CLASS_IO, name);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = syscall(SYS_readlink, link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    return meet_path(path, name);
}

/* The allocator that lab's own malloc, calloc and realloc end in. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *__libc_malloc(size_t size)
{
    REAL(__libc_malloc);
    return meet(CLASS_ALLOC, "malloc") ? NULL : real(size);
}

void *__libc_calloc(size_t count, size_t size)
{
    REAL(__libc_calloc);
    return meet(CLASS_ALLOC, "calloc") ? NULL : real(count, size);
}

void *__libc_realloc(void *old, size_t size)
{
    REAL(__libc_realloc);
    return size > 0 && meet(CLASS_ALLOC, "realloc") ? NULL : real(old, size);
}

/* What moves no bytes fails with EIO when short is asked for. */
#define FAIL_WHOLE(met)                                                                                      \
    if (met) {                                                                                               \
        errno = f.error ? f.error : EIO;                                                                     \
        return -1;                                                                                           \
    }
/* One that moves bytes: half of them, or none and an error. */
#define FAIL_BYTES(name, len)                                                                                \
    if (meet_fd(fd, #name)) {                                                                                \
        if (f.error || (len) < 2) {                                                                          \
            errno = f.error ? f.error : EIO;                                                                 \
            return -1;                                                                                       \
        }                                                                                                    \
        (len) /= 2;                                                                                          \
    }
#define MOVES(name, parameters, len, ...)                                                                    \
    ssize_t name parameters                                                                                  \
    {                                                                                                        \
        REAL(name);                                                                                          \
        FAIL_BYTES(name, len)                                                                                \
        return real(__VA_ARGS__);                                                                            \
    }
#define ACTS(name, met, parameters, ...)                                                                     \
    int name parameters                                                                                      \
    {                                                                                                        \
        REAL(name);                                                                                          \
        FAIL_WHOLE(met)                                                                                      \
        return real(__VA_ARGS__);                                                                            \
    }

MOVES(read, (int fd, void *to, size_t len), len, fd, to, len)
MOVES(write, (int fd, const void *from, size_t len), len, fd, from, len)
MOVES(pread, (int fd, void *to, size_t len, off_t at), len, fd, to, len, at)
MOVES(pread64, (int fd, void *to, size_t len, off64_t at), len, fd, to, len, at)
MOVES(pwrite, (int fd, const void *from, size_t len, off_t at), len, fd, from, len, at)
MOVES(pwrite64, (int fd, const void *from, size_t len, off64_t at), len, fd, from, len, at)
MOVES(send, (int fd, const void *from, size_t len, int flags), len, fd, from, len, flags)
MOVES(recv, (int fd, void *to, size_t len, int flags), len, fd, to, len, flags)
ACTS(fsync, meet_fd(fd, "fsync"), (int fd), fd)
ACTS(fdatasync, meet_fd(fd, "fdatasync"), (int fd), fd)
ACTS(ftruncate, meet_fd(fd, "ftruncate"), (int fd, off_t size), fd, size)
ACTS(ftruncate64, meet_fd(fd, "ftruncate64"), (int fd, off64_t size), fd, size)
ACTS(rename, meet_path(from, "rename"), (const char *from, const char *to), from, to)
ACTS(renameat, meet_path(from, "renameat"), (int from_dir, const char *from, int to_dir, const char *to),
     from_dir, from, to_dir, to)
ACTS(unlink, meet_path(path, "unlink"), (const char *path), path)
ACTS(unlinkat, meet_path(path, "unlinkat"), (int dir, const char *path, int flags), dir, path, flags)
ACTS(mkdir, meet_path(path, "mkdir"), (const char *path, mode_t mode), path, mode)
ACTS(mkdirat, meet_path(path, "mkdirat"), (int dir, const char *path, mode_t mode), dir, path, mode)
ACTS(socket, meet(CLASS_IO, "socket"), (int domain, int type, int protocol), domain, type, protocol)

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
    REAL(connect);
    FAIL_WHOLE(meet_fd(fd, "connect"))
    return real(fd, address, len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    FAIL_WHOLE(meet_fd(fd, "sendmsg"))
    return real(fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    FAIL_WHOLE(meet_fd(fd, "writev"))
    return real(fd, parts, count);
}

/* The mode is there when the flags say so; reading it otherwise does no harm on
 * the machines we build for. */
#define OPENS(name, fixed, ...)                                                                              \
    int name fixed                                                                                           \
    {                                                                                                        \
        va_list args;                                                                                        \
        mode_t mode;                                                                                         \
        REAL(name);                                                                                          \
        FAIL_WHOLE(meet_path(path, #name))                                                                   \
        va_start(args, flags);                                                                               \
        mode = va_arg(args, mode_t);                                                                         \
        va_end(args);                                                                                        \
        return real(__VA_ARGS__, mode);                                                                      \
    }
OPENS(open, (const char *path, int flags, ...), path, flags)
OPENS(open64, (const char *path, int flags, ...), path, flags)
OPENS(openat, (int dir, const char *path, int flags, ...), dir, path, flags)
OPENS(openat64, (int dir, const char *path, int flags, ...), dir, path, flags)

static bool locks(int command)
{
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

int fcntl64(int fd, int command, ...)
{
    va_list args;
    void *argument;
    REAL(fcntl64);
    if (locks(command))
        FAIL_WHOLE(meet_fd(fd, "fcntl"))
    va_start(args, command);
    argument = va_arg(args, void *);
    va_end(args);
    return real(fd, command, argument);
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    void *argument;
    REAL(fcntl);
    if (locks(command))
        FAIL_WHOLE(meet_fd(fd, "fcntl"))
    va_start(args, command);
    argument = va_arg(args, void *);
    va_end(args);
    return real(fd, command, argument);
}

/* When the sandbox has begun to serve. */
int accept4(int fd, __SOCKADDR_ARG address, socklen_t *len, int flags)
{
    int got;
    REAL(accept4);
    got = real(fd, address, len, flags);
    if (got >= 0)
        f.armed = true;
    return got;
}
