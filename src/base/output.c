#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"

static bool lost;
/* As much as is printed at a time, so that output_flush() sees why it fails:
 * the library does not keep the reason of a write of its own. */
static char buffer[1 << 16];

void output_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        /* cppcheck-suppress leakReturnValNotUsed */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
            break; /* no descriptors at all: what comes next says so */
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
}

void output_flush(void)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || lost)
        return;
    lost = true;
    diag_say("srbench: standard output cannot be written%s%s; what was to be "
             "there is missing",
             errno ? ": " : "", errno ? strerror(errno) : "");
}

bool output_lost(void)
{
    return lost;
}
