#include "srb/options.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "options_internal.h"

/* A limit that is there only so that products of counts cannot overflow. */
#define NO_LIMIT INT32_MAX

#define DAY 86400

static const char *const experiments[] = {"throughput_standard",
                                          "throughput_colocated", NULL};
static const char *const experiment_aliases[] = {"throughput_scaling",
                                                 "throughput_standard", NULL};
static const char *const clients[] = {"socket", "hiredis", "null", NULL};
static const char *const transports[] = {"tcp", "unix", NULL};
static const char *const key_schemes[] = {"smartsim", "balanced", NULL};
static const char *const syncs[] = {"none", "start", "iteration", NULL};
static const char *const patterns[] = {"pair", "phases", NULL};
static const char *const orders[] = {"plan", "random", NULL};
static const char *const roles[] = {"auto", "db", "client", NULL};
static const char *const launchers[] = {"slurm", "pbs", "flux", "none", NULL};
static const char *const verifications[] = {"none", "ends", "all", NULL};

const struct option option_table[OPT_COUNT] = {
    [OPT_EXPERIMENT] = {.name = "experiment",
                        .type = OPTION_CHOICE,
                        .axis = true,
                        .setup = IN_BOTH,
                        .placement = IN_BOTH,
                        .def = "throughput_colocated",
                        .choices = experiments,
                        .aliases = experiment_aliases,
                        .unit = "",
                        .tag = "",
                        .help = "the placement: databases on nodes of their "
                                "own, or one on every client node"},
    [OPT_DB_EXE] = {.name = "db_exe",
                    .type = OPTION_TEXT,
                    .axis = true,
                    .setup = IN_BOTH,
                    .placement = IN_BOTH,
                    .def = "redis-server",
                    .unit = "",
                    .tag = "DB",
                    .help = "the server's program; floor: srbench's own, which "
                            "only carries bytes, as the limit of network, CPUs "
                            "and client; null: no server at all, to test the "
                            "harness"},
    [OPT_DB_NODES] = {.name = "db_nodes",
                      .type = OPTION_COUNT,
                      .axis = true,
                      .setup = IN_STANDARD,
                      .placement = IN_STANDARD,
                      .def = "auto",
                      .may_be_auto = true,
                      .min = 1,
                      .max = NO_LIMIT,
                      .unit = "",
                      .tag = "DBN",
                      .help = "nodes that run the database; auto: as many as "
                              "db_hosts names, else 1"},
    [OPT_DB_SHARDS_PER_NODE] = {.name = "db_shards_per_node",
                                .type = OPTION_COUNT,
                                .axis = true,
                                .setup = IN_STANDARD,
                                .placement = IN_STANDARD,
                                .def = "1",
                                .min = 1,
                                .max = 1024,
                                .unit = "",
                                .tag = "SPN",
                                .help = "shards (server processes) on each "
                                        "database node"},
    [OPT_DB_CLUSTER] = {.name = "db_cluster",
                        .type = OPTION_FLAG,
                        .axis = true,
                        .setup = IN_STANDARD,
                        .placement = IN_STANDARD,
                        .def = "true",
                        .unit = "",
                        .tag = "CLUSTER",
                        .help = "several shards form one Redis Cluster; false: "
                                "independent servers, sharded by the clients"},
    [OPT_DB_CPUS] = {.name = "db_cpus",
                     .type = OPTION_COUNT,
                     .axis = true,
                     .setup = IN_BOTH,
                     .placement = IN_BOTH,
                     .def = "1",
                     .min = 1,
                     .max = 4096,
                     .unit = "",
                     .tag = "DBCPU",
                     .help = "CPUs that a node gives its database; the servers "
                             "are confined to them"},
    [OPT_DB_IO_THREADS] =
        {.name = "db_io_threads",
         .type = OPTION_COUNT,
         .axis = true,
         .setup = IN_BOTH,
         .placement = IN_BOTH,
         .def = "1",
         .min = 1,
         .max = 128,
         .unit = "",
         .tag = "IOT",
         .help =
             "I/O threads of each server, reads included; never above db_cpus"},
    [OPT_CLIENT_NODES] = {.name = "client_nodes",
                          .alias = "nodes",
                          .type = OPTION_COUNT,
                          .axis = true,
                          .setup = IN_COLOCATED,
                          .placement = IN_BOTH,
                          .def = "auto",
                          .may_be_auto = true,
                          .min = 1,
                          .max = NO_LIMIT,
                          .unit = "",
                          .tag = "N",
                          .help = "nodes that run clients; auto: all that the "
                                  "databases leave"},
    [OPT_CLIENTS_PER_NODE] = {.name = "clients_per_node",
                              .type = OPTION_COUNT,
                              .axis = true,
                              .placement = IN_BOTH,
                              .def = "auto",
                              .may_be_auto = true,
                              .min = 1,
                              .max = NO_LIMIT,
                              .unit = "",
                              .tag = "T",
                              .help = "clients on each client node; auto: all "
                                      "ranks of the node"},
    [OPT_CLIENT] = {.name = "client",
                    .type = OPTION_CHOICE,
                    .axis = true,
                    .placement = IN_BOTH,
                    .def = "socket",
                    .choices = clients,
                    .unit = "",
                    .tag = "CLIENT",
                    .help =
                        "socket: payload straight between socket and tensor; "
                        "hiredis: through that library; null: without a "
                        "server, to test the harness"},
    [OPT_TRANSPORT] = {.name = "transport",
                       .type = OPTION_CHOICE,
                       .axis = true,
                       .placement = IN_COLOCATED,
                       .def = "tcp",
                       .choices = transports,
                       .unit = "",
                       .tag = "TRANSPORT",
                       .help = "how clients reach the database of their node: "
                               "tcp, or unix for a socket in its scratch "
                               "folder"},
    [OPT_SOCKET_BUFFER] =
        {.name = "socket_buffer",
         .type = OPTION_BYTES,
         .axis = true,
         .placement = IN_BOTH,
         .def = "auto",
         .may_be_auto = true,
         .min = 4096,
         .max = INT64_C(1073741824),
         .unit = "B",
         .tag = "SOCKBUF",
         .help = "send and receive buffer of each client's socket; "
                 "auto: 256 KiB to send on unix sockets, the "
                 "kernel's own tuning of TCP"},
    [OPT_PIN_APP_CPUS] =
        {.name = "pin_app_cpus",
         .type = OPTION_FLAG,
         .axis = true,
         .placement = IN_BOTH,
         .def = "false",
         .unit = "",
         .tag = "PIN",
         .help = "keep each client on a CPU that no database uses"},
    [OPT_KEYS] = {.name = "keys",
                  .type = OPTION_CHOICE,
                  .axis = true,
                  .placement = IN_STANDARD,
                  .def = "smartsim",
                  .choices = key_schemes,
                  .unit = "",
                  .tag = "KEYS",
                  .help = "smartsim: throughput_rank_N, wherever it hashes; "
                          "balanced: every shard gets its even share"},
    [OPT_SYNC] = {.name = "sync",
                  .type = OPTION_CHOICE,
                  .axis = true,
                  .placement = IN_BOTH,
                  .def = "start",
                  .choices = syncs,
                  .unit = "",
                  .tag = "SYNC",
                  .help =
                      "what holds the clients together: nothing, one agreed "
                      "start of the timed loop, or a start of every iteration"},
    [OPT_PATTERN] = {.name = "pattern",
                     .type = OPTION_CHOICE,
                     .axis = true,
                     .placement = IN_BOTH,
                     .def = "pair",
                     .choices = patterns,
                     .unit = "",
                     .tag = "PATTERN",
                     .help =
                         "pair: put and get in turn; phases: all puts, then, "
                         "when all clients have done theirs, all gets"},
    [OPT_TENSOR_BYTES] = {.name = "tensor_bytes",
                          .type = OPTION_BYTES,
                          .axis = true,
                          .placement = IN_BOTH,
                          .def = "[1024, 8192, 16384, 32769, 65538, 131076, "
                                 "262152, 524304, 1024000, 2048000, 4096000]",
                          .min = 4,
                          .max = INT64_C(4294967296),
                          .unit = "B",
                          .tag = "TB",
                          .help = "size of the tensor; float32 elements, "
                                  "rounded down to whole ones"},
    [OPT_EXP_NAME] = {.name = "exp_name",
                      .type = OPTION_TEXT,
                      .placement = IN_BOTH,
                      .def = "auto",
                      .may_be_auto = true,
                      .unit = "",
                      .tag = "",
                      .help = "name of the study and of its folder of results; "
                              "auto: throughput-standard-scaling, "
                              "throughput-colocated-scaling, or "
                              "throughput-scaling for both"},
    [OPT_OUTPUT] = {.name = "output",
                    .type = OPTION_TEXT,
                    .resume_free = true,
                    .placement = IN_BOTH,
                    .def = "auto",
                    .may_be_auto = true,
                    .unit = "",
                    .tag = "",
                    .help = "the result file; auto: "
                            "results/EXP_NAME/run-DATE-TIME.h5; none: keep no "
                            "file"},
    [OPT_OVERWRITE] = {.name = "overwrite",
                       .type = OPTION_FLAG,
                       .resume_free = true,
                       .placement = IN_BOTH,
                       .def = "false",
                       .unit = "",
                       .tag = "",
                       .help = "replace the result file, and summary_json, "
                               "where they exist"},
    [OPT_RESUME] = {.name = "resume",
                    .type = OPTION_FLAG,
                    .resume_free = true,
                    .placement = IN_BOTH,
                    .def = "false",
                    .unit = "",
                    .tag = "",
                    .help = "where the result file exists, keep its completed "
                            "permutations and run the others; the study must "
                            "be the same"},
    [OPT_ITERATIONS] = {.name = "iterations",
                        .type = OPTION_COUNT,
                        .placement = IN_BOTH,
                        .def = "100",
                        .min = 1,
                        .max = 1000000000,
                        .unit = "",
                        .tag = "ITER",
                        .help = "timed put/get pairs of each client"},
    [OPT_DURATION] = {.name = "duration",
                      .type = OPTION_SECONDS,
                      .placement = IN_BOTH,
                      .def = "auto",
                      .may_be_auto = true,
                      .min = 0,
                      .max = DAY,
                      .unit = "s",
                      .tag = "",
                      .help = "how long the timed loop runs, in place of "
                              "iterations; auto: as long as those take"},
    [OPT_MAX_SAMPLES] =
        {.name = "max_samples",
         .type = OPTION_COUNT,
         .placement = IN_BOTH,
         .def = "10000",
         .min = 16,
         .max = 100000000,
         .unit = "",
         .tag = "",
         .help = "with duration: the most timings of each operation that a "
                 "client keeps; of more, every second, fourth, ... one"},
    [OPT_WARMUP] = {.name = "warmup",
                    .type = OPTION_COUNT,
                    .placement = IN_BOTH,
                    .def = "1",
                    .min = 0,
                    .max = 1000000,
                    .unit = "",
                    .tag = "",
                    .help = "pairs before them that do not count; kept in the "
                            "file, marked"},
    [OPT_REPETITIONS] = {.name = "repetitions",
                         .type = OPTION_COUNT,
                         .placement = IN_BOTH,
                         .def = "1",
                         .min = 1,
                         .max = 1000000,
                         .unit = "",
                         .tag = "REP",
                         .help = "how often each permutation is run"},
    [OPT_UNTIL_INTERVAL] =
        {.name = "until_interval",
         .type = OPTION_PERCENT,
         .placement = IN_BOTH,
         .def = "auto",
         .may_be_auto = true,
         .unit = "",
         .tag = "",
         .help = "stop repeating when the medians' 95 % intervals over at "
                 "least three repetitions are within this much of them, such "
                 "as 2%; repetitions is the ceiling; auto: run all"},
    [OPT_ORDER] = {.name = "order",
                   .type = OPTION_CHOICE,
                   .placement = IN_BOTH,
                   .def = "plan",
                   .choices = orders,
                   .unit = "",
                   .tag = "",
                   .help =
                       "in which order permutations run: as planned, or random "
                       "(database set-ups, and within each its permutations)"},
    [OPT_SEED] = {.name = "seed",
                  .type = OPTION_COUNT,
                  .resume_free = true,
                  .placement = IN_BOTH,
                  .def = "auto",
                  .may_be_auto = true,
                  .min = 0,
                  .max = INT64_MAX,
                  .unit = "",
                  .tag = "",
                  .help = "of the random order; auto: drawn, and recorded"},
    [OPT_WALL_TIME] = {.name = "wall_time",
                       .type = OPTION_SECONDS,
                       .resume_free = true,
                       .placement = IN_BOTH,
                       .def = "auto",
                       .may_be_auto = true,
                       .min = 0,
                       .max = 366 * DAY,
                       .unit = "s",
                       .tag = "",
                       .help = "start no permutation that would not finish "
                               "within this time of srbench's start, by what "
                               "its like took; auto: what the job has, which "
                               "is respected anyway"},
    [OPT_TERM_GRACE] = {.name = "term_grace",
                        .type = OPTION_SECONDS,
                        .resume_free = true,
                        .placement = IN_BOTH,
                        .def = "15s",
                        .min = -1,
                        .max = DAY,
                        .unit = "s",
                        .tag = "",
                        .help = "what the running permutation has to finish "
                                "after SIGTERM, SIGINT or SIGHUP; then it is "
                                "broken off"},
    [OPT_VERIFY] = {.name = "verify",
                    .type = OPTION_CHOICE,
                    .placement = IN_BOTH,
                    .def = "ends",
                    .choices = verifications,
                    .unit = "",
                    .tag = "",
                    .help = "check of the payload, outside the timed spans: of "
                            "no pair, of the first and last, of all"},
    [OPT_DB_PORT] = {.name = "db_port",
                     .type = OPTION_COUNT,
                     .resume_free = true,
                     .placement = IN_BOTH,
                     .def = "6780",
                     .min = 1024,
                     .max = 55535, /* a cluster's bus uses port + 10000 */
                     .may_be_zero = true,
                     .unit = "",
                     .tag = "",
                     .help = "first port; further shards on the same host take "
                             "the next ones; 0: free ones of each host, found "
                             "when the databases start"},
    [OPT_DB_HOSTS] = {.name = "db_hosts",
                      .type = OPTION_TEXT,
                      .list = true,
                      .resume_free = true,
                      .placement = IN_STANDARD,
                      .def = "auto",
                      .may_be_auto = true,
                      .unit = "",
                      .tag = "",
                      .help = "the hosts that run the database, and no "
                              "clients: names, short or fully qualified, or "
                              "Slurm host lists, such as nid[0001-0004,0010]; "
                              "auto: the last nodes of the job"},
    [OPT_NODE_FEATURE] = {.name = "node_feature",
                          .type = OPTION_MAP,
                          .placement = IN_BOTH,
                          .def = "{}",
                          .unit = "",
                          .tag = "",
                          .help = "features that client nodes must have by the "
                                  "batch system's word, such as {C: V100}; C "
                                  "and constraint take Slurm's expressions"},
    [OPT_DB_NODE_FEATURE] =
        {.name = "db_node_feature",
         .type = OPTION_MAP,
         .placement = IN_STANDARD,
         .def = "{}",
         .unit = "",
         .tag = "",
         .help = "the same of database nodes; with run_db_as_batch arguments "
                 "of the submission, others (exclusive) too"},
    [OPT_DB_ADDRESS] =
        {.name = "db_address",
         .type = OPTION_TEXT,
         .placement = IN_STANDARD,
         .def = "auto",
         .may_be_auto = true,
         .unit = "",
         .tag = "",
         .help = "databases that run already: the file that srbench serve "
                 "writes (awaited for db_timeout), or host:port, several "
                 "comma-separated; of srbench serve: the file to write"},
    [OPT_DB_AUTH] = {.name = "db_auth",
                     .type = OPTION_TEXT,
                     .resume_free = true,
                     .placement = IN_STANDARD,
                     .def = "auto",
                     .may_be_auto = true,
                     .unit = "",
                     .tag = "",
                     .help = "with db_address=host:port: a file that its owner "
                             "alone may read, with 'user password' or "
                             "'password' on its first line; auto: the "
                             "environment's SRBENCH_DB_AUTH, else none"},
    [OPT_FLUSH] = {.name = "flush",
                   .type = OPTION_FLAG,
                   .placement = IN_STANDARD,
                   .def = "false",
                   .unit = "",
                   .tag = "",
                   .help = "with db_address=host:port: remove all data of "
                           "those servers before each permutation; false: "
                           "touch nothing but this run's own keys"},
    [OPT_DB_MAX_CLIENTS] =
        {.name = "db_max_clients",
         .type = OPTION_COUNT,
         .placement = IN_BOTH,
         .def = "auto",
         .may_be_auto = true,
         .min = 1,
         .max = 1000000,
         .unit = "",
         .tag = "",
         .help = "connections that each server has room for; auto: as many as "
                 "the permutations need, of srbench serve 10000"},
    [OPT_RUN_DB_AS_BATCH] =
        {.name = "run_db_as_batch",
         .type = OPTION_FLAG,
         .placement = IN_STANDARD,
         .def = "false",
         .unit = "",
         .tag = "",
         .help = "run each database set-up as a batch job of its own, of "
                 "db_nodes nodes; all nodes of this job may run clients"},
    [OPT_BATCH_ARGS] = {.name = "batch_args",
                        .type = OPTION_MAP,
                        .placement = IN_STANDARD,
                        .def = "{}",
                        .unit = "",
                        .tag = "",
                        .help = "further arguments of that submission, such as "
                                "{partition: db, A: project}; without a value: "
                                "{exclusive: null}"},
    [OPT_BATCH_TIMEOUT] = {.name = "batch_timeout",
                           .type = OPTION_SECONDS,
                           .resume_free = true,
                           .placement = IN_STANDARD,
                           .def = "1h",
                           .min = 0,
                           .max = 30 * DAY,
                           .unit = "s",
                           .tag = "",
                           .help = "longest wait for such a job to start"},
    [OPT_LIFELINE] = {.name = "lifeline",
                      .type = OPTION_TEXT,
                      .resume_free = true,
                      .placement = IN_STANDARD,
                      .def = "auto",
                      .may_be_auto = true,
                      .unit = "",
                      .tag = "",
                      .help = "of srbench serve: address:port of a socket; "
                              "serving ends when that is closed (the job with "
                              "the clients gives it to its databases' job); "
                              "auto: none"},
    [OPT_ROLE] = {.name = "role",
                  .type = OPTION_CHOICE,
                  .resume_free = true,
                  .placement = IN_BOTH,
                  .def = "auto",
                  .choices = roles,
                  .unit = "",
                  .tag = "",
                  .help = "what the nodes of this part of the job may run, "
                          "where it was started in several (mpiexec's :); on "
                          "each part's command line, not in the file"},
    [OPT_DB_ARGS] = {.name = "db_args",
                     .type = OPTION_MAP,
                     .placement = IN_BOTH,
                     .def = "{}",
                     .unit = "",
                     .tag = "",
                     .help = "further server directives"},
    [OPT_NET_IFNAME] = {.name = "net_ifname",
                        .type = OPTION_TEXT,
                        .placement = IN_BOTH,
                        .def = "auto",
                        .may_be_auto = true,
                        .unit = "",
                        .tag = "",
                        .help = "network interface of the databases, such as "
                                "ib0; auto: lo on one host, else chosen and "
                                "reported"},
    [OPT_LAUNCHER] = {.name = "launcher",
                      .type = OPTION_CHOICE,
                      .resume_free = true,
                      .placement = IN_BOTH,
                      .def = "auto",
                      .may_be_auto = true,
                      .choices = launchers,
                      .unit = "",
                      .tag = "",
                      .help = "the batch system that the job runs under; auto: "
                              "the one whose variables are there"},
    [OPT_OP_TIMEOUT] = {.name = "op_timeout",
                        .type = OPTION_SECONDS,
                        .resume_free = true,
                        .placement = IN_BOTH,
                        .def = "30s",
                        .min = 0,
                        .max = DAY,
                        .unit = "s",
                        .tag = "",
                        .help = "longest wait for one reply"},
    [OPT_DB_TIMEOUT] = {.name = "db_timeout",
                        .type = OPTION_SECONDS,
                        .resume_free = true,
                        .placement = IN_BOTH,
                        .def = "60s",
                        .min = 0,
                        .max = DAY,
                        .unit = "s",
                        .tag = "",
                        .help = "longest wait for a database to be ready"},
    [OPT_VIRTUAL_NODES] = {.name = "virtual_nodes",
                           .type = OPTION_COUNT,
                           .placement = IN_BOTH,
                           .def = "1",
                           .min = 1,
                           .max = 65536,
                           .unit = "",
                           .tag = "",
                           .help = "cut every node into this many virtual "
                                   "ones"},
    [OPT_MACHINE] = {.name = "machine",
                     .type = OPTION_SHAPE,
                     .resume_free = true,
                     .placement = IN_BOTH,
                     .def = "auto",
                     .may_be_auto = true,
                     .min = 1,
                     .max = 1000000,
                     .unit = "",
                     .tag = "",
                     .help = "with --dry_run only: plan for an imaginary job; "
                             "auto: the real one"},
    [OPT_EXPECT] =
        {.name = "expect",
         .type = OPTION_MAPS,
         .placement = IN_BOTH,
         .def = "{}",
         .unit = "",
         .tag = "",
         .help = "limits on figures of the summary, such as {window: \"> "
                 "1GB/s\"}: <, <=, > or >=, a number and its unit; in a list "
                 "of maps, names of axes say for which permutations: "
                 "[{tensor_bytes: 1MiB, put_tensor_p99: \"< 2ms\"}]; a breach "
                 "ends srbench with exit status 3"},
    [OPT_SUMMARY_JSON] = {.name = "summary_json",
                          .type = OPTION_TEXT,
                          .resume_free = true,
                          .placement = IN_BOTH,
                          .def = "none",
                          .unit = "",
                          .tag = "",
                          .help = "a file for what /summary holds, as JSON, "
                                  "written at the end; none: no such file"},
    [OPT_QUIET] = {.name = "quiet",
                   .type = OPTION_FLAG,
                   .resume_free = true,
                   .placement = IN_BOTH,
                   .def = "false",
                   .unit = "",
                   .tag = "",
                   .help = "on standard error, problems only"},
    [OPT_VERBOSE] = {.name = "verbose",
                     .type = OPTION_FLAG,
                     .resume_free = true,
                     .placement = IN_BOTH,
                     .def = "false",
                     .unit = "",
                     .tag = "",
                     .help = "on standard error, every permutation with its "
                             "placement, and which databases were started or "
                             "reused, and why"},
    [OPT_NULL_CLIENT] = {.name = "null_client",
                         .type = OPTION_MAP,
                         .resume_free = true,
                         .placement = IN_BOTH,
                         .def = "{}",
                         .unit = "",
                         .tag = "",
                         .help = "faults of the client null, for tests: "
                                 "fail_at, hang_at, alter_at, client, delay"},
};

bool options_has_placement(const struct options *o, unsigned placement)
{
    const struct setting *set = options_get(o, OPT_EXPERIMENT);

    for (size_t i = 0; i < set->nvalues; i++)
        if (placement &
            (set->values[i].count == EXPERIMENT_STANDARD ? IN_STANDARD
                                                         : IN_COLOCATED))
            return true;
    return false;
}

bool options_found(const struct options *o)
{
    return !o->serve && !options_one(o, OPT_DB_ADDRESS)->is_auto;
}

bool options_batch(const struct options *o)
{
    return !o->serve && options_one(o, OPT_RUN_DB_AS_BATCH)->count != 0;
}

unsigned options_placement(const struct options *o, enum option_id id)
{
    static const enum option_id shape[] = {
        OPT_DB_EXE,         OPT_DB_NODES,       OPT_DB_SHARDS_PER_NODE,
        OPT_DB_CLUSTER,     OPT_DB_CPUS,        OPT_DB_IO_THREADS,
        OPT_DB_PORT,        OPT_DB_ARGS,        OPT_DB_HOSTS,
        OPT_DB_MAX_CLIENTS, OPT_DB_NODE_FEATURE};
    unsigned placement = option_table[id].placement;

    for (size_t k = 0; k < sizeof shape / sizeof shape[0]; k++)
        if (shape[k] == id && options_found(o))
            placement &= ~(unsigned)IN_STANDARD;
    return placement;
}

bool options_idle(const struct options *o, enum option_id id)
{
    bool timed = !options_one(o, OPT_DURATION)->is_auto;

    switch ((int)id) {
    case OPT_ITERATIONS:
        return timed;
    case OPT_MAX_SAMPLES:
        return !timed;
    case OPT_LIFELINE:
        return !o->serve;
    case OPT_DB_AUTH:
    case OPT_FLUSH:
        return !options_found(o);
    case OPT_BATCH_ARGS:
    case OPT_BATCH_TIMEOUT:
        return !options_batch(o);
    default:
        return false;
    }
}

/* Print text broken between words, every line with `indent` blanks in front
 * and no wider than a terminal of a hundred columns. */
static void print_wrapped(FILE *out, int indent, const char *text)
{
    const size_t width = 98 - (size_t)indent;

    while (*text) {
        size_t n = strlen(text), cut = n;

        if (n > width) {
            for (cut = width; cut > 0 && text[cut] != ' '; cut--)
                ;
            if (cut == 0)
                cut = width;
        }
        fprintf(out, "%*s%.*s\n", indent, "", (int)cut, text);
        text += cut;
        text += *text == ' ';
    }
}

static void help_entry(FILE *out, const struct option *d)
{
    char expected[OPTIONS_EXPECTED_MAX], line[1024];

    fprintf(out, "  --%s", d->name);
    if (d->alias)
        fprintf(out, " (or --%s)", d->alias);
    fputc('\n', out);
    print_wrapped(out, 6, d->help);
    snprintf(line, sizeof line, "%s%s%s; default: %s",
             options_expected(d, false, expected),
             d->axis   ? "; takes a list (axis)"
             : d->list ? "; takes a list"
                       : "",
             d->placement == IN_STANDARD    ? "; throughput_standard only"
             : d->placement == IN_COLOCATED ? "; throughput_colocated only"
                                            : "",
             d->def);
    print_wrapped(out, 6, line);
}

void options_help(FILE *out)
{
    fputs("Usage: srbench [EXPERIMENT] [--config FILE] [--OPTION=VALUE ...]\n"
          "       srbench serve --db_address=FILE [--config FILE] "
          "[--OPTION=VALUE ...]\n"
          "\n"
          "Measures how fast tensors move between the ranks of an MPI job and "
          "Redis databases that it\n"
          "starts on the job's own nodes. EXPERIMENT is throughput_standard "
          "(or throughput_scaling) or\n"
          "throughput_colocated, and another way to write --experiment.\n"
          "srbench serve runs databases for clients of another job, which "
          "finds them by --db_address.\n"
          "\n"
          "Instead of, or besides, a run:\n"
          "  --config FILE   read options from a YAML file, one NAME: VALUE a "
          "line; the command line wins\n"
          "  --help, -h      print this\n"
          "  --version       print the versions of srbench and its libraries\n"
          "  --show_config   print the resolved options as YAML that --config "
          "reads back\n"
          "  --dry_run       print the permutations, their placement and what "
          "they need; run nothing\n"
          "\n"
          "Options, with the same names and the same YAML values in the file "
          "and on the command line.\n"
          "An axis takes one value or a list, --client_nodes=[20,40]; the "
          "sweep is the product of all\n"
          "axes. --OPTION VALUE works too, but true and false go behind a = "
          "only; - may stand for _.\n"
          "\n",
          out);
    for (int id = 0; id < OPT_COUNT; id++)
        help_entry(out, &option_table[id]);
}

static void show_value(FILE *out, const struct option *d, const struct value *v)
{
    /* null is a server's name, but a text that means auto elsewhere */
    bool bare =
        v->is_auto || d->type != OPTION_TEXT ||
        (d == &option_table[OPT_DB_EXE] && strcmp(v->text, "null") == 0);

    if (bare)
        fputs(v->text, out);
    else
        yaml_print_text(out, v->text);
}

void options_print(FILE *out, const struct options *o, enum option_id id)
{
    const struct setting *set = &o->set[id];

    fputs(set->nvalues > 1 ? "[" : "", out);
    for (size_t i = 0; i < set->nvalues; i++) {
        fputs(i > 0 ? ", " : "", out);
        show_value(out, &option_table[id], &set->values[i]);
    }
    fputs(set->nvalues > 1 ? "]" : "", out);
}

/* An option that no placement of the study has, or that another one makes
 * idle, is refused when it is given, so its default stands in a comment. */
static void show_setting(FILE *out, const struct options *o, enum option_id id)
{
    const struct option *d = &option_table[id];
    const struct setting *set = &o->set[id];
    /* a role is that of one part of a job, and not a file's to give */
    bool serves =
        id != OPT_ROLE &&
        (set->given || (options_has_placement(o, options_placement(o, id)) &&
                        !options_idle(o, id)));

    fprintf(out, "%s%s: ", serves ? "" : "# ", d->name);
    options_print(out, o, id);
    fputc('\n', out);
}

void options_show_one(FILE *out, enum option_id id, const struct value *v)
{
    fprintf(out, "%s: ", option_table[id].name);
    show_value(out, &option_table[id], v);
    fputc('\n', out);
}

void options_show(const struct options *o, FILE *out)
{
    fputs("# srbench: every option of this study; read back with --config\n",
          out);
    for (int id = 0; id < OPT_COUNT; id++)
        show_setting(out, o, (enum option_id)id);
}
