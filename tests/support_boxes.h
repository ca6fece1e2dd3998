/* support_boxes.h - networks made by hand for localisation: layers filled with chosen or random numbers, and a pair that finds a
 * bright square. */
#ifndef NONET_TESTS_SUPPORT_BOXES_H
#define NONET_TESTS_SUPPORT_BOXES_H

#include "cli/sweep.h"
#include "vgg/model.h"
#include "vgg/picture.h"

/* A layer with k outputs, c inputs and r x r taps, all zero, at the end of the model, which owns its numbers. */
vgg_layer *boxes_add_layer(vgg_model *m, vgg_layer_type type, int k, int c, int r, int pad);
float *boxes_weight(const vgg_layer *l);
float *boxes_bias(const vgg_layer *l);
void boxes_randomise(vgg_layer *l, float size, sweep_random *random);
/* Writes the model into a new file of P_tmpdir, whose name goes into path (64 bytes), and clears it. */
void boxes_write_model(vgg_model *m, char *path);

/* The side of the input, of the square in it and of the cells that the networks see; and how many of these make up a side. */
enum { EYE = 32, SQUARE = 8, CELL = 4, CELLS = EYE / CELL };

/* Class 1 is a square of which more than three quarters are seen. */
vgg_model boxes_square_classes(void);
/* Its centre is the mean of where its cells are: linear, because their number is known. per_class: class 0 is all of the crop.
 * unit: what the numbers are in, 1 for fractions of the crop, EYE for pixels. */
vgg_model boxes_square_boxes(int per_class, float unit);
/* Black but for the square, whose corner is at (x, y). */
vgg_picture boxes_square_picture(int w, int h, int x, int y);
/* For scripts: classes.nonet, boxes.nonet (4 numbers), boxes8.nonet (4 a class); list: ten pictures larger than the input; small:
 * four of its size. Returns the exit status. */
int boxes_write_files(const char *folder);

#endif
