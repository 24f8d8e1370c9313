/* Speed and driver are asked for through a socket (netdevice(7), SIOCETHTOOL of
 * linux/ethtool.h): it is of this network namespace, while /sys/class/net shows
 * the namespace that /sys was mounted in. */
#include "node/netif.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/line.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

char *netif_print(const struct netaddr *a, char text[SRB_ADDRESS_MAX])
{
    text[0] = '\0';
    if (a->length)
        inet_ntop(a->length == 4 ? AF_INET : AF_INET6, a->bytes, text,
                  SRB_ADDRESS_MAX);
    return text;
}

char *netif_loopback(const struct netif_card *c, char text[SRB_ADDRESS_MAX])
{
    text[0] = '\0';
    for (int i = 0; i < c->n && text[0] == '\0'; i++) {
        const struct netaddr *a = c->list[i].address;

        if (c->list[i].kind == NETIF_LOOPBACK)
            netif_print(&a[a[NETIF_IPV4].length ? NETIF_IPV4 : NETIF_IPV6],
                        text);
    }
    return text;
}

/* ---- what an interface is ---- */

static bool begins(const char *text, const char *const starts[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* Fabrics that show themselves as Ethernet: Cray's Aries and HPE's Slingshot.
 */
static bool is_fabric(int hardware, const char *name, const char *driver)
{
    static const char *const drivers[] = {"cxi", "ipogif", "hfi1"};
    static const char *const names[] = {"ib", "hsn", "ipogif", "opa"};

    return hardware == ARPHRD_INFINIBAND ||
           begins(driver, drivers, COUNT(drivers)) ||
           strstr(driver, "ib_ipoib") || begins(name, names, COUNT(names));
}

/* What container runtimes and hypervisors make for traffic inside the node. A
 * veth is not among them: inside a container it is the way out. */
static bool is_inner(unsigned flags, const char *name, const char *driver)
{
    static const char *const drivers[] = {"bridge", "tun",   "dummy",
                                          "ifb",    "vxlan", "openvswitch"};
    static const char *const names[] = {
        "docker", "br-",    "virbr", "veth", "cni",   "flannel", "cali",
        "podman", "cilium", "lxc",   "lxd",  "vnet",  "tap",     "tun",
        "weave",  "kube",   "nerd",  "wg",   "dummy", "vxlan"};

    return (flags & IFF_POINTOPOINT) ||
           begins(driver, drivers, COUNT(drivers)) ||
           begins(name, names, COUNT(names));
}

enum netif_kind netif_kind_of(int hardware, unsigned flags, const char *name,
                              const char *driver)
{
    if (flags & IFF_LOOPBACK)
        return NETIF_LOOPBACK;
    if (is_inner(flags, name, driver))
        return NETIF_INNER;
    return is_fabric(hardware, name, driver) ? NETIF_FABRIC : NETIF_ETHERNET;
}

/* ---- what its driver says ---- */

static int ask_driver(int fd, const char *name, void *command)
{
    struct ifreq r = {.ifr_data = command};

    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    return ioctl(fd, SIOCETHTOOL, &r);
}

/* Of a PCI device; others say nothing that can be looked up. */
static int numa_of(const char *bus)
{
    char path[96], line[32];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%.40s/numa_node", bus);
    return bus[0] && line_first(path, line, sizeof line)
               ? (int)strtol(line, NULL, 10)
               : -1;
}

static void read_driver(int fd, struct netif *i)
{
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
    struct ethtool_cmd link = {.cmd = ETHTOOL_GSET};
    uint32_t mbits;

    i->speed = i->numa = -1;
    if (ask_driver(fd, i->name, &driver) == 0) {
        snprintf(i->driver, sizeof i->driver, "%.31s", driver.driver);
        driver.bus_info[sizeof driver.bus_info - 1] = '\0';
        i->numa = numa_of(driver.bus_info);
    }
    if (ask_driver(fd, i->name, &link) < 0)
        return;
    /* ethtool_cmd_speed() shifts a signed number too far */
    mbits = (uint32_t)link.speed_hi << 16 | link.speed;
    if (mbits != 0 && mbits != (uint32_t)SPEED_UNKNOWN && mbits != UINT16_MAX)
        i->speed = (int64_t)mbits * 1000000 / 8;
}

/* ---- the list ---- */

/* Bits that are set at the front of a netmask. */
static uint8_t prefix_of(const uint8_t *mask, uint8_t length)
{
    uint8_t bits = 0;

    while (bits < 8 * length && mask[bits / 8] & (0x80 >> bits % 8))
        bits++;
    return bits;
}

/* The bytes of a socket address; NULL when it is of no use here: neither IP
 * family, or link-local. */
static const uint8_t *bytes_of(const struct sockaddr *sa, uint8_t *length)
{
    const struct sockaddr_in6 *six = (const void *)sa;
    const struct sockaddr_in *four = (const void *)sa;

    if (!sa)
        return NULL;
    *length = sa->sa_family == AF_INET ? 4 : 16;
    if (sa->sa_family == AF_INET)
        return (const uint8_t *)&four->sin_addr;
    if (sa->sa_family != AF_INET6 || IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
        return NULL;
    return six->sin6_addr.s6_addr;
}

static void keep_address(struct netif *i, const struct ifaddrs *a)
{
    uint8_t length;
    const uint8_t *bytes = bytes_of(a->ifa_addr, &length), *mask;
    struct netaddr *to;

    if (!bytes)
        return;
    to = &i->address[length == 4 ? NETIF_IPV4 : NETIF_IPV6];
    if (to->length)
        return;
    memcpy(to->bytes, bytes, length);
    to->prefix = (uint8_t)(8 * length);
    mask = bytes_of(a->ifa_netmask, &length);
    to->length = to->prefix / 8;
    if (mask && length == to->length)
        to->prefix = prefix_of(mask, length);
}

static int hardware_of(const struct ifaddrs *all, const char *name)
{
    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        const struct sockaddr_ll *link = (const void *)a->ifa_addr;

        if (link && link->sll_family == AF_PACKET &&
            strcmp(a->ifa_name, name) == 0)
            return link->sll_hatype;
    }
    return -1;
}

/* The entry of that name; a new one where there is room, or where this is the
 * one that must be kept. */
static struct netif *entry_of(struct netif_card *c, const char *name,
                              const char *want)
{
    struct netif *i;

    for (int k = 0; k < c->n; k++)
        if (strcmp(c->list[k].name, name) == 0)
            return &c->list[k];
    if (c->n == SRB_NETIFS_MAX && (!want || strcmp(name, want) != 0))
        return NULL;
    i = &c->list[c->n < SRB_NETIFS_MAX ? c->n++ : c->n - 1];
    memset(i, 0, sizeof *i);
    snprintf(i->name, sizeof i->name, "%s", name);
    return i;
}

/* getifaddrs(3) has the addresses of one family after those of the other. */
static int by_index(const void *a, const void *b)
{
    const struct netif *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

static void describe(struct netif *i, int fd, const struct ifaddrs *a,
                     const struct ifaddrs *all)
{
    read_driver(fd, i);
    i->index = (int)if_nametoindex(i->name);
    i->running = (a->ifa_flags & IFF_RUNNING) != 0;
    i->kind = netif_kind_of(hardware_of(all, i->name), a->ifa_flags, i->name,
                            i->driver);
}

int netif_list(struct netif_card *c, const char *want, struct error *err)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifaddrs *all, *a;
    uint8_t length;

    c->n = 0;
    if (fd < 0) /* a kernel with IPv6 alone */
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || getifaddrs(&all) != 0) {
        error_set(err, "cannot list the network interfaces: %s",
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (a = all; a; a = a->ifa_next) {
        struct netif *i;

        if (!(a->ifa_flags & IFF_UP) || !bytes_of(a->ifa_addr, &length))
            continue;
        i = entry_of(c, a->ifa_name, want);
        if (!i)
            continue;
        if (!i->address[NETIF_IPV4].length && !i->address[NETIF_IPV6].length)
            describe(i, fd, a, all);
        keep_address(i, a);
    }
    freeifaddrs(all);
    close(fd);
    qsort(c->list, (size_t)c->n, sizeof *c->list, by_index);
    return 0;
}
