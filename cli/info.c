/* info.c - `nonet info`: the machine and what the library makes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "bench/host.h"
#include "bench/kernel_list.h"
#include "bench/peers/run.h"
#include "cli/cli.h"

#ifndef NONET_FEATURES
#define NONET_FEATURES ""
#endif

static const char help[] =
    "Usage: nonet info [OPTION...]\n"
    "Shows the CPU, its caches, the instruction sets found and in force, the threads this process may use, the kernels that are\n"
    "chosen, and the file formats that are built in.\n\n"
    "  --isa NAME        as if NAME (c, avx2, avx512, neon) were the best instruction set\n"
    "  --json FILE       write JSON to FILE, - is standard output\n"
    "  --help            this text\n";

typedef struct machine {
    bench_host host;
    nonet_isa isa;
    int threads;
} machine;

static void parse(int argc, char **argv, cli_common *common)
{
    static const struct option options[] = {
        { "isa", required_argument, NULL, CLI_ISA },
        { "json", required_argument, NULL, CLI_JSON },
        { "help", no_argument, NULL, CLI_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            fputs(help, stdout);
            exit(EXIT_SUCCESS);
        }
        if (!cli_common_option(option, optarg, common))
            exit(EXIT_USAGE);
    }
    if (optind < argc)
        exit(cli_fail(EXIT_USAGE, "'%s' is not expected here", argv[optind]));
}

static void print_cpu(const bench_host *host)
{
    printf("CPU               %s", host->cpu);
    if (host->vendor[0])
        printf(" (%s, family %d, model %d, stepping %d)", host->vendor, host->family, host->model, host->stepping);
    if (host->midr)
        printf(" (MIDR 0x%08x)", host->midr);
    printf("%s\n", host->hypervisor ? ", in a virtual machine" : "");
    printf("CPUs              %d", host->cpus);
    if (host->mhz > 0)
        printf(", now at %.0f MHz", host->mhz);
    printf("%s%s\n", host->governor[0] ? ", governor " : "", host->governor);
}

static void print_caches(const bench_host *host)
{
    for (int i = 0; i < host->caches; i++) {
        const bench_cache *cache = &host->cache[i];
        const char *unit = cache->size % (1 << 20) ? "KiB" : "MiB";
        size_t size = cache->size % (1 << 20) ? cache->size >> 10 : cache->size >> 20;
        printf("%-18sL%d %s, %zu %s", i ? "" : "caches", cache->level, cache->type, size, unit);
        printf(cache->sharing > 1 ? ", shared by %d CPUs\n" : "\n", cache->sharing);
    }
    if (!host->caches)
        printf("caches            not known\n");
}

static void print_isas(nonet_isa current)
{
    printf("instruction sets  found:");
    for (nonet_isa isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        if (nonet_isa_supported(isa))
            printf(" %s", nonet_isa_name(isa));
    printf("; in force: %s\n", nonet_isa_name(current));
}

static void print_kernels(nonet_isa isa)
{
    printf("\n%-17s %-5s  kernel for %s\n", "family", "block", nonet_isa_name(isa));
    for (int i = 0; i < bench_kernel_families(); i++) {
        bench_kernel kernel = bench_kernel_of(i, isa);
        char block[32] = "-";
        if (kernel.mr)
            snprintf(block, sizeof block, "%dx%d", kernel.mr, kernel.nr);
        printf("%-17s %-5s  %s\n", kernel.family, block, kernel.symbol ? kernel.symbol : "none");
    }
}

/* What a word of NONET_FEATURES stands for. */
static const struct feature {
    const char *word, *formats;
} features[] = {
    { "cjson", ".safetensors" }, { "protobuf", ".onnx, .caffemodel" }, { "zip", ".pth archives" },
    { "jpeg", "JPEG" }, { "png", "PNG" }, { "zlib", "gzipped IDX" },
};
enum { FEATURES = sizeof features / sizeof features[0] };

static void print_features(int built, const char *title)
{
    int seen = 0;
    for (int i = 0; i < FEATURES; i++)
        if ((strstr(NONET_FEATURES, features[i].word) != NULL) == built)
            printf("%s%s (%s)", seen++ ? ", " : title, features[i].formats, features[i].word);
}

static void print_text(const machine *m)
{
    printf("nonet             %s\n", nonet_version());
    print_cpu(&m->host);
    print_caches(&m->host);
    print_isas(m->isa);
    printf("threads           %d (%d CPU%s by affinity%s)\n", m->threads, m->host.allowed, m->host.allowed == 1 ? "" : "s",
           m->threads < m->host.allowed   ? ", fewer by cgroup quota"
           : m->threads > m->host.allowed ? ", to which OpenMP binds this thread"
                                          : ", no lower cgroup quota");
    printf("built in          .nonet, bare .pth, PPM and PGM, .npy");
    print_features(1, ", ");
    print_features(0, "; left out: ");
    putchar('\n');
    char peers[128];
    printf("bench --peers     %s\n", bench_peers_built(peers, sizeof peers) ? peers : "none was found when nonet was built");
    print_kernels(m->isa);
}

static void json_machine(json_out *out, const bench_host *host)
{
    json_text(out, "cpu", host->cpu);
    json_text(out, "vendor", host->vendor);
    json_whole(out, "family", host->family);
    json_whole(out, "model", host->model);
    json_whole(out, "stepping", host->stepping);
    json_whole(out, "midr", host->midr);
    json_text(out, "microcode", host->microcode);
    json_bool(out, "hypervisor", host->hypervisor);
    json_whole(out, "cpus", host->cpus);
    json_whole(out, "cpus_allowed", host->allowed);
    json_real(out, "mhz", host->mhz);
    json_text(out, "governor", host->governor);
    json_begin(out, "caches", '[');
    for (int i = 0; i < host->caches; i++) {
        json_begin(out, NULL, '{');
        json_whole(out, "level", host->cache[i].level);
        json_text(out, "type", host->cache[i].type);
        json_whole(out, "size", (long long)host->cache[i].size);
        json_whole(out, "num_sharing", host->cache[i].sharing);
        json_end(out, '}');
    }
    json_end(out, ']');
}

/* The words of NONET_FEATURES. */
static void json_features(json_out *out)
{
    char words[] = NONET_FEATURES, *rest = words, *word;
    json_begin(out, "features", '[');
    while ((word = strtok_r(rest, " ", &rest)))
        json_text(out, NULL, word);
    json_end(out, ']');
}

static void json_kernels(json_out *out, nonet_isa isa)
{
    json_begin(out, "kernels", '[');
    for (int i = 0; i < bench_kernel_families(); i++) {
        bench_kernel kernel = bench_kernel_of(i, isa);
        json_begin(out, NULL, '{');
        json_text(out, "family", kernel.family);
        json_text(out, "kernel", kernel.symbol ? kernel.symbol : "");
        json_whole(out, "mr", kernel.mr);
        json_whole(out, "nr", kernel.nr);
        json_end(out, '}');
    }
    json_end(out, ']');
}

static int print_json(const machine *m, const char *path)
{
    json_out out;
    if (!emit_open(&out, path))
        return 0;
    json_begin(&out, NULL, '{');
    json_text(&out, "nonet_version", nonet_version());
    json_machine(&out, &m->host);
    json_begin(&out, "isas_found", '[');
    for (nonet_isa isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        if (nonet_isa_supported(isa))
            json_text(&out, NULL, nonet_isa_name(isa));
    json_end(&out, ']');
    json_text(&out, "isa", nonet_isa_name(m->isa));
    json_whole(&out, "threads", m->threads);
    json_features(&out);
    json_kernels(&out, m->isa);
    json_end(&out, '}');
    return emit_close(&out);
}

int cmd_info(int argc, char **argv)
{
    cli_common common = { 0 };
    machine m;
    parse(argc, argv, &common);
    if (nonet_isa_current(&m.isa) != NONET_OK)
        return cli_fail(EXIT_USAGE, "NONET_ISA: %s", nonet_status_string(NONET_BAD_ISA));
    bench_host_read(&m.host);
    m.threads = nonet_threads_available();
    if (!common.json || strcmp(common.json, "-"))
        print_text(&m);
    if (common.json && !print_json(&m, common.json))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", common.json, strerror(errno));
    return EXIT_SUCCESS;
}
