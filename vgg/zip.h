/* zip.h - the directory of a zip archive in memory: enough to use members where they lie. Members that are compressed are
 * unpacked by libzip. */
#ifndef NONET_VGG_ZIP_H
#define NONET_VGG_ZIP_H

#include "vgg/model.h"

typedef struct vgg_zip {
    vgg_model *model;           /* the mapped archive; owns what is unpacked */
    const unsigned char *next;  /* rest of the directory */
    const unsigned char *directory, *end;
    uint64_t unpacked;          /* bytes so far */
} vgg_zip;

typedef struct vgg_zip_member {
    const char *name;           /* in the map, not terminated */
    size_t name_length;
    unsigned flags, method;     /* 0: stored */
    uint64_t packed, size;      /* bytes in the archive and unpacked */
    uint64_t header;            /* place of the local header */
} vgg_zip_member;

nonet_vgg_status vgg_zip_open(vgg_zip *zip, vgg_model *model, nonet_vgg_error *err);
/* The members in order; 0 behind the last. The directory was checked by vgg_zip_open. */
int vgg_zip_next(vgg_zip *zip, vgg_zip_member *member);
/* 0 when there is none of this name. */
int vgg_zip_find(vgg_zip *zip, const char *name, vgg_zip_member *member);
/* Points *data to member->size bytes in the map (any alignment), or unpacked into memory of the model's. */
nonet_vgg_status vgg_zip_data(vgg_zip *zip, const vgg_zip_member *member, const void **data, nonet_vgg_error *err);

#endif
