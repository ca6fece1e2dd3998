/* host.c - /proc/cpuinfo and /sys. */
#include "bench/host.h"
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CPU0 "/sys/devices/system/cpu/cpu0/"

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* The first line of a small file, without its end; "" if there is none. */
static void read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    if (!file)
        return;
    if (!fgets(line, size, file))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(file);
}

/* Names of Arm's own cores; others are shown by number. */
static const char *arm_core(unsigned midr)
{
    static const struct {
        unsigned part;
        const char *name;
    } cores[] = {
        { 0xd03, "Cortex-A53" }, { 0xd04, "Cortex-A35" }, { 0xd05, "Cortex-A55" }, { 0xd07, "Cortex-A57" },
        { 0xd08, "Cortex-A72" }, { 0xd09, "Cortex-A73" }, { 0xd0a, "Cortex-A75" }, { 0xd0b, "Cortex-A76" },
        { 0xd0c, "Neoverse-N1" }, { 0xd0d, "Cortex-A77" }, { 0xd40, "Neoverse-V1" }, { 0xd41, "Cortex-A78" },
        { 0xd44, "Cortex-X1" }, { 0xd46, "Cortex-A510" }, { 0xd47, "Cortex-A710" }, { 0xd49, "Neoverse-N2" },
        { 0xd4f, "Neoverse-V2" },
    };
    if (midr >> 24 != 0x41)
        return NULL;
    for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++)
        if (cores[i].part == (midr >> 4 & 0xfff))
            return cores[i].name;
    return NULL;
}

/* One "key : value" of /proc/cpuinfo. */
static void take(bench_host *host, const char *key, const char *value)
{
    if (!strcmp(key, "model name"))
        copy(host->cpu, sizeof host->cpu, value);
    else if (!strcmp(key, "vendor_id"))
        copy(host->vendor, sizeof host->vendor, value);
    else if (!strcmp(key, "cpu family"))
        host->family = atoi(value);
    else if (!strcmp(key, "model"))
        host->model = atoi(value);
    else if (!strcmp(key, "stepping"))
        host->stepping = atoi(value);
    else if (!strcmp(key, "microcode"))
        copy(host->microcode, sizeof host->microcode, value);
    else if (!strcmp(key, "cpu MHz"))
        host->mhz = strtod(value, NULL);
    else if (!strcmp(key, "flags"))
        host->hypervisor = strstr(value, " hypervisor") != NULL;
    else if (!strcmp(key, "CPU implementer"))
        host->midr |= (unsigned)strtoul(value, NULL, 0) << 24;
    else if (!strcmp(key, "CPU variant"))
        host->midr |= (unsigned)strtoul(value, NULL, 0) << 20;
    else if (!strcmp(key, "CPU part"))
        host->midr |= (unsigned)strtoul(value, NULL, 0) << 4;
    else if (!strcmp(key, "CPU revision"))
        host->midr |= (unsigned)strtoul(value, NULL, 0);
}

/* The block of the first CPU: up to the first empty line. */
static void read_cpuinfo(bench_host *host)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file)
        return;
    while (getline(&line, &size, file) > 0 && line[0] != '\n') {
        char *value = strchr(line, ':');
        if (!value)
            continue;
        char *end = value;
        while (end > line && isspace((unsigned char)end[-1]))
            end--;
        *end = '\0';
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        take(host, line, value);
    }
    free(line);
    fclose(file);
}

static void name_arm(bench_host *host)
{
    char text[32];
    read_line(CPU0 "regs/identification/midr_el1", text, sizeof text);
    if (text[0])
        host->midr = (unsigned)strtoull(text, NULL, 0);
    if (!host->midr)
        return;
    const char *core = arm_core(host->midr);
    if (core)
        copy(host->cpu, sizeof host->cpu, core);
    else if (!host->cpu[0])
        snprintf(host->cpu, sizeof host->cpu, "Arm, implementer 0x%02x, part 0x%03x", host->midr >> 24, host->midr >> 4 & 0xfff);
}

/* Adds "0-3,8" to a set; what is beyond CPU_SETSIZE is left out. */
static void list_add(const char *text, cpu_set_t *set)
{
    while (isdigit((unsigned char)*text)) {
        char *end;
        long from = strtol(text, &end, 10), to = from;
        if (*end == '-')
            to = strtol(end + 1, &end, 10);
        for (long i = from; i <= to && i < CPU_SETSIZE; i++)
            CPU_SET(i, set);
        text = *end == ',' ? end + 1 : end;
    }
}

/* "0-3,8": how many. */
static int list_count(const char *text)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    list_add(text, &set);
    return CPU_COUNT(&set);
}

static size_t cache_bytes(const char *text)
{
    char *end;
    size_t size = strtoul(text, &end, 10);
    return *end == 'K' ? size << 10 : *end == 'M' ? size << 20 : size;
}

static void read_caches(bench_host *host)
{
    for (int i = 0; i < HOST_CACHES; i++) {
        char path[96], text[256];
        bench_cache *cache = &host->cache[host->caches];
        int stem = snprintf(path, sizeof path, CPU0 "cache/index%d/", i);
        size_t left = sizeof path - (size_t)stem;
        copy(path + stem, left, "level");
        read_line(path, text, sizeof text);
        if (!text[0])
            return;
        cache->level = atoi(text);
        copy(path + stem, left, "type");
        read_line(path, cache->type, sizeof cache->type);
        copy(path + stem, left, "size");
        read_line(path, text, sizeof text);
        cache->size = cache_bytes(text);
        copy(path + stem, left, "shared_cpu_list");
        read_line(path, text, sizeof text);
        cache->sharing = list_count(text);
        host->caches++;
    }
}

/* Distinct values of one file in the topology folders of all CPUs that are there. */
static int distinct(const char *name)
{
    char seen[256][64];
    int count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && count < 256; cpu++) {
        char path[96], text[64];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, name);
        read_line(path, text, sizeof text);
        int i = 0;
        while (i < count && strcmp(seen[i], text))
            i++;
        if (text[0] && i == count)
            copy(seen[count++], sizeof seen[0], text);
    }
    return count;
}

static void read_topology(bench_host *host)
{
    char text[256];
    read_line("/sys/devices/system/node/online", text, sizeof text);
    host->numa_nodes = list_count(text);
    read_line(CPU0 "topology/thread_siblings_list", text, sizeof text);
    host->threads_per_core = list_count(text);
    host->sockets = distinct("physical_package_id");
    host->cores = distinct("thread_siblings_list");
}

static void read_system(bench_host *host)
{
    struct utsname u;
    if (uname(&u) == 0)
        snprintf(host->os, sizeof host->os, "%.20s %.50s %.64s %.20s", u.sysname, u.release, u.version, u.machine);
    read_line("/sys/hypervisor/type", host->hypervisor_name, sizeof host->hypervisor_name);
#if defined(__x86_64__)
    unsigned a, name[3];
    if (host->hypervisor && !host->hypervisor_name[0]) {
        __cpuid(0x40000000, a, name[0], name[1], name[2]);
        memcpy(host->hypervisor_name, name, sizeof name);   /* 12 characters; the rest is zero */
    }
#endif
}

static int affinity_count(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

void bench_host_read(bench_host *host)
{
    char text[64];
    *host = (bench_host){ .family = -1, .model = -1, .stepping = -1 };
    gethostname(host->name, sizeof host->name - 1);
    read_cpuinfo(host);
    name_arm(host);
    if (!host->cpu[0])
        copy(host->cpu, sizeof host->cpu, "unknown CPU");
    host->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    host->allowed = affinity_count();
    read_line(CPU0 "cpufreq/scaling_cur_freq", text, sizeof text);
    if (text[0])
        host->mhz = strtod(text, NULL) / 1000;
    read_line(CPU0 "cpufreq/scaling_governor", host->governor, sizeof host->governor);
    read_caches(host);
    read_topology(host);
    read_system(host);
    if (getloadavg(host->load, 3) < 3)
        memset(host->load, 0, sizeof host->load);
}

static void read_cache_line(const char *root, int cpu, int index, const char *name, char *text, int size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%d/cache/index%d/%s", root, cpu, index, name);
    read_line(path, text, size);
}

/* Bytes of a CPU's largest cache, 0 if unknown; adds those that share it, the CPU at least, to the set. */
static size_t largest_cache(const char *root, int cpu, cpu_set_t *sharing)
{
    char text[4096];
    size_t most = 0;
    int which = 0;
    for (int i = 0; i < HOST_CACHES; i++) {
        read_cache_line(root, cpu, i, "size", text, sizeof text);
        size_t bytes = cache_bytes(text);
        which = bytes > most ? i : which;
        most = bytes > most ? bytes : most;
    }
    read_cache_line(root, cpu, which, "shared_cpu_list", text, sizeof text);
    list_add(text, sharing);
    CPU_SET(cpu, sharing);
    return most;
}

size_t bench_host_caches(const char *root, const cpu_set_t *cpus, int threads)
{
    size_t sum = 0, most = 0;
    cpu_set_t counted;
    CPU_ZERO(&counted);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, cpus) || CPU_ISSET(cpu, &counted))
            continue;
        size_t bytes = largest_cache(root, cpu, &counted);
        sum += bytes;
        most = bytes > most ? bytes : most;
    }
    return sum < most * (size_t)threads ? sum : most * (size_t)threads;
}

size_t bench_host_last_cache(const bench_host *host)
{
    size_t size = 0;
    for (int i = 0; i < host->caches; i++)
        size = host->cache[i].size > size ? host->cache[i].size : size;
    return size;
}
