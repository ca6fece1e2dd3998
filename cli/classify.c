/* classify.c - `nonet classify`: the likeliest classes of pictures, and where in them they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/emit.h"
#include "cli/localise.h"
#include "vgg/dataset.h"
#include "vgg/labels.h"

static const char help[] =
    "Usage: nonet classify PICTURE... --model FILE [OPTION...]\n"
    "Names the likeliest classes of each picture (JPEG, PNG, PPM, PGM), with their probabilities (soft-max) in per cent.\n"
    "The picture is resized (antialiased bilinear) so that its short side is 256/224 of the input's, or the input's when that\n"
    "is below 64 pixels; the centre is cut out. An orientation in its EXIF data is not applied.\n\n"
    "  --model FILE      .safetensors, .pth, .onnx, .caffemodel or .nonet, told by its content\n"
    "  --top N           classes to show, 1 to 1000000 (default 5; no more than there are)\n"
    "  --class NAME      show this class, a name or a number from 0, instead of the likeliest ones\n"
    "  --verify          check every byte of a .nonet file with packed weights first (others always are)\n"
    "  --labels FILE     names of the classes, one a line (default: the model's own, else ImageNet's if there are 1000)\n";
static const char help_end[] =
    "\nErrors: a picture that cannot be read is one sentence; the others are still classified, and the exit status is 1. So it\n"
    "is for a model or labels that cannot be used; for a wrong option it is 2.\n"
    "Several models: --net, --preprocess, --mean and --std are for each; labels are the first one's.\n"
    "Boxes are x0,y0,x1,y1 in pixels of the picture, (0, 0) its upper left corner; docs/PAPER.md tells how they come about.\n"
    "Example: nonet classify cat.jpg dog.png --model vgg16.nonet --top 3\n";

enum { OPT_TOP = CLI_OWN, OPT_LABELS, OPT_CLASS };
enum { LARGEST_TOP = 1000000, SHOWN_BY_DEFAULT = 5 };

typedef struct request {
    int pictures, top;
    char **path;
    const char *labels, *only;  /* only: --class */
    cli_common common;
    cli_model model;
    cli_protocol protocol;
    cli_localise localise;
} request;

/* Open networks with all that one picture after another needs. */
typedef struct classifier {
    vgg_evaluator *evaluator;
    vgg_localiser *localiser;   /* or NULL */
    nonet_vgg_info info;        /* of the first */
    int top;                    /* at most info.out_c */
    int only;                   /* the class that is asked for, or -1 */
    float *scores;              /* posteriors */
    size_t announced;           /* bytes that have been told */
    int *order;                 /* classes, likeliest first */
    vgg_found *found;           /* boxes of the top classes */
    char **read_labels;         /* from --labels, or NULL */
    int read_count;
    const char *const *labels;  /* out_c names, or NULL */
} classifier;

static void take_option(int option, request *r)
{
    if (option == CLI_HELP) {
        printf("%s%s%s%s%s%s", help, cli_protocol_help, cli_localise_help, cli_model_help, cli_common_help, help_end);
        exit(EXIT_SUCCESS);
    }
    if (option == OPT_TOP)
        r->top = (int)cli_number("--top", optarg, 1, LARGEST_TOP);
    else if (option == OPT_LABELS)
        r->labels = optarg;
    else if (option == OPT_CLASS)
        r->only = optarg;
    else if (!cli_protocol_option(option, optarg, &r->protocol) && !cli_model_option(option, optarg, &r->model) &&
             !cli_localise_option(option, optarg, &r->localise) && !cli_common_option(option, optarg, &r->common))
        exit(EXIT_USAGE);
}

static void parse(int argc, char **argv, request *r)
{
    static const struct option options[] = {
        {"top", required_argument, NULL, OPT_TOP}, {"labels", required_argument, NULL, OPT_LABELS},
        {"class", required_argument, NULL, OPT_CLASS}, CLI_MODEL_LONG, CLI_PROTOCOL_LONG, CLI_LOCALISE_LONG, CLI_COMMON_LONG,
        {NULL, 0, NULL, 0},
    };
    int option;
    r->top = SHOWN_BY_DEFAULT;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(option, r);
    r->path = argv + optind;
    r->pictures = argc - optind;
    if (r->pictures == 0)
        exit(cli_fail(EXIT_USAGE, "which pictures? Name at least one"));
    cli_localise_check(&r->localise);
    cli_keep("--json", r->common.json, "a picture", (const char *const *)r->path, r->pictures);
    cli_keep("--json", r->common.json, "a model", r->protocol.model, r->protocol.models);
    cli_keep("--json", r->common.json, "a network of boxes", r->localise.net, r->localise.nets);
    cli_keep("--json", r->common.json, "the labels", &r->labels, 1);
}

/* ---- the classifier ---- */

static int choose_labels(classifier *c, const char *path)
{
    nonet_vgg_error err;
    c->labels = c->info.labels ? c->info.labels : c->info.out_c == VGG_IMAGENET_CLASSES ? vgg_labels_imagenet : NULL;
    if (!path)
        return 0;
    nonet_vgg_status status = vgg_labels_read(&c->read_labels, &c->read_count, path, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    if (c->read_count != c->info.out_c)
        return cli_fail(EXIT_DATA, "%s: has %d names, but the network has %d classes", path, c->read_count, c->info.out_c);
    c->labels = (const char *const *)c->read_labels;
    return 0;
}

static int choose_class(classifier *c, const char *text)
{
    const vgg_classes classes = {.count = c->info.out_c, .names = c->labels};
    c->only = text ? vgg_classes_find(&classes, text) : -1;
    if (text && c->only < 0)
        return cli_fail(EXIT_USAGE, "--class: '%.80s' is not one class of the network's %d, by name or number from 0", text,
                        classes.count);
    return 0;
}

static int open_networks(classifier *c, request *r)
{
    r->common.conv = cli_conv(&r->common);
    r->protocol.dense = r->localise.wanted && cli_box_protocol(&r->localise, &r->protocol) == VGG_DENSE;
    int fault = cli_evaluator_open(&c->evaluator, &r->protocol, &r->model, &r->common.conv, 0);
    if (fault || !r->localise.wanted)
        return fault;
    return cli_localiser_open(&c->localiser, c->evaluator, &r->localise, &r->protocol, &r->model, &r->common.conv);
}

static int classifier_open(classifier *c, request *r)
{
    int fault = open_networks(c, r);
    if (fault)
        return fault;
    c->info = *vgg_evaluator_info(c->evaluator, 0);
    fault = choose_labels(c, r->labels);
    if (fault == 0)
        fault = choose_class(c, r->only);
    if (fault)
        return fault;
    c->top = c->only >= 0 ? 1 : r->top < c->info.out_c ? r->top : c->info.out_c;
    c->scores = malloc((size_t)c->info.out_c * sizeof(float));
    c->order = malloc((size_t)c->info.out_c * sizeof(int));
    c->found = malloc((size_t)c->top * sizeof *c->found);
    return c->scores && c->order && c->found ? 0 : cli_fail(EXIT_DATA, "no memory for the scores");
}

static void classifier_close(classifier *c)
{
    free(c->scores);
    free(c->order);
    free(c->found);
    vgg_labels_free(c->read_labels, c->read_count);
    vgg_localiser_close(c->localiser);
    vgg_evaluator_close(c->evaluator);
}

/* Higher scores first, then lower numbers; what is not a number last. */
static int by_score(const void *a, const void *b, void *context)
{
    const float *scores = context;
    int i = *(const int *)a, j = *(const int *)b;
    if (scores[i] > scores[j] || (scores[i] == scores[i] && scores[j] != scores[j]))
        return -1;
    if (scores[i] < scores[j] || (scores[i] != scores[i] && scores[j] == scores[j]))
        return 1;
    return i - j;
}

static void put_in_order(classifier *c)
{
    for (int i = 0; i < c->info.out_c; i++)
        c->order[i] = i;
    qsort_r(c->order, (size_t)c->info.out_c, sizeof(int), by_score, c->scores);
    if (c->only >= 0)
        c->order[0] = c->only;
}

/* What a picture will take, before anything is allocated, if it is more than was told before; in a pipe --max-memory alone
 * speaks. */
static void announce(classifier *c, const vgg_picture *picture, const char *path)
{
    size_t bytes;
    if (isatty(STDERR_FILENO) && vgg_evaluator_announce(c->evaluator, picture->w, picture->h, &bytes, NULL) == NONET_VGG_OK &&
        bytes > c->announced) {
        cli_fail(0, "%s (%d x %d): %.0f MB of memory", path, picture->w, picture->h, (double)bytes / 1e6);
        c->announced = bytes;
    }
}

static nonet_vgg_status run(classifier *c, const vgg_picture *picture, nonet_vgg_error *err)
{
    nonet_vgg_status status = vgg_evaluator_run(c->evaluator, picture, 1, c->scores, err);
    if (status == NONET_VGG_OK)
        status = vgg_check_scores(c->scores, c->info.out_c, err);
    if (status == NONET_VGG_OK)
        put_in_order(c);
    if (status == NONET_VGG_OK && c->localiser)
        status = vgg_localiser_run(c->localiser, picture, c->order, c->top, c->found, err);
    return status;
}

/* Fills scores, order and boxes, and tells the picture's size. */
static nonet_vgg_status classify(classifier *c, const char *path, int size[2], nonet_vgg_error *err)
{
    vgg_picture picture;
    nonet_vgg_status status = vgg_picture_open(&picture, path, err);
    size[0] = picture.w;
    size[1] = picture.h;
    if (status == NONET_VGG_OK) {
        announce(c, &picture, path);
        status = vgg_picture_blame(run(c, &picture, err), path, err);
    }
    vgg_picture_clear(&picture);
    return status;
}

/* ---- what it says ---- */

static void print_box(const vgg_found *found)
{
    if (found->of)
        printf("  at %.1f,%.1f,%.1f,%.1f", found->box.x0, found->box.y0, found->box.x1, found->box.y1);
    else
        printf("  nowhere");
}

static void print_table(const classifier *c, const char *path)
{
    char last[16];
    int width = snprintf(last, sizeof(last), "%d", c->info.out_c - 1);
    int ranks = snprintf(last, sizeof(last), "%d", c->top);
    printf("%s\n", path);
    for (int i = 0; i < c->top; i++) {
        int k = c->order[i];
        printf("  %*d  %6.2f %%  class %*d", ranks, i + 1, 100.0 * (double)c->scores[k], width, k);
        if (c->localiser)
            print_box(&c->found[i]);
        printf("%s%s\n", c->labels ? "  " : "", c->labels ? c->labels[k] : "");
    }
}

static void json_box(json_out *out, const vgg_found *found)
{
    const double edges[4] = {found->box.x0, found->box.y0, found->box.x1, found->box.y1};
    if (found->of) {
        json_begin(out, "box", '[');
        for (int i = 0; i < 4; i++)
            json_real(out, NULL, edges[i]);
        json_end(out, ']');
    }
    json_real(out, "rating", found->rating);
    json_whole(out, "merged", found->merged);
    json_whole(out, "predictions", found->of);
}

static void json_classes(json_out *out, const classifier *c)
{
    json_begin(out, "top", '[');
    for (int i = 0; i < c->top; i++) {
        int k = c->order[i];
        json_begin(out, NULL, '{');
        json_whole(out, "class", k);
        if (c->labels)
            json_text(out, "label", c->labels[k]);
        json_real(out, "probability", (double)c->scores[k]);
        if (c->localiser)
            json_box(out, &c->found[i]);
        json_end(out, '}');
    }
    json_end(out, ']');
}

static void json_picture(json_out *out, const classifier *c, const char *path, const int size[2], const char *fault)
{
    json_begin(out, NULL, '{');
    json_text(out, "picture", path);
    if (fault) {
        json_text(out, "error", fault);
    } else {
        json_whole(out, "width", size[0]);
        json_whole(out, "height", size[1]);
        json_classes(out, c);
    }
    json_end(out, '}');
}

static void json_protocol(json_out *out, const request *r)
{
    const vgg_protocol *p = &r->protocol.protocol;
    json_text(out, "model", r->protocol.model[0]);
    if (r->protocol.models > 1) {
        json_begin(out, "models", '[');
        for (int i = 0; i < r->protocol.models; i++)
            json_text(out, NULL, r->protocol.model[i]);
        json_end(out, ']');
    }
    json_text(out, "task", r->localise.wanted ? "localise" : "classify");
    if (r->localise.wanted) {
        json_begin(out, "boxes", '[');
        for (int i = 0; i < r->localise.nets; i++)
            json_text(out, NULL, r->localise.net[i]);
        json_end(out, ']');
        json_text(out, "box_protocol", vgg_protocol_name(cli_box_protocol(&r->localise, &r->protocol)));
    }
    json_text(out, "protocol", vgg_protocol_name(p->kind));
    json_whole(out, "flip", p->flip);
    json_begin(out, "scales", '[');
    for (int i = 0; i < p->scales; i++)
        json_whole(out, NULL, p->scale[i]);
    json_end(out, ']');
}

static void json_head(json_out *out, const classifier *c, const request *r)
{
    json_begin(out, NULL, '{');
    json_text(out, "nonet_version", nonet_version());
    json_protocol(out, r);
    json_text(out, "net", c->info.name);
    json_text(out, "preprocess", vgg_prepare_name(r->model.kind_set ? r->model.kind : c->info.kind));
    json_whole(out, "classes", c->info.out_c);
    json_begin(out, "pictures", '[');
}

/* All pictures; an unreadable one is told on standard error and makes the exit status 1. */
static int classify_all(classifier *c, const request *r, json_out *json)
{
    int exit_status = EXIT_SUCCESS, table = !json || strcmp(r->common.json, "-") != 0;
    for (int i = 0; i < r->pictures; i++) {
        nonet_vgg_error err;
        int size[2];
        nonet_vgg_status status = classify(c, r->path[i], size, &err);
        if (status != NONET_VGG_OK)
            exit_status = cli_fail(EXIT_DATA, "%s", err.text);
        else if (table)
            print_table(c, r->path[i]);
        if (json)
            json_picture(json, c, r->path[i], size, status == NONET_VGG_OK ? NULL : err.text);
    }
    return exit_status;
}

static int classify_to_json(classifier *c, const request *r)
{
    json_out out;
    if (!emit_open(&out, r->common.json))
        return cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
    json_head(&out, c, r);
    int status = classify_all(c, r, &out);
    json_end(&out, ']');
    json_end(&out, '}');
    return emit_close(&out) ? status : cli_fail(EXIT_DATA, "cannot write %s: %s", r->common.json, strerror(errno));
}

int cmd_classify(int argc, char **argv)
{
    request r = {0};
    classifier c = {0};
    parse(argc, argv, &r);
    int status = classifier_open(&c, &r);
    if (status == 0)
        status = r.common.json ? classify_to_json(&c, &r) : classify_all(&c, &r, NULL);
    classifier_close(&c);
    return status;
}
