/* ek_mve_b1.h - how the `mve` kernels on packed signs add up tables.
 *
 * The twelve fields of two words x and z, lowest bit first; a table of each:
 *
 *   x: 0-4  16-20  5-9  21-25    z: 0-4  16-20  5-9  21-25    x: 10-15  26-31    z: 10-15  26-31
 *
 * A half-word's fields are masked together, five bits at 8 to 12 and six at 7 to 12, and added to the
 * tables' address. Row n of the eight tables of five bits has their entries n, 32 bytes each; so has
 * row n of the four of six bits, which lie behind.
 *
 * Counts of up to 15 fit a nibble, so that up to three entries are added. Byte sums S of those nibbles
 * are right modulo 256, and VQDMLAH adds the upper nibbles alone to O in one instruction; S - 16 O is
 * the sum of lower ones. Bytes are added to half-words in the same way. That instruction takes nibbles
 * as signed: the first entry of every sum but the first is 8 too low, which leaves O 32 too low.
 */
#ifndef EK_MVE_B1_H
#define EK_MVE_B1_H

#include "ek_b1.h"
#include "ek_kernels_mve_b1.h"
#include "ek_mve.h"

#if defined(__ARM_FEATURE_MVE)

/* A byte in all lanes, which stays in its register: compilers make another one for each use. */
static inline uint8x16_t ek_mve_bytes(uint8_t x)
{
    uint8x16_t v;
    __asm__("vdup.8 %q0, %1" : "=w"(v) : "r"(x));
    return v;
}

/* Keeps a product from being contracted with the sum that follows. */
static inline float32x4_t ek_mve_rounded(float32x4_t v)
{
    __asm__("" : "+w"(v));
    return v;
}

/* Four vectors, `step` bytes apart. */
#define ek_mve_put4(to, a, b, c, d, step)                                                    \
    do {                                                                                     \
        uint8_t *to_ = (to);                                                                 \
        __asm__ volatile("vstrw.32 %q1, [%0], %5\n\t"                                        \
                         "vstrw.32 %q2, [%0], %5\n\t"                                        \
                         "vstrw.32 %q3, [%0], %5\n\t"                                        \
                         "vstrw.32 %q4, [%0]"                                                \
                         : "+r"(to_)                                                         \
                         : "w"(a), "w"(b), "w"(c), "w"(d), "i"(step)                         \
                         : "memory");                                                        \
    } while (0)

/* The same lines for both rows of channels, or for one: S in q0 and q1, O in q2 and q3, the sum of
 * nibbles in q4 and q5. */
#define EK_B1_BOTH(first, second) first second
#define EK_B1_ONE(first, second) first
#define EK_B1_EITHER_BOTH(both, one) both
#define EK_B1_EITHER_ONE(both, one) one

#define EK_B1_LOAD(rows, to, other, offset)                                  \
    rows("vldrw.32 " to ", [%[at], #" #offset "]\n\t",                       \
         "vldrw.32 " other ", [%[at], #" #offset "+16]\n\t")
#define EK_B1_START(rows, offset) EK_B1_LOAD(rows, "q4", "q5", offset)
#define EK_B1_NEXT(rows, sum, other, offset)                                 \
    rows("vldrw.32 q6, [%[at], #" #offset "]\n\t"                            \
         "vadd.i8 " sum ", " sum ", q6\n\t",                             \
         "vldrw.32 q6, [%[at], #" #offset "+16]\n\t"                         \
         "vadd.i8 " other ", " other ", q6\n\t")
#define EK_B1_ADD(rows, offset) EK_B1_NEXT(rows, "q4", "q5", offset)

/* Nibbles to bytes. */
#define EK_B1_FLUSH(rows)                                                \
    rows("vadd.i8 q0, q0, q4\n\t"                                        \
         "vqdmlah.s8 q2, q4, %[eight]\n\t",                              \
         "vadd.i8 q1, q1, q5\n\t"                                        \
         "vqdmlah.s8 q3, q5, %[eight]\n\t")

/* Bytes to half-words: those of E = S - 16 O, and of O. */
#define EK_B1_SUM(bytes, at, last)                                       \
    "vldrw.32 q6, [%[record], #" #at "]\n\t"                             \
    "vadd.i16 q6, q6, " bytes "\n\t"                                     \
    "vstrw.32 q6, [%[record], #" #at "]\n\t"                             \
    "vldrw.32 q6, [%[record], #" #at "+16]\n\t"                          \
    "vqdmlah.s16 q6, " bytes ", %[n]\n\t"                                \
    "vstrw.32 q6, [%[record], #" #at "+16]" last "\n\t"

#define EK_B1_COUNT(rows, either)                                                \
    "wls lr, %[n], 2f\n\t"                                               \
    "mov %[n], #128\n\t"                                                 \
    "1:\n\t"                                                             \
    "ldrd %[x], %[z], [%[record], #16]!\n\t"                             \
    "and %[m], %[five], %[x], lsl #8\n\t"                                \
    "uxtah %[at], %[fives], %[m]\n\t"                                    \
    EK_B1_LOAD(rows, "q0", "q1", 0)                                      \
    "uxtah %[at], %[fives], %[m], ror #16\n\t"                           \
    EK_B1_NEXT(rows, "q0", "q1", 32)                                     \
    "and %[m], %[five], %[x], lsl #3\n\t"                                \
    "uxtah %[at], %[fives], %[m]\n\t"                                    \
    EK_B1_NEXT(rows, "q0", "q1", 64)                                     \
    rows("vshr.u8 q2, q0, #4\n\t", "vshr.u8 q3, q1, #4\n\t")             \
    "uxtah %[at], %[fives], %[m], ror #16\n\t"                           \
    EK_B1_START(rows, 96)                                                \
    "and %[m], %[five], %[z], lsl #8\n\t"                                \
    "uxtah %[at], %[fives], %[m]\n\t"                                    \
    EK_B1_ADD(rows, 128)                                                 \
    "uxtah %[at], %[fives], %[m], ror #16\n\t"                           \
    EK_B1_ADD(rows, 160)                                                 \
    EK_B1_FLUSH(rows)                                                    \
    "and %[m], %[five], %[z], lsl #3\n\t"                                \
    "uxtah %[at], %[fives], %[m]\n\t"                                    \
    EK_B1_START(rows, 192)                                               \
    "and %[x], %[six], %[x], lsr #3\n\t"                                 \
    "uxtah %[at], %[sixes], %[x]\n\t"                                    \
    EK_B1_ADD(rows, 0)                                                   \
    EK_B1_FLUSH(rows)                                                    \
    "uxtah %[at], %[fives], %[m], ror #16\n\t"                           \
    EK_B1_START(rows, 224)                                               \
    "uxtah %[at], %[sixes], %[x], ror #16\n\t"                           \
    EK_B1_ADD(rows, 32)                                                  \
    EK_B1_FLUSH(rows)                                                    \
    "and %[z], %[six], %[z], lsr #3\n\t"                                 \
    "uxtah %[at], %[sixes], %[z]\n\t"                                    \
    EK_B1_START(rows, 64)                                                \
    "uxtah %[at], %[sixes], %[z], ror #16\n\t"                           \
    EK_B1_ADD(rows, 96)                                                  \
    EK_B1_FLUSH(rows)                                                    \
    rows("vadd.i8 q2, q2, q7\n\t"                                        \
         "vmla.u8 q0, q2, %[less]\n\t",                                     \
         "vadd.i8 q3, q3, q7\n\t"                                        \
         "vmla.u8 q1, q3, %[less]\n\t")                                     \
    EK_B1_SUM("q0", 8, "")                                               \
    either(EK_B1_SUM("q2", 40, "") EK_B1_SUM("q1", 72, "")                 \
             EK_B1_SUM("q3", 104, "!"),                                  \
         EK_B1_SUM("q2", 40, "!") "adds %[record], #64\n\t")             \
    "le lr, 1b\n\t"                                                      \
    "2:\n\t"

#define EK_B1_COUNTER(name, rows, either)                                                     \
    static inline void name(const uint8_t *tables, ek_b1_record_t *record, int32_t n)         \
    {                                                                                          \
        uint32_t x, z, m;                                                                      \
        const uint8_t *at;                                                                     \
        __asm__ volatile("subs %[record], #16\n\t"                                             \
                         "vmov.i8 q7, #32\n\t" EK_B1_COUNT(rows, either)                       \
                         : [record] "+r"(record), [n] "+r"(n), [x] "=&r"(x), [z] "=&r"(z),     \
                           [m] "=&r"(m), [at] "=&r"(at)                                        \
                         : [fives] "r"(tables), [sixes] "r"(tables + EK_MVE_B1_HALF),          \
                           [five] "r"(0x1f001f00u), [six] "r"(0x1f801f80u), [eight] "r"(8),    \
                           [less] "r"(-16)                                                     \
                         : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "cc",         \
                           "memory");                                                          \
    }

EK_B1_COUNTER(ek_mve_count_64, EK_B1_BOTH, EK_B1_EITHER_BOTH)
EK_B1_COUNTER(ek_mve_count_32, EK_B1_ONE, EK_B1_EITHER_ONE)

static inline void ek_mve_clear(ek_b1_record_t *records, int32_t count)
{
    uint8_t *to = (uint8_t *)records;
    const uint8x16_t zeros = vdupq_n_u8(0);
    __asm__ volatile("dlstp.8 lr, %[bytes]\n\t"
                     "1:\n\t"
                     "vstrb.8 %q[zeros], [%[to]], #16\n\t"
                     "letp lr, 1b"
                     : [to] "+r"(to)
                     : [bytes] "r"(count * (int32_t)sizeof *records), [zeros] "w"(zeros)
                     : "lr", "memory");
}

/* `count` words or pairs of words, `step` bytes apart, to records, four at a time. */
static inline void ek_mve_spread(const uint32_t *from, int32_t step, int32_t count, uint32_t *to)
{
    const uint32x4_t lanes = vidupq_n_u32(0, 1);
    const uint32x4_t here = vmulq_n_u32(lanes, (uint32_t)step);
    const uint32x4_t there = vmulq_n_u32(lanes, sizeof(ek_b1_record_t));
    __asm__ volatile("dlstp.32 lr, %[count]\n\t"
                     "1:\n\t"
                     "vldrw.u32 q0, [%[from], %q[here]]\n\t"
                     "adds %[from], %[four]\n\t"
                     "vstrw.32 q0, [%[to], %q[there]]\n\t"
                     "add %[to], #544\n\t"
                     "letp lr, 1b"
                     : [from] "+r"(from), [to] "+r"(to)
                     : [count] "r"(count), [here] "w"(here), [there] "w"(there),
                       [four] "r"(4 * step)
                     : "q0", "lr", "cc", "memory");
}

static inline void ek_mve_spread_pairs(const uint32_t *from, int32_t step, int32_t count,
                                       uint32_t *to)
{
    const uint32x4_t lanes = vidupq_n_u32(0, 1), word = vdupq_n_u32(4);
    const uint32x4_t here = vmulq_n_u32(lanes, (uint32_t)step);
    const uint32x4_t there = vmulq_n_u32(lanes, sizeof(ek_b1_record_t));
    __asm__ volatile("dlstp.32 lr, %[count]\n\t"
                     "1:\n\t"
                     "vldrw.u32 q0, [%[from], %q[here]]\n\t"
                     "vstrw.32 q0, [%[to], %q[there]]\n\t"
                     "vldrw.u32 q0, [%[from], %q[here2]]\n\t"
                     "adds %[from], %[four]\n\t"
                     "vstrw.32 q0, [%[to], %q[there2]]\n\t"
                     "add %[to], #544\n\t"
                     "letp lr, 1b"
                     : [from] "+r"(from), [to] "+r"(to)
                     : [count] "r"(count), [here] "w"(here), [there] "w"(there),
                       [here2] "w"(vaddq_u32(here, word)), [there2] "w"(vaddq_u32(there, word)),
                       [four] "r"(4 * step)
                     : "q0", "lr", "cc", "memory");
}

#else

#include "ek_mve_portable_b1.h"

#endif

#endif
