/* Preloaded into a rank: every file system is one that refuses locks, as Lustre
 * does where it was mounted without flock, and NFS without its daemon. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int flock(int fd, int operation)
{
    (void)fd;
    (void)operation;
    errno = ENOSYS;
    return -1;
}

static int refuse_or_do(int fd, int command, long argument)
{
    if (command != F_SETLK && command != F_SETLKW)
        return (int)syscall(SYS_fcntl, fd, command, argument);
    errno = ENOLCK;
    return -1;
}

int fcntl(int fd, int command, ...)
{
    va_list more;
    long argument;

    va_start(more, command);
    argument = va_arg(more, long);
    va_end(more);
    return refuse_or_do(fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list more;
    long argument;

    va_start(more, command);
    argument = va_arg(more, long);
    va_end(more);
    return refuse_or_do(fd, command, argument);
}
