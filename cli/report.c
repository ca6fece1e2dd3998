/* report.c - `nonet report`: a page and plots from result files. */
#include <stdio.h>
#include <stdlib.h>
#include "bench/html.h"
#include "cli/cli.h"

enum { OPT_SVG = CLI_OWN, RUNS_MAX = 64 };

static const char help[] =
    "Usage: nonet report [OPTION...] FILE.json... -o report.html\n"
    "Makes one page from runs that 'nonet bench --json' wrote: plots and tables of each layer against the bound, thread\n"
    "scaling when the runs differ by threads, CPUs side by side when there are several, and the environment. The page needs\n"
    "neither network nor scripts.\n\n"
    "  -o, --output FILE  the page; - is standard output\n"
    "  --svg FOLDER       the same plots as SVG files in a folder\n"
    "  --help             this text\n";

typedef struct request {
    const char *output, *folder;
} request;

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' },
        { "svg", required_argument, NULL, OPT_SVG },
        { "help", no_argument, NULL, CLI_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (option == CLI_HELP) {
            printf("%s", help);
            exit(EXIT_SUCCESS);
        }
        if (option == 'o')
            r->output = optarg;
        else if (option == OPT_SVG)
            r->folder = optarg;
        else
            exit(EXIT_USAGE);
    }
    if (argc == optind)
        exit(cli_fail(EXIT_USAGE, "of which runs? For example 'nonet report vgg16.json -o report.html'"));
    if (argc - optind > RUNS_MAX)
        exit(cli_fail(EXIT_USAGE, "takes at most %d files, not %d", RUNS_MAX, argc - optind));
    if (!r->output && !r->folder)
        exit(cli_fail(EXIT_USAGE, "where to? -o names the page, --svg a folder for the plots"));
    cli_keep("-o", r->output, "a run", (const char *const *)argv + optind, argc - optind);
}

int cmd_report(int argc, char **argv)
{
    request r = { 0 };
    nonet_vgg_error err = { "" };
    nonet_vgg_status status = NONET_VGG_OK;
    int count = 0;
    parse(argc, argv, &r);
    results *runs = calloc((size_t)(argc - optind), sizeof *runs);
    if (!runs)
        return cli_fail(EXIT_DATA, "out of memory");
    for (int i = optind; i < argc && status == NONET_VGG_OK; i++) {
        status = results_load(&runs[count], argv[i], &err);
        count += status == NONET_VGG_OK;
    }
    if (status == NONET_VGG_OK)
        status = html_report(runs, count, r.output, r.folder, &err);
    for (int i = 0; i < count; i++)
        results_free(&runs[i]);
    free(runs);
    return status == NONET_VGG_OK ? EXIT_SUCCESS : cli_fail(cli_exit_of(status), "%s", err.text);
}
