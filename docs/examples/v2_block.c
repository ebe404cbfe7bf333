/* One block of MobileNetV2 in integers, for one image: expand, depthwise, project, add.  It knows nothing
   but the headers that `npmobilenet vectors` wrote, and writes words for `npmobilenet vectors check`:

       cc -I golden v2_block.c -o v2_block && mkdir theirs && ./v2_block theirs */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "blocks.3.expand/layer.h"
#include "blocks.3.depthwise/layer.h"
#include "blocks.3.project/layer.h"
#include "blocks.3.add/layer.h"

typedef struct { /* one convolution */
    int height, width, ins, rows, columns, outs, ky, kx, stride, top, left, zero, pad, y_zero, low, high;
    const int8_t *weight;
    const int32_t *bias, *multiplier, *shift;
} Layer;
#define LAYER(L) (Layer){L##_y, L##_x, L##_c, L##_out_y, L##_out_x, L##_out_c, L##_ky, L##_kx, \
    L##_stride_y, L##_pad_top, L##_pad_left, L##_input_zero, L##_pad_value, L##_output_zero, L##_low, \
    L##_high, L##_weight, L##_bias, L##_multiplier, L##_shift}

static const char *folder;

static void save(const char *name, const void *words, int count, int bytes) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.hex", folder, name);
    FILE *file = fopen(path, "w");
    for (int k = 0; file && k < count; k++)
        fprintf(file, "%0*x\n", 2 * bytes, bytes == 1 ? ((const uint8_t *)words)[k] : ((const uint32_t *)words)[k]);
    if (!file || fclose(file)) { perror(path); exit(1); }
}

static int32_t scaled(int32_t total, int32_t multiplier, int32_t shift) { /* rounded twice */
    int64_t high = ((int64_t)total * (1 << (shift < 0 ? -shift : 0)) * multiplier + (1LL << 30)) >> 31;
    return shift > 0 ? (high + (1LL << (shift - 1)) - (high < 0)) >> shift : high;
}

static int8_t stored(int32_t value, int zero, int low, int high) {
    value += zero;
    return value < low ? low : value > high ? high : value;
}

static void convolve(Layer a, int depthwise, const int8_t *x, int32_t *sums, int8_t *y) {
    for (int i = 0; i < a.rows; i++) for (int j = 0; j < a.columns; j++) for (int o = 0; o < a.outs; o++) {
        int32_t total = a.bias[o];
        for (int u = 0; u < a.ky; u++) for (int v = 0; v < a.kx; v++)
            for (int m = depthwise ? o : 0; m < (depthwise ? o + 1 : a.ins); m++) {
                int row = i * a.stride + u - a.top, column = j * a.stride + v - a.left;
                int inside = row >= 0 && row < a.height && column >= 0 && column < a.width;
                int tap = depthwise ? (u * a.kx + v) * a.outs + o : ((u * a.kx + v) * a.ins + m) * a.outs + o;
                total += ((inside ? x[(row * a.width + column) * a.ins + m] : a.pad) - a.zero) * a.weight[tap];
            }
        int at = (i * a.columns + j) * a.outs + o;
        sums[at] = total;
        y[at] = stored(scaled(total, a.multiplier[o], a.shift[o]), a.y_zero, a.low, a.high);
    }
}

#define SIZE(L) (L##_out_y * L##_out_x * L##_out_c)
#define SAVE(L, name) save(name ".accumulators", L##_sums, SIZE(L), 4), save(name ".output", L##_made, SIZE(L), 1)
#define MEMORY(L) static int32_t L##_sums[SIZE(L)]; static int8_t L##_made[SIZE(L)]
#define CONVOLUTION(L, name, depthwise, x) \
    MEMORY(L); convolve(LAYER(L), depthwise, x, L##_sums, L##_made); SAVE(L, name)

int main(int count, char **words) {
    if (count != 2) { fprintf(stderr, "usage: v2_block FOLDER\n"); return 2; }
    folder = words[1];
    CONVOLUTION(blocks_3_expand, "blocks.3.expand", 0, blocks_3_expand_input);
    CONVOLUTION(blocks_3_depthwise, "blocks.3.depthwise", 1, blocks_3_expand_made);
    CONVOLUTION(blocks_3_project, "blocks.3.project", 0, blocks_3_depthwise_made);
    MEMORY(blocks_3_add);
    const int32_t *by = blocks_3_add_operand_multiplier, *shift = blocks_3_add_operand_shift;
    for (int k = 0; k < SIZE(blocks_3_add); k++) {
        int32_t a = blocks_3_add_input[k] - blocks_3_add_input_zero;
        int32_t b = blocks_3_project_made[k] - blocks_3_add_input_2_zero;
        int32_t total = scaled(a * (1 << 20), by[0], shift[0]) + scaled(b * (1 << 20), by[1], shift[1]);
        blocks_3_add_sums[k] = total;
        blocks_3_add_made[k] = stored(scaled(total, blocks_3_add_multiplier[0], blocks_3_add_shift[0]),
                                      blocks_3_add_output_zero, blocks_3_add_low, blocks_3_add_high);
    }
    SAVE(blocks_3_add, "blocks.3.add");
    return 0;
}
