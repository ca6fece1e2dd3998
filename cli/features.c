/* features.c - `nonet features`: the map after a layer, as an .npy file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/emit.h"
#include "cli/model.h"
#include "vgg/npy.h"

static const char help[] =
    "Usage: nonet features PICTURE|ARRAY.npy --model FILE --layer NAME -o OUT.npy [OPTION...]\n"
    "Runs a network up to a layer and writes the map after it (its ReLU included) as float32, 1 x channels x height x width.\n"
    "A picture (JPEG, PNG, PPM, PGM) is prepared as for classify. An .npy file (float32, C order, C x H x W or 1 x C x H x W)\n"
    "is taken as it is: already prepared, and its height and width are the network's input. OUT.npy appears whole or not at\n"
    "all.\n\n"
    "  --model FILE      .safetensors, .pth, .onnx, .caffemodel or .nonet, told by its content\n"
    "  --layer NAME      conv3_2, pool4, fc6, ...: as `nonet bench --model FILE` lists them\n"
    "  -o, --output FILE the .npy file to write; a file of this name is replaced\n";
static const char help_end[] =
    "\nErrors: what cannot be read or written is exit status 1; a wrong option, or a layer that is not there, is 2.\n"
    "Example: nonet features cat.jpg --model vgg16.pth --layer conv2_2 -o conv2_2.npy\n";

enum { OPT_LAYER = CLI_OWN };
enum { LARGEST_SIDE = 1 << 16 };

typedef struct request {
    const char *input, *layer, *to;
    cli_common common;
    cli_model model;
} request;

static void take_option(int option, request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s%s", help, cli_model_help, cli_common_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (option == 'o')
        r->to = optarg;
    else if (option == OPT_LAYER)
        r->layer = optarg;
    else if (!cli_model_option(option, optarg, &r->model) && !cli_common_option(option, optarg, &r->common))
        exit(EXIT_USAGE);
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"layer", required_argument, NULL, OPT_LAYER}, CLI_MODEL_LONG, CLI_COMMON_LONG,
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
        take_option(option, r);
    if (optind + 1 != argc)
        exit(cli_fail(EXIT_USAGE, "name one picture or .npy file, not %d", argc - optind));
    if (!r->model.path || !r->layer || !r->to)
        exit(cli_fail(EXIT_USAGE, "name the model with --model, the layer with --layer and the file to write with -o"));
    r->input = argv[optind];
}

/* 1 for an .npy file. What cannot be opened is taken for a picture: its reader says why. */
static int is_array(const char *path)
{
    uint8_t start[6];
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    size_t got = fread(start, 1, sizeof(start), file);
    fclose(file);
    return vgg_npy_is(start, got);
}

/* Checks that the array is one image and that the sides can be a network's. */
static int check_array(const vgg_npy *array, const char *path)
{
    const int64_t *d = array->dim + (array->ndim == 4);
    if (array->ndim < 3 || (array->ndim == 4 && array->dim[0] != 1))
        return cli_fail(EXIT_DATA, "%s: its shape is neither C x H x W nor 1 x C x H x W", path);
    if (d[1] > LARGEST_SIDE || d[2] > LARGEST_SIDE)
        return cli_fail(EXIT_DATA, "%s: its height or width is above %d", path, LARGEST_SIDE);
    return 0;
}

static int open_with_array(nonet_vgg **net, float **src, const request *r)
{
    vgg_npy array;
    nonet_vgg_error err;
    nonet_vgg_info info;
    nonet_vgg_status status = vgg_npy_read(&array, r->input, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    const int64_t *d = array.dim + (array.ndim == 4);
    int fault = check_array(&array, r->input);
    if (!fault)
        fault = cli_model_open(net, &r->model, &r->common.conv, (int)d[1], (int)d[2], r->layer);
    if (!fault) {
        nonet_vgg_query(*net, &info);
        if (d[0] != info.c)
            fault = cli_fail(EXIT_DATA, "%s: has %lld channels, but the network takes %d", r->input, (long long)d[0], info.c);
    }
    if (fault)
        vgg_npy_clear(&array);
    *src = array.data;
    return fault;
}

static int prepare_picture(const char *path, const vgg_prepare *how, float *src)
{
    vgg_picture picture;
    nonet_vgg_error err;
    nonet_vgg_status status = vgg_picture_open(&picture, path, &err);
    if (status == NONET_VGG_OK)
        status = vgg_prepare_picture(how, &picture, src, &err);
    vgg_picture_clear(&picture);
    return status == NONET_VGG_OK ? 0 : cli_fail(cli_exit_of(status), "%s", err.text);
}

static int open_with_picture(nonet_vgg **net, float **src, const request *r)
{
    nonet_vgg_info info;
    cli_preparation prepared;
    int fault = cli_model_open(net, &r->model, &r->common.conv, 0, 0, r->layer);
    if (fault)
        return fault;
    nonet_vgg_query(*net, &info);
    fault = cli_prepare(&prepared, &r->model, &info);
    if (fault)
        return fault;
    *src = malloc((size_t)info.c * (size_t)info.h * (size_t)info.w * sizeof(float));
    if (!*src)
        return cli_fail(EXIT_DATA, "no memory for the input");
    return prepare_picture(r->input, &prepared.how, *src);
}

static int write_json(const request *r, const nonet_vgg_info *info)
{
    json_out out;
    const int dims[] = {1, info->out_c, info->out_h, info->out_w};
    if (!json_open(&out, r->common.json))
        return 0;
    json_begin(&out, NULL, '{');
    json_text(&out, "nonet_version", nonet_version());
    json_text(&out, "input", r->input);
    json_text(&out, "model", r->model.path);
    json_text(&out, "layer", r->layer);
    json_text(&out, "output", r->to);
    json_begin(&out, "shape", '[');
    for (int i = 0; i < 4; i++)
        json_whole(&out, NULL, dims[i]);
    json_end(&out, ']');
    json_end(&out, '}');
    return json_close(&out);
}

static int run(nonet_vgg *net, const float *src, const request *r)
{
    nonet_vgg_info info;
    nonet_vgg_error err;
    nonet_vgg_query(net, &info);
    const int64_t dim[4] = {1, info.out_c, info.out_h, info.out_w};
    float *dst = malloc((size_t)info.out_c * (size_t)info.out_h * (size_t)info.out_w * sizeof(float));
    if (!dst)
        return cli_fail(EXIT_DATA, "no memory for the map of %s", r->layer);
    nonet_vgg_status status = nonet_vgg_forward(net, src, dst, NULL, &err);
    if (status == NONET_VGG_OK)
        status = vgg_npy_write(r->to, 4, dim, dst, &err);
    free(dst);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    if (!r->common.json || strcmp(r->common.json, "-") != 0)
        printf("%s: %s, 1 x %d x %d x %d\n", r->to, r->layer, info.out_c, info.out_h, info.out_w);
    if (r->common.json && !write_json(r, &info))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
    return EXIT_SUCCESS;
}

int cmd_features(int argc, char **argv)
{
    request r = {0};
    nonet_vgg *net = NULL;
    float *src = NULL;
    parse(argc, argv, &r);
    int status = is_array(r.input) ? open_with_array(&net, &src, &r) : open_with_picture(&net, &src, &r);
    if (status == 0)
        status = run(net, src, &r);
    free(src);
    nonet_vgg_close(net);
    return status;
}
