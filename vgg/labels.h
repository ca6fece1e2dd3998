/* labels.h - names of classes. */
#ifndef NONET_VGG_LABELS_H
#define NONET_VGG_LABELS_H

#include "vgg/model.h"

enum { VGG_IMAGENET_CLASSES = 1000 };
/* ILSVRC-2012's classes in the order of their synsets, which is that of every published VGG. */
extern const char *const vgg_labels_imagenet[VGG_IMAGENET_CLASSES];

/* Reads a text file (UTF-8, one name a line; empty lines at its end do not count) into *count strings. *labels is given back by
 * vgg_labels_free, which takes NULL. */
nonet_vgg_status vgg_labels_read(char ***labels, int *count, const char *path, nonet_vgg_error *err);
void vgg_labels_free(char **labels, int count);

#endif
