/* find.h - adapters as files: what stands between a name on the command line and a shared object. */
#ifndef NONET_BENCH_PEERS_FIND_H
#define NONET_BENCH_PEERS_FIND_H

#include <limits.h>

#define PEER_SUFFIX ".peer.so"

/* Adapters lie in peers/ beside the command, or where `make install` puts them. 0 when there is neither. */
int peers_folder(char folder[PATH_MAX]);
/* The adapter that serves a name: ONNX Runtime's in node where there is none by its C interface. NULL if none was built. */
const char *peers_adapter(const char *folder, const char *name);
/* Whether a list is "all". */
int peers_all(const char *list);

#endif
