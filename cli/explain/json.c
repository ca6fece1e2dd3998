/* json.c - the figures of the page as JSON. */
#include "bench/emit.h"
#include "cli/explain/explain.h"
#include "vgg/preprocess.h"

static void put_class(json_out *out, const explanation *x, const explain_class *class)
{
    json_begin(out, NULL, '{');
    json_whole(out, "class", class->number);
    if (*class->label)
        json_text(out, "label", class->label);
    json_real(out, "centre", (double)class->centre);
    json_real(out, "dense", (double)class->dense);
    json_begin(out, "map", '[');
    for (int i = 0; i < x->map_h * x->map_w; i++)
        json_real(out, NULL, (double)class->map[i]);
    json_end(out, ']');
    json_end(out, '}');
}

static void put_classes(json_out *out, const explanation *x)
{
    json_begin(out, "seen", '[');
    json_whole(out, NULL, x->seen.w);
    json_whole(out, NULL, x->seen.h);
    json_end(out, ']');
    json_whole(out, "map_rows", x->map_h);
    json_whole(out, "map_columns", x->map_w);
    json_real(out, "first_row", x->down.first);
    json_real(out, "first_column", x->across.first);
    json_real(out, "step", x->across.step);
    json_begin(out, "top", '[');
    for (int i = 0; i < x->tops; i++)
        put_class(out, x, &x->top[i]);
    json_end(out, ']');
}

static void put_layer(json_out *out, const explanation *x)
{
    json_text(out, "layer", x->layer);
    json_begin(out, "layer_shape", '[');
    json_whole(out, NULL, x->channels);
    json_whole(out, NULL, x->layer_h);
    json_whole(out, NULL, x->layer_w);
    json_end(out, ']');
    json_whole(out, "silent_channels", x->silent);
    json_begin(out, "channels", '[');
    for (int i = 0; i < x->tiles; i++) {
        json_begin(out, NULL, '{');
        json_whole(out, "channel", x->tile[i].channel);
        json_real(out, "mean", x->tile[i].mean);
        json_real(out, "low", (double)x->tile[i].low);
        json_real(out, "high", (double)x->tile[i].high);
        json_end(out, '}');
    }
    json_end(out, ']');
}

static void put_times(json_out *out, const explanation *x)
{
    json_begin(out, "layers", '[');
    for (int i = 0; i < x->times.count; i++) {
        json_begin(out, NULL, '{');
        json_text(out, "name", x->times.rows[i].name);
        json_real(out, "seconds", x->times.rows[i].median);
        json_end(out, '}');
    }
    json_end(out, ']');
}

int explain_json(const explanation *x, const explain_request *r)
{
    json_out out;
    if (!emit_open(&out, r->common.json))
        return 0;
    json_begin(&out, NULL, '{');
    json_text(&out, "nonet_version", nonet_version());
    json_text(&out, "picture", r->picture);
    json_text(&out, "model", r->model.path);
    json_text(&out, "net", x->net);
    json_text(&out, "preprocess", vgg_prepare_name(x->prepared.how.kind));
    json_text(&out, "isa", x->times.isa);
    json_whole(&out, "threads", x->times.threads);
    put_classes(&out, x);
    put_layer(&out, x);
    put_times(&out, x);
    json_end(&out, '}');
    return emit_close(&out);
}
