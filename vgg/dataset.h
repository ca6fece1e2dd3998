/* dataset.h - labelled pictures to evaluate on: a folder a class, a folder with a list file, or IDX files (MNIST's format). */
#ifndef NONET_VGG_DATASET_H
#define NONET_VGG_DATASET_H

#include "vgg/localise.h"

/* The classes of the network that is evaluated. names may be NULL. */
typedef struct vgg_classes {
    int count;
    const char *const *names;
} vgg_classes;

/* Pictures in a fixed order: folders and files by their bytes, lists and IDX files as they stand. */
typedef struct vgg_dataset {
    int64_t count;
    int32_t *label;             /* each from 0 to classes - 1 */
    char **name;                /* relative to root, or NULL: an IDX file, whose names are #0, #1 ... */
    char *root;
    uint8_t *pixels;            /* of an IDX file: count x h x w x channels */
    int w, h, channels;
    int64_t room;               /* of label and name */
    vgg_box *box;               /* of a list with boxes: those of picture i are first_box[i] to first_box[i + 1] - 1 */
    int64_t *first_box, boxes, box_room;
} vgg_dataset;

/* path is a folder or an IDX file of pictures. list is NULL, a text file with `name label` lines, or an IDX file of labels (NULL:
 * the name of the pictures' with images-idx3 replaced by labels-idx1). A label is a class's number from 0, its name, or the first
 * word of its name. Without a list the folder has a folder a class; their names are labels, or as many as there are classes.
 * with_boxes: the list has `name label x0 y0 x1 y1` lines, with four numbers for each further box of the class in the picture. */
nonet_vgg_status vgg_dataset_open(vgg_dataset *set, const char *path, const char *list, const vgg_classes *classes,
                                  int with_boxes, nonet_vgg_error *err);
void vgg_dataset_close(vgg_dataset *set);
/* Decodes picture `index`. Any thread. */
nonet_vgg_status vgg_dataset_picture(const vgg_dataset *set, int64_t index, vgg_picture *picture, nonet_vgg_error *err);
/* The picture's name; `room` holds the name of an IDX picture. */
const char *vgg_dataset_name(const vgg_dataset *set, int64_t index, char room[24]);
/* A checksum of all names, labels and boxes, and of an IDX file's pixels. */
uint64_t vgg_dataset_sum(const vgg_dataset *set);

/* For the readers below. The name is copied; NULL for IDX files. */
nonet_vgg_status vgg_dataset_add(vgg_dataset *set, const char *name, int label, nonet_vgg_error *err);
/* The class of this name or number; -1 if there is none, or if several have the name. */
int vgg_classes_find(const vgg_classes *classes, const char *text);
nonet_vgg_status vgg_dataset_folders(vgg_dataset *set, const vgg_classes *classes, nonet_vgg_error *err);
nonet_vgg_status vgg_dataset_list(vgg_dataset *set, const char *list, const vgg_classes *classes, int with_boxes,
                                  nonet_vgg_error *err);
/* Of the picture that is added next. */
nonet_vgg_status vgg_dataset_add_box(vgg_dataset *set, const vgg_box *box, nonet_vgg_error *err);
nonet_vgg_status vgg_dataset_idx(vgg_dataset *set, const char *path, const char *labels, const vgg_classes *classes,
                                 nonet_vgg_error *err);

#endif
