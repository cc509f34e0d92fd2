// Forward and backward of a network on one core, but of no layer whose units see whole maps.
//
// A unit's values for 64 images lie together, as eight vectors of eight images: a weight is loaded
// once and multiplies all of them. So units need not share weights for this to be fast, and both
// kinds of connectivity are one loop. Sums have one order: compiled by one compiler, for one
// instruction set and without -ffast-math (which deletes the rounding in `exponential`), the bytes
// are the same on every CPU that has it.
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8, GROUPS = 8, BLOCK = LANES * GROUPS, KERNEL = 5, TAPS = KERNEL * KERNEL };
enum Kind { CONVOLUTION, SUBSAMPLING, FULL, RBF };
enum Activation { IDENTITY, SCALED_TANH, RELU };
enum Pooling { SUM, ONE, MEAN, MAXIMUM };

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef int32_t integers __attribute__((vector_size(4 * LANES)));

// One unit, or one value of it, for the images of a block.
typedef struct {
    vector group[GROUPS];
} unit;

#define INLINE static inline __attribute__((always_inline))
#define EACH_GROUP for (int g = 0; g < GROUPS; g++)

typedef struct {
    int32_t kind, activation, pooling;
    int32_t in_maps, in_size, out_maps, out_size;  // maps of one unit for layers without maps
    int32_t stride;
    int32_t per_position;   // convolution: 1 where every position has kernels of its own
    const int32_t *row;     // [out_maps + 1]: where an output map's connections start
    const int32_t *source;  // [connections]: the input map of each
    const float *codes;     // RBF: [out_maps, in_maps], +1 and -1
    int64_t weight, bias;   // where they start among the parameters
} Layer;

INLINE vector broadcast(float value) {
    return value - (vector){0};
}

// `a` where the comparison holds, else `b`.
INLINE vector chosen(integers holds, vector a, vector b) {
    return (vector)(((integers)a & holds) | ((integers)b & ~holds));
}

#ifdef __clang__
#define SHUFFLED(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#else  // GCC has that from 12 on
#define SHUFFLED(v, ...) __builtin_shuffle(v, (integers){__VA_ARGS__})
#endif

INLINE float total(vector v) {
    v += SHUFFLED(v, 4, 5, 6, 7, 0, 1, 2, 3);
    v += SHUFFLED(v, 2, 3, 0, 1, 6, 7, 4, 5);
    v += SHUFFLED(v, 1, 0, 3, 2, 5, 4, 7, 6);
    return v[0];
}

// Within 4e-7 of exp(x) for |x| < 3, relatively, and within 4e-6 for |x| < 87; 0 below -88.1. NaN
// stays NaN.
INLINE vector exponential(vector x) {
    vector t = x * 1.44269504f;
    vector high = broadcast(126.f), low = broadcast(-127.f);
    t = chosen(t > high, high, t);
    t = chosen(t < low, low, t);
    vector rounded = t + 12582912.f;  // 1.5 * 2^23: the sum's last bits are the nearest integer
    integers exponent = ((integers)rounded) << 23;
    vector f = t - (rounded - 12582912.f);
    vector p = broadcast(1.5403530e-4f);
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.f;
    return (vector)((integers)p + exponent) + (t - t);
}

// Of a positive number; NaN stays NaN. Another C library's may differ in the last bit.
static double logarithm(double x) {
    double not_finite = x - x;
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (bits >> 52) - 1023;
    bits -= exponent * ((int64_t)1 << 52);
    memcpy(&x, &bits, sizeof x);  // now in [1, 2)
    double s = (x - 1) / (x + 1), z = s * s, sum = 0;
    for (int n = 35; n > 0; n -= 2) sum = sum * z + 1. / n;
    return exponent * 0.69314718055994530942 + 2 * s * sum + not_finite;
}

static double power(double base, int64_t exponent) {
    double product = 1;
    for (; exponent; exponent >>= 1, base *= base)
        if (exponent & 1) product *= base;
    return product;
}

INLINE vector activated(int activation, vector a) {
    if (activation == SCALED_TANH)  // 1.7159 tanh(2/3 a)
        return 1.7159f - (2 * 1.7159f) / (exponential(a * (4.f / 3.f)) + 1.f);
    if (activation == RELU) return chosen(a <= 0, broadcast(0), a);  // NaN stays NaN
    return a;
}

// The derivative, from the activation function's value.
INLINE vector slope(int activation, vector y) {
    if (activation == SCALED_TANH) return 1.7159f * 2 / 3 - (2 / (3 * 1.7159f)) * y * y;
    if (activation == RELU) return chosen(y > 0, broadcast(1), broadcast(0));
    return broadcast(1);
}

static void activate(int activation, unit *units, int64_t number) {
    if (activation == IDENTITY) return;
    for (int64_t i = 0; i < number; i++) EACH_GROUP
        units[i].group[g] = activated(activation, units[i].group[g]);
}

static void deactivate(int activation, const unit *values, unit *gradient, int64_t number) {
    if (activation == IDENTITY) return;
    for (int64_t i = 0; i < number; i++) EACH_GROUP
        gradient[i].group[g] *= slope(activation, values[i].group[g]);
}

INLINE void add(unit *sum, float weight, const unit *value) {
    vector w = broadcast(weight);
    EACH_GROUP sum->group[g] += w * value->group[g];
}

// ---- Convolutions by a table --------------------------------------------------------------

INLINE int64_t kernels_at(const Layer *l, int position) {
    return l->per_position ? (int64_t)position * l->row[l->out_maps] * TAPS : 0;
}

INLINE int64_t biases_at(const Layer *l, int position) {
    return l->per_position ? (int64_t)position * l->out_maps : 0;
}

static void convolve(const Layer *l, const float *parameters, const unit *in, unit *out) {
    int S = l->in_size, W = l->out_size;
    for (int m = 0; m < l->out_maps; m++)
        for (int p = 0; p < W * W; p++) {
            const unit *window = in + (p / W * S + p % W) * l->stride;
            const float *w = parameters + l->weight + kernels_at(l, p);
            unit sum;
            EACH_GROUP sum.group[g] = broadcast(parameters[l->bias + biases_at(l, p) + m]);
            for (int c = l->row[m]; c < l->row[m + 1]; c++) {
                const unit *x = window + l->source[c] * S * S;
                for (int ky = 0; ky < KERNEL; ky++)
                    for (int kx = 0; kx < KERNEL; kx++)
                        add(&sum, w[c * TAPS + ky * KERNEL + kx], x + ky * S + kx);
            }
            out[m * W * W + p] = sum;
        }
}

// Of connection c, `rows` rows of its kernel from row ky on: over the positions from first on.
INLINE void correlate(const Layer *l, int rows, int ky, const unit *x, const unit *gradient,
                      int first, int positions, float *sums) {
    int S = l->in_size, W = l->out_size;
    vector sum[3][KERNEL] = {0};
    for (int p = first; p < first + positions; p++) {
        const unit *window = x + (p / W * S + p % W) * l->stride + ky * S;
        EACH_GROUP for (int r = 0; r < rows; r++) for (int kx = 0; kx < KERNEL; kx++)
            sum[r][kx] += gradient[p].group[g] * window[r * S + kx].group[g];
    }
    for (int r = 0; r < rows; r++)
        for (int kx = 0; kx < KERNEL; kx++) sums[(ky + r) * KERNEL + kx] += total(sum[r][kx]);
}

static void convolve_weights(const Layer *l, const unit *in, const unit *gradient, float *sums) {
    int S = l->in_size, P = l->out_size * l->out_size;
    int step = l->per_position ? 1 : P;
    for (int p = 0; p < P; p += step)
        for (int m = 0; m < l->out_maps; m++) {
            const unit *d = gradient + m * P;
            vector bias = {0};
            for (int q = p; q < p + step; q++) EACH_GROUP bias += d[q].group[g];
            sums[l->bias + biases_at(l, p) + m] += total(bias);
            for (int c = l->row[m]; c < l->row[m + 1]; c++) {
                const unit *x = in + l->source[c] * S * S;
                float *w = sums + l->weight + kernels_at(l, p) + c * TAPS;
                correlate(l, 3, 0, x, d, p, step, w);
                correlate(l, 2, 3, x, d, p, step, w);
            }
        }
}

static void convolve_back(const Layer *l, const float *parameters, const unit *in,
                          const unit *gradient, unit *in_gradient) {
    int S = l->in_size, W = l->out_size, stride = l->stride;
    for (int i = 0; i < l->in_maps; i++)
        for (int y = 0; y < S; y++)
            for (int x = 0; x < S; x++) {
                unit sum = {0};
                for (int m = 0; m < l->out_maps; m++)
                    for (int c = l->row[m]; c < l->row[m + 1]; c++) {
                        if (l->source[c] != i) continue;
                        for (int ky = y % stride; ky < KERNEL; ky += stride) {
                            int py = (y - ky) / stride;
                            if (ky > y || py >= W) continue;
                            for (int kx = x % stride; kx < KERNEL; kx += stride) {
                                int px = (x - kx) / stride;
                                if (kx > x || px >= W) continue;
                                int p = py * W + px;
                                const float *w = parameters + l->weight + kernels_at(l, p);
                                add(&sum, w[c * TAPS + ky * KERNEL + kx],
                                    gradient + m * W * W + p);
                            }
                        }
                    }
                in_gradient[(i * S + y) * S + x] = sum;
            }
}

// ---- Subsampling --------------------------------------------------------------------------

// The largest input of a unit, and which of the four that is, by torch's rule: the first of those
// that are equal, and NaN is larger than every number.
INLINE vector maximum(const unit *x, int size, int g, integers *which) {
    vector most = x->group[g];
    *which = (integers){0};
    for (int i = 1; i < 4; i++) {
        vector each = x[i / 2 * size + i % 2].group[g];
        integers larger = (each > most) | (each != each);
        most = chosen(larger, each, most);
        *which = (larger & i) | (~larger & *which);
    }
    return most;
}

// The first of a unit's inputs; the others are one to the right, and one row below these two.
INLINE const unit *inputs_of(const Layer *l, const unit *in, int m, int p) {
    int S = l->in_size, W = l->out_size, step = S / W;
    return in + (m * S + p / W * step) * S + p % W * step;
}

INLINE vector pool(const Layer *l, const unit *x, int g) {
    int S = l->in_size;
    integers which;
    if (l->pooling == ONE) return x->group[g];
    if (l->pooling == MAXIMUM) return maximum(x, S, g, &which);
    vector sum = x[0].group[g] + x[1].group[g] + x[S].group[g] + x[S + 1].group[g];
    return l->pooling == MEAN ? sum * .25f : sum;
}

static void subsample(const Layer *l, const float *parameters, const unit *in, unit *out) {
    int P = l->out_size * l->out_size, trainable = l->pooling <= ONE;
    for (int m = 0; m < l->out_maps; m++)
        for (int p = 0; p < P; p++) {
            const unit *x = inputs_of(l, in, m, p);
            EACH_GROUP {
                vector value = pool(l, x, g);
                if (trainable) value = value * parameters[l->weight + m] + parameters[l->bias + m];
                out[m * P + p].group[g] = value;
            }
        }
}

static void subsample_weights(const Layer *l, const unit *in, const unit *gradient, float *sums) {
    int P = l->out_size * l->out_size;
    if (l->pooling > ONE) return;
    for (int m = 0; m < l->out_maps; m++) {
        vector coefficient = {0}, bias = {0};
        for (int p = 0; p < P; p++) {
            const unit *x = inputs_of(l, in, m, p);
            EACH_GROUP {
                bias += gradient[m * P + p].group[g];
                coefficient += gradient[m * P + p].group[g] * pool(l, x, g);
            }
        }
        sums[l->weight + m] += total(coefficient);
        sums[l->bias + m] += total(bias);
    }
}

static void subsample_back(const Layer *l, const float *parameters, const unit *in,
                           const unit *gradient, unit *in_gradient) {
    int S = l->in_size, P = l->out_size * l->out_size, inputs = l->pooling == ONE ? 1 : 4;
    for (int m = 0; m < l->out_maps; m++) {
        float weight = l->pooling == MEAN ? .25f : 1.f;
        if (l->pooling <= ONE) weight = parameters[l->weight + m];
        for (int p = 0; p < P; p++) {
            const unit *x = inputs_of(l, in, m, p);
            unit *back = in_gradient + (x - in);
            EACH_GROUP {
                vector d = gradient[m * P + p].group[g] * weight, zero = {0};
                integers which = {0};
                if (l->pooling == MAXIMUM) maximum(x, S, g, &which);
                for (int i = 0; i < inputs; i++)
                    back[i / 2 * S + i % 2].group[g] =
                        l->pooling == MAXIMUM ? chosen(which == i, d, zero) : d;
            }
        }
    }
}

// ---- Full connections ---------------------------------------------------------------------

// out[o] += sum over i of w[o * out_step + i * in_step] * in[i], for `outs` units at once.
INLINE void multiply(int outs, const float *w, int64_t out_step, int64_t in_step, const unit *in,
                     int ins, unit *out) {
    for (int half = 0; half < GROUPS; half += 4) {
        vector sum[3][4];
        for (int o = 0; o < outs; o++)
            for (int g = 0; g < 4; g++) sum[o][g] = out[o].group[half + g];
        for (int i = 0; i < ins; i++)
            for (int o = 0; o < outs; o++) {
                vector weight = broadcast(w[o * out_step + i * in_step]);
                for (int g = 0; g < 4; g++) sum[o][g] += weight * in[i].group[half + g];
            }
        for (int o = 0; o < outs; o++)
            for (int g = 0; g < 4; g++) out[o].group[half + g] = sum[o][g];
    }
}

static void product(const float *w, int64_t out_step, int64_t in_step, const unit *in, int ins,
                    unit *out, int outs) {
    int o = 0;
    for (; o + 3 <= outs; o += 3)
        multiply(3, w + o * out_step, out_step, in_step, in, ins, out + o);
    for (; o < outs; o++) multiply(1, w + o * out_step, out_step, in_step, in, ins, out + o);
}

INLINE int64_t units_before(const Layer *l) {
    return (int64_t)l->in_maps * l->in_size * l->in_size;
}

INLINE int64_t units_of(const Layer *l) {
    return (int64_t)l->out_maps * l->out_size * l->out_size;
}

static void connect(const Layer *l, const float *parameters, const unit *in, unit *out) {
    int ins = units_before(l), outs = units_of(l);
    for (int o = 0; o < outs; o++) EACH_GROUP
        out[o].group[g] = broadcast(parameters[l->bias + o]);
    product(parameters + l->weight, ins, 1, in, ins, out, outs);
}

// The weights from four units to `outs` others.
INLINE void outer(int outs, int ins, const unit *in, const unit *gradient, float *sums,
                  int64_t step) {
    vector sum[3][4] = {0};
    EACH_GROUP for (int o = 0; o < outs; o++) for (int i = 0; i < ins; i++)
        sum[o][i] += gradient[o].group[g] * in[i].group[g];
    for (int o = 0; o < outs; o++)
        for (int i = 0; i < ins; i++) sums[o * step + i] += total(sum[o][i]);
}

static void connect_weights(const Layer *l, const unit *in, const unit *gradient, float *sums) {
    int ins = units_before(l), outs = units_of(l), o = 0;
    float *w = sums + l->weight;
    for (; o + 3 <= outs; o += 3) {
        int i = 0;
        for (; i + 4 <= ins; i += 4)
            outer(3, 4, in + i, gradient + o, w + (int64_t)o * ins + i, ins);
        for (; i < ins; i++) outer(3, 1, in + i, gradient + o, w + (int64_t)o * ins + i, ins);
    }
    for (; o < outs; o++)
        for (int i = 0; i < ins; i++) outer(1, 1, in + i, gradient + o, w + (int64_t)o * ins + i, ins);
    for (o = 0; o < outs; o++) {
        vector bias = {0};
        EACH_GROUP bias += gradient[o].group[g];
        sums[l->bias + o] += total(bias);
    }
}

static void connect_back(const Layer *l, const float *parameters, const unit *in,
                         const unit *gradient, unit *in_gradient) {
    int ins = units_before(l), outs = units_of(l);
    memset(in_gradient, 0, sizeof(unit) * ins);
    product(parameters + l->weight, 1, ins, gradient, outs, in_gradient, ins);
}

// Minus the squared distance to each code (eq. 7).
static void distances(const Layer *l, const float *parameters, const unit *in, unit *out) {
    for (int c = 0; c < l->out_maps; c++) {
        unit sum = {0};
        for (int i = 0; i < l->in_maps; i++) EACH_GROUP {
            vector difference = in[i].group[g] - l->codes[c * l->in_maps + i];
            sum.group[g] -= difference * difference;
        }
        out[c] = sum;
    }
}

static void distances_back(const Layer *l, const float *parameters, const unit *in,
                           const unit *gradient, unit *in_gradient) {
    for (int i = 0; i < l->in_maps; i++) {
        unit sum = {0};
        for (int c = 0; c < l->out_maps; c++) EACH_GROUP
            sum.group[g] += gradient[c].group[g] * (l->codes[c * l->in_maps + i] - in[i].group[g]);
        EACH_GROUP in_gradient[i].group[g] = 2 * sum.group[g];
    }
}

// ---- Criterion ----------------------------------------------------------------------------

// Cross-entropy, summed over images; with `map`, eq. 9: an eleventh class always scores -j. The
// gradient of the mean over `batch` images replaces the scores.
static double criterion(unit *scores, int classes, const int64_t *labels, int images, int batch,
                        int map, float j) {
    double loss = 0;
    EACH_GROUP {
        vector most = map ? broadcast(-j) : scores[0].group[g];
        for (int c = 0; c < classes; c++)
            most = chosen(scores[c].group[g] > most, scores[c].group[g], most);
        vector sum = map ? exponential(-j - most) : (vector){0};
        for (int c = 0; c < classes; c++) sum += exponential(scores[c].group[g] - most);
        for (int i = 0; i < LANES; i++) {
            int at = g * LANES + i;
            if (at < images)
                loss += logarithm(sum[i]) + most[i] - scores[labels[at]].group[g][i];
        }
        for (int c = 0; c < classes; c++) {
            vector share = exponential(scores[c].group[g] - most) / sum;
            for (int i = 0; i < LANES; i++) {
                int at = g * LANES + i;
                share[i] = at < images ? (share[i] - (labels[at] == c)) / batch : 0;
            }
            scores[c].group[g] = share;
        }
    }
    return loss;
}

// ---- A batch ------------------------------------------------------------------------------

// The central field of uint8 images [images, frame, frame], as grey levels (II.B); the last
// image fills what is left of the block.
static void encode(const uint8_t *pixels, int images, int frame, int field, unit *out) {
    int margin = (frame - field) / 2;
    for (int i = 0; i < BLOCK; i++) {
        int64_t image = i < images ? i : images - 1;
        const uint8_t *corner = pixels + (image * frame + margin) * frame + margin;
        for (int y = 0; y < field; y++)
            for (int x = 0; x < field; x++)
                out[y * field + x].group[i / LANES][i % LANES] =
                    corner[y * frame + x] * (1.275f / 255) - .1f;
    }
}

static const struct {
    void (*forward)(const Layer *, const float *parameters, const unit *in, unit *out);
    // Adds to the gradient of the parameters.
    void (*weights)(const Layer *, const unit *in, const unit *gradient, float *sums);
    void (*backward)(const Layer *, const float *parameters, const unit *in, const unit *gradient,
                     unit *in_gradient);
} operations[] = {
    [CONVOLUTION] = {convolve, convolve_weights, convolve_back},
    [SUBSAMPLING] = {subsample, subsample_weights, subsample_back},
    [FULL] = {connect, connect_weights, connect_back},
    [RBF] = {distances, NULL, distances_back},
};

// How many units the largest layer has, the image included.
static int64_t most_units(const Layer *layers, int number) {
    int64_t most = units_before(layers);
    for (int n = 0; n < number; n++)
        if (units_of(layers + n) > most) most = units_of(layers + n);
    return most;
}

// Bytes of the workspace that a network needs: the gradients of two layers, and all units.
int64_t workspace_bytes(const Layer *layers, int number) {
    int64_t units = 2 * most_units(layers, number) + units_before(layers);
    for (int n = 0; n < number; n++) units += units_of(layers + n);
    return units * sizeof(unit);
}

// Scores [batch, classes] of a batch, and with labels the mean loss of its images and the gradient
// of that.
void run_batch(const Layer *layers, int number, const float *parameters, int64_t num_parameters,
               const uint8_t *pixels, int batch, int frame, int field, const int64_t *labels,
               int map, float j, unit *workspace, float *scores, float *loss, float *gradient) {
    int classes = layers[number - 1].out_maps;
    int64_t most = most_units(layers, number);
    unit *here = workspace, *before = here + most, *image = before + most;
    double losses = 0;
    if (labels) memset(gradient, 0, sizeof(float) * num_parameters);
    for (int done = 0; done < batch; done += BLOCK) {
        int images = batch - done < BLOCK ? batch - done : BLOCK;
        unit *out = image;
        encode(pixels + (int64_t)done * frame * frame, images, frame, field, image);
        for (const Layer *l = layers; l < layers + number; l++) {
            const unit *in = out;
            out += units_before(l);
            operations[l->kind].forward(l, parameters, in, out);
            activate(l->activation, out, units_of(l));
        }
        for (int i = 0; i < images; i++)
            for (int c = 0; c < classes; c++)
                scores[(done + i) * classes + c] = out[c].group[i / LANES][i % LANES];
        if (!labels) continue;
        memcpy(here, out, sizeof(unit) * classes);
        losses += criterion(here, classes, labels + done, images, batch, map, j);
        for (int n = number - 1; n >= 0; n--) {
            const Layer *l = layers + n;
            unit *in = out - units_before(l), *other = here;
            deactivate(l->activation, out, here, units_of(l));
            if (operations[l->kind].weights) operations[l->kind].weights(l, in, here, gradient);
            if (n) operations[l->kind].backward(l, parameters, in, here, before);
            here = before, before = other, out = in;
        }
    }
    if (labels) *loss = (float)(losses / batch);
}

// One step of Adam (Kingma and Ba 2015); `step` counts from 1, `mean` and `square` are its moments.
void adam(float *parameters, const float *gradient, float *mean, float *square, int64_t number,
          double rate, int64_t step) {
    float scale = (float)(rate / (1 - power(.9, step))), correction = (float)(1 - power(.999, step));
    for (int64_t i = 0; i < number; i++) {
        mean[i] = .9f * mean[i] + .1f * gradient[i];
        square[i] = .999f * square[i] + .001f * gradient[i] * gradient[i];
        parameters[i] -= scale * mean[i] / (sqrtf(square[i] / correction) + 1e-8f);
    }
}

// How many images a vector holds; 0 where this CPU or compiler computes something else.
int lanes(void) {
    vector one = exponential((vector){0}), e = exponential(broadcast(1.f));
    return total(one) == LANES && fabsf(e[LANES - 1] - 2.7182818f) < 1e-5f ? LANES : 0;
}
