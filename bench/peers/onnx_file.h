/* onnx_file.h - a network as an ONNX file. */
#ifndef NONET_BENCH_PEERS_ONNX_FILE_H
#define NONET_BENCH_PEERS_ONNX_FILE_H

#include <stdio.h>
#include "bench/peers/peers.h"

/* Writes the network, weights included (input "x", output "y", opset 13). 0 and errno when it cannot; EFBIG for what the format's
 * 2 GB do not hold. */
int onnx_file_write(const peer_net *net, FILE *file);

#endif
