#include "engine/store.h"

const enum option_id store_lacks[] = {
    OPT_DB_CLUSTER, OPT_DB_IO_THREADS,  OPT_DB_TPQ,     OPT_DB_ARGS,
    OPT_DB_ENV,     OPT_COMMAND_SET,    OPT_TRANSPORT,  OPT_SOCKET_BUFFER,
    OPT_DB_PORT,    OPT_DB_MAX_CLIENTS, OPT_NET_IFNAME, OPT_COUNT};
