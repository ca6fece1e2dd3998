/* pickle_objects.h - what the stack machine of pickle.c makes its values with. */
#ifndef NONET_VGG_PICKLE_OBJECTS_H
#define NONET_VGG_PICKLE_OBJECTS_H

#include "vgg/pickle.h"

/* Sets p->error and returns 0. */
int vgg_pickle_fail(pickle *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
pickle_items *vgg_pickle_new_items(pickle *p);
int vgg_pickle_append(pickle *p, pickle_items *items, const pickle_value *from, size_t count);

/* module.name -> a CLASS; refuses what is not known, by its name. */
int vgg_pickle_class(pickle *p, pickle_bytes module, pickle_bytes name, pickle_value *out);
/* class(*args), for the classes above. */
int vgg_pickle_call(pickle *p, const pickle_value *callee, const pickle_value *args, pickle_value *out);
/* object.__setstate__(state): fills an empty tensor, and is of no interest otherwise (a dict's _metadata). */
int vgg_pickle_build(pickle *p, pickle_value *object, const pickle_value *state);
/* ('storage', class, key, location, count[, view]) -> a STORAGE. */
int vgg_pickle_persistent(pickle *p, const pickle_value *id, pickle_value *out);

#endif
