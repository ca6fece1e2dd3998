/* reference.h - the oracle: what every result is compared with.
 *
 * Naive loops in double over plain arrays (NCHW, OIHW), written to be read, not to be fast. Nothing here includes or shares a
 * line with the library; tests and `nonet verify` are its only users. */
#ifndef REFERENCE_H
#define REFERENCE_H

/* out[n][k][y][x] = bias[k] + sum over c,i,j of w[k][c][i][j] * x[n][c][y*stride+i-pad][x*stride+j-pad], zeros outside x.
 * size[n][k][y][x], unless it is NULL, gets |bias[k]| + sum of |w||x|: what rounding errors are measured in.
 * bias may be NULL. h+2*pad >= r, w+2*pad >= s. */
typedef struct reference_conv {
    int n, c, h, w, k, r, s, stride, pad;
} reference_conv;
int reference_out(int size, int kernel, int stride, int pad);   /* one side of the output */
void reference_convolve(const reference_conv *shape, const float *x, const float *weight, const float *bias, double *out,
                        double *size);

/* out[n][k] = bias[k] + sum over c of w[k][c] * x[n][c], and size as above. */
void reference_fc(int n, int c, int k, const float *x, const float *weight, const float *bias, double *out, double *size);

/* In place: negative values become 0; NaN stays. */
void reference_relu(long count, double *x);

/* 2x2 stride-2 max pool of `maps` maps. ceil: a last odd row or column has a window of its own; else it is dropped. */
void reference_maxpool(int maps, int h, int w, int ceil, const double *x, double *out);

/* Mean over bins: bin i of o covers [floor(i*size/o), ceil((i+1)*size/o)) of each side. */
void reference_avgpool(int maps, int h, int w, int oh, int ow, const double *x, double *out);

/* x / (k + alpha * sum of x^2 over `size` channels around it)^beta. */
typedef struct reference_lrn {
    int n, c, h, w, size;
    double alpha, beta, k;
} reference_lrn;
void reference_normalise(const reference_lrn *shape, const double *x, double *out);

/* exp(x) / sum of exp, row by row. */
void reference_softmax(int rows, int classes, const double *x, double *out);

/* Winograd F(m x m, 3x3), m = 2, 4 or 6, from its points: m+1 finite ones and infinity. With a = m+2 and alpha_i the points:
 *   at[i][j] = alpha_j^i, and at[m-1][a-1] = 1;  g[j][i] = alpha_j^i / f_j with f_j the product of (alpha_j - alpha_l), l != j,
 *   and g[a-1] = 0 0 1;  bt[j] = coefficients of the product of (x - alpha_l), l != j; bt[a-1] of the product over all l.
 * so that the 1-D convolution is at * ((g w) . (bt d)). Rows of g and bt are then multiplied by scale_g[j] and scale_bt[j], and
 * column j of at divided by both. */
enum { REFERENCE_SIDE = 8, REFERENCE_POINTS = 64 };   /* of the largest tile */
typedef struct reference_winograd {
    int m, a;
    double at[6][8], g[8][3], bt[8][8];
} reference_winograd;
void reference_winograd_make(reference_winograd *wino, int m, const double *points, const double *scale_g,
                             const double *scale_bt);
/* The two directions of a tile may differ: the first argument is for the columns (down), the second for the rows (across).
 * u[a][a'] = g w g', of one 3x3 filter; v[a][a'] = bt d bt', of one a x a' tile; y[m][m'] = at p at', of one a x a' product. */
void reference_winograd_filter(const reference_winograd *down, const reference_winograd *across, const double *w, double *u);
void reference_winograd_input(const reference_winograd *down, const reference_winograd *across, const double *d, double *v);
void reference_winograd_output(const reference_winograd *down, const reference_winograd *across, const double *p, double *y);
/* The matrices' absolute values. */
void reference_winograd_absolute(reference_winograd *absolute, const reference_winograd *wino);
/* What rounding errors of a Winograd convolution (3x3, stride 1) are measured in, whatever the data: for each output
 * |bias| + |at| * (sum over c of (|g| |w| |g'|) . (|bt| |x| |bt'|)) * |at'|, over its tile. The last tile of a row or column has
 * the matrices of `last` if there are any and they suffice for what is left. 0, or -1 without memory. */
int reference_winograd_sizes(const reference_winograd *wino, const reference_winograd *last, const reference_conv *shape,
                             const float *x, const float *weight, const float *bias, double *size);

#endif
