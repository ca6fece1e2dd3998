/* vgg.c MODEL PICTURE.pgm - opens a model of one channel, gives it a grey picture of its size, prints the likeliest classes.
 * cc vgg.c -lnonet -lm -o vgg; ./vgg data/fashion_vgg.nonet data/sample_00_label_9.pgm */
#include <nonet_vgg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A binary PGM of this size, prepared as the model says: (v/255 - mean)/std. NULL if the file is another. */
static float *picture(const char *path, const nonet_vgg_info *info)
{
    FILE *file = fopen(path, "rb");
    size_t pixels = (size_t)info->h * (size_t)info->w;
    float *x = malloc(pixels * sizeof *x);
    int w = 0, h = 0, good = file && x && fscanf(file, "P5 %d %d 255", &w, &h) == 2 && fgetc(file) != EOF;

    good = good && w == info->w && h == info->h;
    for (size_t i = 0; good && i < pixels; i++) {
        int v = fgetc(file);
        good = v != EOF;
        x[i] = ((float)v / 255 - info->mean[0]) / info->std[0];
    }
    if (file)
        fclose(file);
    if (good)
        return x;
    free(x);
    return NULL;
}

/* The three largest scores; the soft-max of all gives their probabilities. */
static void print_top(const nonet_vgg_info *info, float *scores)
{
    double sum = 0;

    for (int k = 0; k < info->out_c; k++)
        sum += info->ends_in_softmax ? scores[k] : exp(scores[k]);
    for (int place = 0; place < 3 && place < info->out_c; place++) {
        int best = 0;
        for (int k = 1; k < info->out_c; k++)
            best = scores[k] > scores[best] ? k : best;
        printf("%6.2f %%  class %d  %s\n", 100 * (info->ends_in_softmax ? scores[best] : exp(scores[best])) / sum, best,
               info->labels ? info->labels[best] : "");
        scores[best] = -INFINITY;
    }
}

int main(int argc, char **argv)
{
    nonet_vgg_options options = { .batch = 1 };
    nonet_vgg_error err;
    nonet_vgg_info info;
    nonet_vgg *net;

    if (argc != 3) {
        fprintf(stderr, "usage: vgg MODEL PICTURE.pgm\n");
        return 2;
    }
    if (nonet_vgg_open(&net, argv[1], &options, &err) != NONET_VGG_OK) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    nonet_vgg_query(net, &info);
    float *x = info.c == 1 ? picture(argv[2], &info) : NULL, *scores = malloc((size_t)info.out_c * sizeof *scores);
    int status = EXIT_FAILURE;
    if (!x || !scores)
        fprintf(stderr, "%s: not a grey picture of %d x %d for a network of one channel\n", argv[2], info.w, info.h);
    else if (nonet_vgg_forward(net, x, scores, NULL, &err) != NONET_VGG_OK)
        fprintf(stderr, "%s\n", err.text);
    else {
        print_top(&info, scores);
        status = EXIT_SUCCESS;
    }
    free(x);
    free(scores);
    nonet_vgg_close(net);
    return status;
}
