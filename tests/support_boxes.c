/* support_boxes.c - see support_boxes.h. */
#include "tests/support_boxes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/support.h"

/* ---- layers ---- */

vgg_layer *boxes_add_layer(vgg_model *m, vgg_layer_type type, int k, int c, int r, int pad)
{
    vgg_layer *l = vgg_model_add(m, type, "");
    size_t fan_in = (size_t)c * (size_t)r * (size_t)r;
    float *weight = vgg_model_alloc(m, (size_t)k * fan_in * sizeof *weight), *bias = vgg_model_alloc(m, (size_t)k * sizeof *bias);

    snprintf(l->name, sizeof l->name, "layer%d", m->count);
    l->k = k;
    l->c = c;
    l->r = l->s = r;
    l->stride = 1;
    l->pad = pad;
    memset(weight, 0, (size_t)k * fan_in * sizeof *weight);
    memset(bias, 0, (size_t)k * sizeof *bias);
    l->weight = weight;
    l->bias = bias;
    return l;
}

float *boxes_weight(const vgg_layer *l)
{
    return (float *)(uintptr_t)l->weight;
}

float *boxes_bias(const vgg_layer *l)
{
    return (float *)(uintptr_t)l->bias;
}

void boxes_randomise(vgg_layer *l, float size, sweep_random *random)
{
    int fan_in = l->c * l->r * l->s;

    for (int i = 0; i < l->k * fan_in; i++)
        boxes_weight(l)[i] = size * sweep_uniform(random) * sqrtf(6.0f / (float)fan_in);
    for (int i = 0; i < l->k; i++)
        boxes_bias(l)[i] = size * sweep_uniform(random) * 0.2f;
}

static void write_to(vgg_model *m, const char *path)
{
    nonet_vgg_error err = { "" };

    support_need(vgg_write_nonet(m, NULL, 0, path, &err) == NONET_VGG_OK, "%s", err.text);
    vgg_model_clear(m);
}

void boxes_write_model(vgg_model *m, char *path)
{
    int file = mkstemp(strcpy(path, P_tmpdir "/nonet-localise-XXXXXX"));

    support_need(file >= 0, "no temporary file");
    close(file);
    write_to(m, path);
}

/* ---- a bright square ---- */

/* Two convolutions that change nothing, with pools: each cell of 4 x 4 pixels as one number. */
static vgg_model cells_of_picture(void)
{
    vgg_model m = { .c = 1, .h = EYE, .w = EYE, .kind = NONET_VGG_GREY, .std = { 1, 1, 1, 1 } };

    for (int i = 0; i < 2; i++) {
        boxes_weight(boxes_add_layer(&m, VGG_CONV, 1, 1, 3, 1))[4] = 1;
        vgg_model_add(&m, VGG_RELU, "relu");
        vgg_model_add(&m, VGG_MAXPOOL, "pool");
    }
    vgg_model_add(&m, VGG_FLATTEN, "flatten");
    return m;
}

vgg_model boxes_square_classes(void)
{
    vgg_model m = cells_of_picture();
    vgg_layer *fc = boxes_add_layer(&m, VGG_FC, 2, CELLS * CELLS, 1, 0);

    for (int i = 0; i < CELLS * CELLS; i++)
        boxes_weight(fc)[CELLS * CELLS + i] = 5;
    boxes_bias(fc)[1] = -15;
    return m;
}

vgg_model boxes_square_boxes(int per_class, float unit)
{
    vgg_model m = cells_of_picture();
    vgg_layer *fc = boxes_add_layer(&m, VGG_FC, per_class ? 8 : 4, CELLS * CELLS, 1, 0);
    float *weight = boxes_weight(fc) + (per_class ? 4 * CELLS * CELLS : 0), *bias = boxes_bias(fc) + (per_class ? 4 : 0);

    for (int i = 0; i < CELLS * CELLS; i++) {
        const float share = unit * CELL * CELL / (float)(EYE * SQUARE * SQUARE);
        weight[i] = ((float)(i % CELLS) + 0.5f) * CELL * share;
        weight[CELLS * CELLS + i] = ((float)(i / CELLS) + 0.5f) * CELL * share;
    }
    bias[2] = bias[3] = unit * SQUARE / (float)EYE;
    for (int i = 0; per_class && i < 4; i++)
        boxes_bias(fc)[i] = i < 2 ? unit / 2 : unit;
    return m;
}

vgg_picture boxes_square_picture(int w, int h, int x, int y)
{
    vgg_picture p = { w, h, 1, calloc((size_t)(w * h), 1) };

    for (int i = 0; i < SQUARE * SQUARE; i++)
        p.pixels[(y + i / SQUARE) * w + x + i % SQUARE] = 255;
    return p;
}

/* ---- files ---- */

static FILE *create(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        exit(EXIT_FAILURE);
    return file;
}

/* A picture with a square at (x, y), and its line in the list. */
static void write_square(const char *folder, const char *name, int w, int h, int x, int y, FILE *list)
{
    vgg_picture p = boxes_square_picture(w, h, x, y);
    FILE *file = create(folder, name);

    fprintf(file, "P5\n%d %d\n255\n", w, h);
    fwrite(p.pixels, 1, (size_t)(w * h), file);
    fclose(file);
    fprintf(list, "%s 1 %d %d %d %d\n", name, x, y, x + SQUARE, y + SQUARE);
    vgg_picture_clear(&p);
}

int boxes_write_files(const char *folder)
{
    char path[512], name[32];
    const char *const names[] = { "classes.nonet", "boxes.nonet", "boxes8.nonet" };

    for (int i = 0; i < 3; i++) {
        vgg_model m = i == 0 ? boxes_square_classes() : boxes_square_boxes(i == 2, 1);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        write_to(&m, path);
    }
    FILE *list = create(folder, "list"), *small = create(folder, "small");
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "square%d.pgm", i);
        write_square(folder, name, 96, 64, 12 + 8 * i, 4 + 20 * i % 52 / CELL * CELL, list);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "small%d.pgm", i);
        write_square(folder, name, EYE, EYE, 4 + 4 * i, 20 - 4 * i, small);
    }
    return fclose(list) || fclose(small) ? EXIT_FAILURE : EXIT_SUCCESS;
}
