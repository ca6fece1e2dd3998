/* features.c - `nonet features`: the map after a layer, or rows of pooled features, as an .npy file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "bench/emit.h"
#include "cli/features.h"

static const char help[] =
    "Usage: nonet features PICTURE...|ARRAY.npy --model FILE --layer NAME -o OUT.npy [OPTION...]\n"
    "Runs a network up to a layer (its ReLU included) and writes what comes out of it as float32.\n"
    "Without --pool: its map, pictures x channels x height x width. A picture (JPEG, PNG, PPM, PGM) is prepared as for "
    "classify;\n"
    "with one scale it is taken whole. An .npy file (float32, C order, C x H x W or 1 x C x H x W) is taken as it is: already\n"
    "prepared, and its height and width are the network's input.\n"
    "With --pool: a row a picture, as in the paper's section on other datasets (docs/PAPER.md): the network runs densely over\n"
    "the whole picture at each scale, and the map is pooled over space.\n"
    "OUT.npy appears whole or not at all, its rows in the pictures' order.\n\n"
    "  --model FILE      .safetensors, .pth, .onnx, .caffemodel or .nonet, told by its content; again with --pool: the rows of\n"
    "                    several networks stand side by side\n"
    "  --layer NAME      conv3_2, pool4, fc7, ...: as `nonet bench --model FILE` lists them\n"
    "  -o, --output FILE the .npy file to write; a file of this name is replaced\n"
    "  --pool avg|max    over space: the mean or the largest value of each channel\n"
    "  --scales LIST     smaller sides of the resized picture: 256 or 256,384,512 (default: 256 for an input of 224)\n"
    "  --join avg|max|stack  scales are averaged (default), their largest values taken, or stacked side by side\n"
    "  --flip            average with the mirror image's row\n"
    "  --l2              scale each network's row to length 1\n"
    "  --max-memory MB   what a network's weights and activations may take; a picture that needs more is refused\n";
static const char help_end[] =
    "\nErrors: what cannot be read or written is exit status 1; a wrong option, or a layer that is not there, is 2.\n"
    "Examples: nonet features cat.jpg --model vgg16.pth --layer conv2_2 -o conv2_2.npy\n"
    "          nonet features *.jpg --model vgg16.pth --layer fc7 --pool avg --scales 256,384,512 --flip --l2 -o rows.npy\n";

enum { OPT_LAYER = CLI_OWN, OPT_POOL, OPT_SCALES, OPT_JOIN, OPT_FLIP, OPT_L2, OPT_MEMORY };

/* ---- options ---- */

static void read_pool(const char *text, features_request *r)
{
    r->pool = 1;
    r->how.max_pool = !strcmp(text, "max");
    if (!r->how.max_pool && strcmp(text, "avg") != 0)
        exit(cli_fail(EXIT_USAGE, "--pool knows avg and max, not '%s'", text));
}

static void read_join(const char *text, features_request *r)
{
    static const char *const names[] = { [VGG_ACROSS_AVG] = "avg", [VGG_ACROSS_MAX] = "max", [VGG_ACROSS_STACK] = "stack" };
    r->join = text;
    for (int i = 0; i < 3; i++)
        if (!strcmp(text, names[i])) {
            r->how.across = (vgg_across)i;
            return;
        }
    exit(cli_fail(EXIT_USAGE, "--join knows avg, max and stack, not '%s'", text));
}

static void read_scales(const char *text, features_request *r)
{
    vgg_protocol protocol;
    nonet_vgg_error err;
    if (vgg_protocol_scales(&protocol, text, 0, &err) != NONET_VGG_OK)
        exit(cli_fail(EXIT_USAGE, "%s", err.text));
    r->how.scales = protocol.scales;
    memcpy(r->how.scale, protocol.scale, sizeof r->how.scale);
}

static void add_model(const char *path, features_request *r)
{
    if (r->models == VGG_MODELS)
        exit(cli_fail(EXIT_USAGE, "--model: no more than %d models", VGG_MODELS));
    r->path[r->models++] = path;
}

static int own_option(int option, features_request *r)
{
    switch (option) {
    case 'o': r->to = optarg; return 1;
    case OPT_LAYER: r->layer = optarg; return 1;
    case OPT_POOL: read_pool(optarg, r); return 1;
    case OPT_SCALES: read_scales(optarg, r); return 1;
    case OPT_JOIN: read_join(optarg, r); return 1;
    case OPT_FLIP: r->how.flip = 1; return 1;
    case OPT_L2: r->how.l2 = 1; return 1;
    case OPT_MEMORY: r->max_memory = (size_t)cli_number("--max-memory", optarg, 1, 1 << 30) * 1000000; return 1;
    case CLI_MODEL: add_model(optarg, r); return 1;
    default: return 0;
    }
}

static void take_option(int option, features_request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s%s", help, cli_model_help, cli_common_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (!own_option(option, r) && !cli_model_option(option, optarg, &r->model) && !cli_common_option(option, optarg, &r->common))
        exit(EXIT_USAGE);
}

/* 1 for an .npy file. What cannot be opened is taken for a picture: its reader says why. So is a pipe: it can be read
 * only once. */
static int is_array(const char *path)
{
    uint8_t start[6];
    struct stat st;
    FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    if (!file)
        return 0;
    size_t got = fread(start, 1, sizeof(start), file);
    fclose(file);
    return vgg_npy_is(start, got);
}

/* What goes together. */
static void check(features_request *r)
{
    if (!r->models || !r->layer || !r->to)
        exit(cli_fail(EXIT_USAGE, "name the model with --model, the layer with --layer and the file to write with -o"));
    if (r->inputs == 0)
        exit(cli_fail(EXIT_USAGE, "of which pictures? Name at least one, or an .npy file"));
    if (!r->pool && (r->join || r->how.flip || r->how.l2 || r->how.scales > 1 || r->models > 1))
        exit(cli_fail(EXIT_USAGE,
                      "--join, --flip, --l2, several scales and several models need --pool: maps are written as they are"));
    cli_no_stream("-o", r->to);
    cli_two_outputs("-o", r->to, "--json", r->common.json);
    cli_keep("-o", r->to, "an input", (const char *const *)r->input, r->inputs);
    cli_keep("-o", r->to, "a model", r->path, r->models);
    cli_keep("--json", r->common.json, "an input", (const char *const *)r->input, r->inputs);
    cli_keep("--json", r->common.json, "a model", r->path, r->models);
    for (int i = 0; i < r->inputs; i++)
        r->array |= is_array(r->input[i]);
    if (r->array && (r->inputs > 1 || r->pool || r->how.scales))
        exit(cli_fail(EXIT_USAGE, "an .npy file is taken alone and as it is: without other inputs, --pool and --scales"));
}

static void parse(int argc, char **argv, features_request *r)
{
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' }, { "layer", required_argument, NULL, OPT_LAYER },
        { "pool", required_argument, NULL, OPT_POOL }, { "scales", required_argument, NULL, OPT_SCALES },
        { "join", required_argument, NULL, OPT_JOIN }, { "flip", no_argument, NULL, OPT_FLIP },
        { "l2", no_argument, NULL, OPT_L2 },
        { "max-memory", required_argument, NULL, OPT_MEMORY }, CLI_MODEL_LONG, CLI_COMMON_LONG, { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
        take_option(option, r);
    r->input = argv + optind;
    r->inputs = argc - optind;
    check(r);
}

/* ---- what it says ---- */

static void json_list(json_out *out, const char *name, const char *const *texts, int count)
{
    json_begin(out, name, '[');
    for (int i = 0; i < count; i++)
        json_text(out, NULL, texts[i]);
    json_end(out, ']');
}

static void json_pooling(json_out *out, const features_job *j)
{
    static const char *const joins[] = { "avg", "max", "stack" };
    json_text(out, "pool", j->how[0].max_pool ? "max" : "avg");
    json_text(out, "join", joins[j->how[0].across]);
    json_whole(out, "flip", j->how[0].flip);
    json_whole(out, "l2", j->how[0].l2);
}

static int write_json(const features_job *j)
{
    json_out out;
    const features_request *r = j->r;
    if (!emit_open(&out, r->common.json))
        return 0;
    json_begin(&out, NULL, '{');
    json_text(&out, "nonet_version", nonet_version());
    json_list(&out, "inputs", (const char *const *)r->input, r->inputs);
    json_list(&out, "models", r->path, r->models);
    json_text(&out, "layer", r->layer);
    json_text(&out, "output", r->to);
    if (r->pool)
        json_pooling(&out, j);
    json_begin(&out, "scales", '[');
    for (int i = 0; i < j->how[0].scales && features_dense(r); i++)
        json_whole(&out, NULL, j->how[0].scale[i]);
    json_end(&out, ']');
    json_begin(&out, "shape", '[');
    for (int i = 0; i < j->ndim; i++)
        json_whole(&out, NULL, j->dim[i]);
    json_end(&out, ']');
    json_end(&out, '}');
    return emit_close(&out);
}

static void tell(const features_job *j)
{
    printf("%s: %s,", j->r->to, j->r->layer);
    for (int i = 0; i < j->ndim; i++)
        printf("%s %lld", i ? " x" : "", (long long)j->dim[i]);
    printf("\n");
}

static int run(features_job *j)
{
    vgg_out out;
    nonet_vgg_error err;
    if (j->r->common.json && !emit_possible(j->r->common.json))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", j->r->common.json, strerror(errno));
    nonet_vgg_status status = vgg_out_open(&out, j->r->to, &err);
    if (status == NONET_VGG_OK) {
        status = features_write(j, &out, &err);
        status = vgg_out_close(&out, status, &err);
    }
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    if (!j->r->common.json || strcmp(j->r->common.json, "-") != 0)
        tell(j);
    if (j->r->common.json && !write_json(j))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", j->r->common.json, strerror(errno));
    return EXIT_SUCCESS;
}

int cmd_features(int argc, char **argv)
{
    features_request r = { 0 };
    features_job j = { .r = &r };
    parse(argc, argv, &r);
    r.common.conv = cli_conv(&r.common);
    int status = features_open(&j);
    if (status == 0)
        status = run(&j);
    features_close(&j);
    return status;
}
