/* A link of LINK_SPEED Mb/s: what a driver says of every interface, for a
 * machine whose virtual ones are all of 10 Gb/s. */
#include <dlfcn.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>

int ioctl(int fd, unsigned long request, ...)
{
    static int (*real)(int, unsigned long, void *);
    const char *speed = getenv("LINK_SPEED");
    struct ethtool_cmd *command = NULL;
    va_list args;
    void *at;
    int rc;

    va_start(args, request);
    at = va_arg(args, void *);
    va_end(args);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "ioctl");
    if (request == SIOCETHTOOL)
        command = (void *)((struct ifreq *)at)->ifr_data;
    if (!speed || !command || command->cmd != ETHTOOL_GSET)
        return real(fd, request, at);
    rc = real(fd, request, at);
    if (rc == 0)
        ethtool_cmd_speed_set(command, (unsigned)strtoul(speed, NULL, 10));
    return rc;
}
