/* explain.c - `nonet explain`: a page that shows what a network makes of a picture. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "bench/host.h"
#include "cli/explain/explain.h"

static const char help[] =
    "Usage: nonet explain PICTURE --model FILE -o OUT.html [OPTION...]\n"
    "Makes one page about what a network makes of a picture (JPEG, PNG, PPM, PGM): its likeliest classes, where in the picture "
    "they\n"
    "are seen, the activations of a layer, and the time of each layer. The page is complete in itself: it needs neither network\n"
    "nor scripts, holds the picture, and names files without their folders. It appears whole or not at all.\n\n"
    "  --model FILE      .safetensors, .pth, .onnx, .caffemodel or .nonet, told by its content\n"
    "  -o, --output FILE the page; - is standard output\n"
    "  --layer NAME      whose activations are shown (default: the last convolution)\n"
    "  --dense-size Q    smaller side of the picture for the class map and the activations (default: 384 for a network of 224,\n"
    "                    twice its side for one below 64; at that side itself the map has one position)\n"
    "  --labels FILE     names of the classes, one a line\n"
    "  --repetitions N   runs that the times are medians of (default: half a second of them, 7 to 101)\n"
    "  --max-memory MB   what weights and activations may take (default 4000); a picture that needs more is refused\n";
static const char help_end[] =
    "\nErrors: what cannot be read or written is exit status 1; a wrong option, or a layer that is not there, is 2.\n"
    "Example: nonet explain cat.jpg --model vgg16.pth -o cat.html --layer conv4_3\n";

enum { OPT_LAYER = CLI_OWN, OPT_SIZE, OPT_LABELS, OPT_REPETITIONS, OPT_MEMORY };
enum { LARGEST_SIDE = 4095, MEMORY_MB = 4000 };

static int own_option(int option, explain_request *r)
{
    switch (option) {
    case 'o': r->to = optarg; return 1;
    case OPT_LAYER: r->layer = optarg; return 1;
    case OPT_LABELS: r->labels = optarg; return 1;
    case OPT_SIZE: r->dense_size = (int)cli_number("--dense-size", optarg, 1, LARGEST_SIDE); return 1;
    case OPT_REPETITIONS: r->repetitions = (int)cli_number("--repetitions", optarg, 1, 1000); return 1;
    case OPT_MEMORY: r->max_memory = (size_t)cli_number("--max-memory", optarg, 1, 1 << 30) * 1000000; return 1;
    default: return 0;
    }
}

static void take_option(int option, explain_request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s%s", help, cli_model_help, cli_common_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (!own_option(option, r) && !cli_model_option(option, optarg, &r->model) && !cli_common_option(option, optarg, &r->common))
        exit(EXIT_USAGE);
}

static void parse(int argc, char **argv, explain_request *r)
{
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' }, { "layer", required_argument, NULL, OPT_LAYER },
        { "labels", required_argument, NULL, OPT_LABELS }, { "dense-size", required_argument, NULL, OPT_SIZE },
        { "repetitions", required_argument, NULL, OPT_REPETITIONS }, { "max-memory", required_argument, NULL, OPT_MEMORY },
        CLI_MODEL_LONG, CLI_COMMON_LONG, { NULL, 0, NULL, 0 },
    };
    int option;
    r->max_memory = (size_t)MEMORY_MB * 1000000;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
        take_option(option, r);
    if (optind + 1 != argc)
        exit(cli_fail(EXIT_USAGE, "of which picture? Name one, not %d", argc - optind));
    if (!r->model.path || !r->to)
        exit(cli_fail(EXIT_USAGE, "name the model with --model and the page with -o"));
    r->picture = argv[optind];
    const char *const inputs[] = { r->picture, r->model.path, r->labels };
    cli_two_outputs("-o", r->to, "--json", r->common.json);
    cli_keep("-o", r->to, "an input", inputs, 3);
    cli_keep("--json", r->common.json, "an input", inputs, 3);
}

/* Faults of the command line, the model's name and the picture come before the work. */
static int look(explanation *x, const explain_request *r)
{
    nonet_vgg_error err;
    if (!emit_possible(r->to))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", r->to, strerror(errno));
    if (r->common.json && !emit_possible(r->common.json))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
    int fault = cli_layer(r->model.path, &r->model, r->layer, x->layer);
    if (fault)
        return fault;
    nonet_vgg_status status = vgg_picture_open(&x->whole, r->picture, &err);
    return status == NONET_VGG_OK ? 0 : cli_fail(cli_exit_of(status), "%s", err.text);
}

static void note_machine(explanation *x, const explain_request *r, const char *cpu)
{
    nonet_isa isa = r->common.conv.isa;
    if (isa == NONET_ISA_AUTO)
        nonet_isa_current(&isa);
    x->times.path = "";
    x->times.cpu = cpu;
    x->times.isa = nonet_isa_name(isa);
    x->times.threads = nonet_threads_for(r->common.conv.threads);
}

static int write_page(const explanation *x, const explain_request *r)
{
    markup m = { 0 };
    nonet_vgg_error err;
    explain_page(&m, x, r);
    nonet_vgg_status status = markup_write(&m, r->to, &err);
    markup_free(&m);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    if (r->common.json && !explain_json(x, r))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
    return EXIT_SUCCESS;
}

int cmd_explain(int argc, char **argv)
{
    explain_request r = { 0 };
    explanation x = { 0 };
    bench_host host;
    parse(argc, argv, &r);
    r.common.conv = cli_conv(&r.common);
    int status = look(&x, &r);
    if (status == 0)
        status = explain_classes(&x, &r);
    if (status == 0)
        status = explain_layer(&x, &r);
    if (status == 0) {
        bench_host_read(&host);
        note_machine(&x, &r, host.cpu);
        status = write_page(&x, &r);
    }
    explain_free(&x);
    return status;
}
