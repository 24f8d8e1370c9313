/* Preloaded into a rank: it never comes back from MPI_Finalize(), or stops
 * there (FINALIZE=hangs, stops), and the time after which it leaves all the
 * same is said and shortened. FINALIZE=waits only does the latter. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int MPI_Finalize(void)
{
    const char *how = getenv("FINALIZE");
    unsigned left = alarm(0);
    int (*next)(void);

    fprintf(stderr, "leaves after %u s\n", left);
    if (left == 0)
        _exit(99); /* it would not end */
    alarm(1);
    if (strcmp(how, "stops") == 0)
        raise(SIGSTOP);
    while (strcmp(how, "hangs") == 0)
        pause();
    *(void **)&next = dlsym(RTLD_NEXT, "MPI_Finalize");
    return next();
}
