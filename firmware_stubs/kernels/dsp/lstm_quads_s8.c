/* lstm_quads_s8.c - the four gates of a unit at a time.
 *
 * weights, of each unit: its gates' rows for the input, then those for the hidden values, each as
 * fully_connected_quads_s8.c draws four outputs. bias, of each unit: of its four gates for the input, then
 * for the hidden values, zero points folded in.
 */
#include "ek_dsp_four_sums.h"
#include "ek_kernels_dsp.h"
#include "ek_lstm.h"

void ek_lstm_quads_s8__dsp(const ek_lstm_s8_t *p, const int8_t *input, int8_t *hidden,
                           int16_t *cell, const ek_requant_t *q, const uint16_t table[256],
                           const int8_t *weights, const int32_t *bias, int8_t *output)
{
    ek_lstm_by_units(p, ek_dsp_four_sums, input, hidden, cell, q, table, weights, bias, output);
}
