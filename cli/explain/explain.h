/* explain.h - what `nonet explain` finds out about one picture, and the page that shows it. */
#ifndef NONET_CLI_EXPLAIN_H
#define NONET_CLI_EXPLAIN_H

#include "bench/markup.h"
#include "bench/results.h"
#include "cli/layers.h"

enum { EXPLAIN_TOP = 5, EXPLAIN_TILES = 64, EXPLAIN_TILE_SIDE = 128 };

typedef struct explain_request {
    const char *picture, *layer, *labels, *to;
    int dense_size;             /* 0: explain_dense_size */
    int repetitions;            /* 0: as many as half a second takes, within bounds */
    size_t max_memory;
    cli_common common;
    cli_model model;
} explain_request;

/* Where the positions of a map lie in the picture, along one side: the middle of what the first one sees, and the step. */
typedef struct explain_axis { double first, step; } explain_axis;

typedef struct explain_class {
    int number;
    char label[128];            /* "" if it has no name */
    float centre, dense;        /* posteriors: of the centre crop, and of the whole picture's averaged scores */
    float *map;                 /* posteriors, one a position */
    float most;                 /* of the map, and where it is */
    int at;
} explain_class;

typedef struct explain_tile {
    int channel;
    double mean;
    float low, high;            /* what is black and what is white */
    vgg_picture picture;        /* grey */
} explain_tile;

/* Start with zeros; explain_free gives everything back. */
typedef struct explanation {
    vgg_picture whole;          /* as it was read, with the channels that the network takes */
    vgg_picture seen;           /* resized, as the dense network saw it */
    /* explain_classes: */
    char net[64];
    cli_preparation prepared;   /* h, w: the size that the network was trained on */
    int classes, side;          /* side: the smaller one of `seen` */
    int map_h, map_w, view_h, view_w;   /* positions of the class map, and what each of them sees */
    explain_axis down, across;
    explain_class top[EXPLAIN_TOP];
    int tops;
    size_t memory;
    results times;              /* a row a layer; texts belong to names */
    int repetitions;
    char (*names)[VGG_NAME];
    /* explain_layer: */
    char layer[VGG_NAME];
    int channels, layer_h, layer_w, silent; /* silent: channels that are zero everywhere */
    explain_tile tile[EXPLAIN_TILES];
    int tiles;
} explanation;

/* 384 for a network of 224, twice the side for one below 64. */
int explain_dense_size(int h, int w);
/* Opens the network, runs it at its own size for classes and times, and over the whole picture for the map. 0, or the exit status
 * after a sentence; so is the next. */
int explain_classes(explanation *x, const explain_request *r);
/* Opens the network up to a layer and runs it over the same picture. */
int explain_layer(explanation *x, const explain_request *r);
void explain_page(markup *m, const explanation *x, const explain_request *r);
/* Writes r->common.json; 0 if that fails, with errno. */
int explain_json(const explanation *x, const explain_request *r);
void explain_free(explanation *x);

/* The page's parts. */
void explain_draw_classes(markup *m, const explanation *x);
void explain_draw_map(markup *m, const explanation *x);
void explain_draw_tiles(markup *m, const explanation *x);
extern const char explain_style[];
/* What a class is called on the page: its label, or its number. text: at least 160 bytes. */
const char *explain_name(const explain_class *class, char *text);
/* "12.34 %". text: at least 32 bytes. */
const char *explain_percent(float posterior, char *text);

#endif
