/* What is said of a study as a whole: the root group, sessions, hosts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "base/mem.h"
#include "results/record.h"
#include "srb_version.h"

#define SCHEMA_VERSION "1"

/* What MPI and the libraries below it are told by the environment. */
static bool is_mpi_setting(const char *variable)
{
    static const char *const prefixes[] = {"MPIR_CVAR_", "UCX_", "FI_"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "NAME=value\n" each, in the order of names. */
static void record_mpi_settings(struct fields *f)
{
    const char **found;
    char *text;
    size_t n = 0, length;
    FILE *out = mem_stream(&text, &length);

    while (environ[n])
        n++;
    found = mem_new(n, sizeof *found);
    n = 0;
    for (char **v = environ; *v; v++)
        if (is_mpi_setting(*v))
            found[n++] = *v;
    qsort(found, n, sizeof *found, by_name);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s\n", found[i]);
    fclose(out);
    fields_text(f, "mpi_settings", text);
    free(text);
    free(found);
}

void record_study(struct fields *f, const struct study_attributes *s)
{
    char text[256], now[32];

    fields_text(f, "schema_version", SCHEMA_VERSION);
    fields_text(f, "srbench_version", SRB_VERSION);
    fields_text(f, "git_commit", SRB_GIT_COMMIT);
    fields_text(f, "exp_name", s->exp_name);
    fields_text(f, "command_line", s->command_line);
    fields_text(f, "config", s->config);
    fields_text(f, "resolved_config", s->resolved_config);
    line_first("/proc/sys/kernel/random/uuid", text, sizeof text);
    fields_text(f, "uuid", text);
    fields_text(f, "start_time", record_now(now, sizeof now));
    fields_text(f, "launcher", s->job->launcher);
    fields_text(f, "job_id", s->job->id);
    fields_text(f, "node_list", s->job->node_list);
    fields_real(f, "job_time_left", "s", wlm_time_left(s->job));
    fields_int(f, "ranks", "", s->machine->nranks);
    fields_int(f, "nodes", "", s->machine->nnodes);
    fields_int(f, "hosts", "", s->machine->nhosts);
    fields_text(f, "network", s->network);
    fields_int(f, "permutations", "",
               (int64_t)(s->sweep->room ? s->sweep->room : s->sweep->count));
    fields_text(f, "mpi_version", record_mpi_version(text, sizeof text));
    record_mpi_settings(f);
    fields_text(f, "server_version", s->server);
    fields_int(f, "seed", "", (int64_t)s->seed);
    fields_real(f, "clock_resolution", "s", 1e-9 * (double)s->clock_step);
    fields_real(f, "clock_read_cost", "s", s->clock_read_cost);
    fields_real(f, "time_limit", "s", s->time_limit);
    fields_text(f, "time_limited_by", s->limited_by);
    fields_text(f, "hdf5_version", sink_hdf5_version());
    fields_text(f, "hiredis_version",
                control_hiredis_version(text, sizeof text));
    fields_int(f, "tls", "", s->machine->roster && s->machine->roster->tls);
}

void record_session(struct fields *f, const struct study_attributes *s)
{
    char text[256], now[32];

    fields_text(f, "start_time", record_now(now, sizeof now));
    if (gethostname(text, sizeof text) < 0)
        text[0] = '\0';
    text[sizeof text - 1] = '\0';
    fields_text(f, "host", text);
    fields_text(f, "job_id", s->job->id);
    fields_text(f, "node_list", s->job->node_list);
    fields_text(f, "command_line", s->command_line);
    fields_text(f, "srbench_version", SRB_VERSION);
    fields_text(f, "git_commit", SRB_GIT_COMMIT);
    fields_int(f, "completed", "", FIELD_NO_INT);
    /* last: cells are put in this order, and this one says that the row's other
     * numbers hold */
    fields_text(f, "end_time", "");
}

/* What affinity and MemTotal do not show. */
static void record_more(struct fields *cells, const struct node_info *f,
                        const struct memory_cost *cost, int64_t memory)
{
    bool limited = f->memory_limit >= 0 && f->memory_limit < memory;

    fields_int(cells, "smt", "", f->smt);
    fields_int(cells, "numa_domains", "", f->numa_domains);
    fields_text(cells, "frequency_governor", f->governor);
    fields_text(cells, "transparent_huge_pages", f->huge_pages);
    fields_real(cells, "page_fault_seconds", "s", cost->page_fault);
    fields_real(cells, "copy_bandwidth", "B/s", cost->copy);
    fields_real(cells, "cpu_quota", "", f->cpu_quota);
    fields_int(cells, "memory_limit", "B",
               limited ? f->memory_limit : FIELD_NO_INT);
}

void record_hosts(struct fields *cells,
                  const struct node_attributes *attributes, int nnodes,
                  struct sink_table *table)
{
    for (int n = 0; n < nnodes; n++) {
        const struct node_attributes *x = &attributes[n];

        fields_text(cells, "name", x->name);
        fields_text(cells, "cpu_model", x->cpu_model);
        fields_int(cells, "cpus", "", x->cpus);
        fields_int(cells, "memory", "B", x->memory);
        fields_text(cells, "kernel", x->kernel);
        fields_text(cells, "interface", x->interface);
        fields_text(cells, "address", x->address);
        fields_text(cells, "interfaces", x->interfaces);
        fields_int(cells, "interface_speed", "B/s", x->speed);
        fields_text(cells, "interface_driver", x->driver);
        fields_int(cells, "interface_numa_node", "", x->device_numa);
        fields_int(cells, "somaxconn", "", x->somaxconn);
        fields_int(cells, "open_file_limit", "", x->nofile);
        fields_text(cells, "cpus_from",
                    x->cpus_by_group ? "cgroup" : "affinity");
        record_more(cells, &x->more, &x->memory_cost, x->memory);
        if (n == 0)
            table->ncols = cells->n;
    }
    table->cells = cells->list;
    table->nrows = (size_t)nnodes;
}
