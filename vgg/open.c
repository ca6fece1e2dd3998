/* open.c - which of the formats a file is, told from its bytes alone. */
#include <string.h>

#include "vgg/model.h"
#include "vgg/nets.h"

typedef enum file_format {
    FORMAT_UNKNOWN, FORMAT_NONET, FORMAT_SAFETENSORS, FORMAT_TORCH, FORMAT_ONNX, FORMAT_CAFFE, FORMAT_HDF5
} file_format;

typedef struct byte_range { const unsigned char *at, *end; } byte_range;

/* A protobuf varint of at most ten bytes; 0 when it is cut off or too long. */
static int varint(byte_range *in, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        *value |= (uint64_t)(byte & 0x7f) << (shift < 64 ? shift : 63);
        if (byte < 0x80)
            return 1;
    }
    return 0;
}

static int skip(byte_range *in, uint64_t bytes)
{
    if (bytes > (uint64_t)(in->end - in->at))
        return 0;
    in->at += bytes;
    return 1;
}

static int skip_value(byte_range *in, unsigned wire)
{
    uint64_t v;
    switch (wire) {
    case 0:
        return varint(in, &v);
    case 1:
        return skip(in, 8);
    case 2:
        return varint(in, &v) && skip(in, v);
    case 5:
        return skip(in, 4);
    default:    /* groups (3, 4) stand in neither schema */
        return 0;
    }
}

/* Both schemas at their top level; wire 0 is a number, wire 2 a string or message.
 *   field   ONNX ModelProto          Caffe NetParameter
 *     1     ir_version (0)           name (2)
 *     2     producer_name (2)        layers, the old kind (2)
 *     7     graph (2)                debug_info (0)
 *   100     -                        layer (2)
 * A walk over the top level touches one page for each field. It stops where the file stops making sense: a file that was cut off
 * is still known by its beginning, and the reader says then where it was cut. */
static file_format sniff_protobuf(const unsigned char *data, size_t size)
{
    byte_range in = {data, data + size};
    int onnx = 0, caffe = 0, layers = 0;
    for (int n = 0; n < 4096; n++) {
        uint64_t key;
        if (!varint(&in, &key) || key >> 3 == 0 || key >> 3 > 536870911)
            break;
        unsigned wire = key & 7;
        uint64_t field = key >> 3;
        onnx += (field == 1 && wire == 0) || (field == 7 && wire == 2);
        caffe += (field == 1 && wire == 2) || (field == 100 && wire == 2);
        layers += (field == 2 || field == 100) && wire == 2;
        if (!skip_value(&in, wire))
            break;
    }
    if (onnx)   /* a number in field 1 alone is weak: text that starts with a backspace has it too */
        return caffe || (onnx < 2 && !layers) ? FORMAT_UNKNOWN : FORMAT_ONNX;
    return layers ? FORMAT_CAFFE : FORMAT_UNKNOWN;
}

static int is_safetensors(const unsigned char *data, size_t size)
{
    if (size < 9 || data[8] != '{')
        return 0;
    /* The header's length is little endian and at most 100 MB: its upper four bytes are zero. */
    return data[7] == 0 && data[6] == 0 && data[5] == 0 && data[4] == 0 && data[3] < 6;
}

static file_format sniff(const unsigned char *data, size_t size)
{
    if (size >= 8 && memcmp(data, "NONET\0\r\n", 8) == 0)
        return FORMAT_NONET;
    if (size >= 4 && memcmp(data, "PK\3\4", 4) == 0)
        return FORMAT_TORCH;
    if (size >= 3 && data[0] == 0x80 && data[1] >= 2 && data[1] <= 5 && (data[2] == 0x8a || data[2] == 0x95))
        return FORMAT_TORCH;
    if (size >= 8 && memcmp(data, "\x89HDF\r\n\x1a\n", 8) == 0)
        return FORMAT_HDF5;
    if (is_safetensors(data, size))
        return FORMAT_SAFETENSORS;
    return sniff_protobuf(data, size);
}

static nonet_vgg_status read_mapped(vgg_model *model, const char *net, nonet_vgg_error *err)
{
    switch (sniff(model->map, model->map_size)) {
    case FORMAT_NONET:
        return vgg_read_nonet(model, err);
    case FORMAT_SAFETENSORS:
        return vgg_read_safetensors(model, net, err);
    case FORMAT_TORCH:
        return vgg_read_torch(model, net, err);
    case FORMAT_ONNX:
        return vgg_read_onnx(model, err);
    case FORMAT_CAFFE:
        return vgg_read_caffe(model, err);
    case FORMAT_HDF5:
        return vgg_fail(err, NONET_VGG_UNSUPPORTED, "%s: this is an HDF5 (Keras) file; convert it to ONNX or safetensors first",
                        model->path);
    default:
        return vgg_fail(err, NONET_VGG_BAD_FILE,
                        "%s: neither .safetensors nor .pth, .onnx, .caffemodel or .nonet by its content", model->path);
    }
}

nonet_vgg_status vgg_model_open(vgg_model *model, const char *path, const char *net, nonet_vgg_error *err)
{
    memset(model, 0, sizeof *model);
    if (net && !vgg_net_find(net))
        return vgg_fail(err, NONET_VGG_USAGE, "no network is called '%s'; the names are %s", net, VGG_NET_NAMES);
    nonet_vgg_status status = vgg_model_map(model, path, err);
    if (status == NONET_VGG_OK)
        status = read_mapped(model, net, err);
    if (status == NONET_VGG_OK && net && !vgg_net_matches(model, vgg_net_find(net)))
        status = vgg_fail(err, NONET_VGG_USAGE, "%s: its convolutions are not those of %s", model->path, net);
    if (status != NONET_VGG_OK)
        vgg_model_clear(model);
    return status;
}
