/* ek_text.h - numbers as text without printf, and the text the line carries. */
#ifndef EK_TEXT_H
#define EK_TEXT_H

#include <stdint.h>

/* Send text, a decimal number, two lower-case hexadecimal digits, a real number with three
 * decimals (rounded as printf("%.3f") does; not-a-number is "nan", beyond 1e15 "inf"). */
void ek_put(const char *text);
void ek_put_u64(uint64_t value);
void ek_put_i32(int32_t value);
void ek_put_hex(uint8_t value);
void ek_put_milli(float value);

/* Decimal digits of `value`, no terminator: their number, at most 20. */
int ek_format_u64(char text[20], uint64_t value);
/* The same for a real number with three decimals: at most 24. */
int ek_format_milli(char text[24], float value);

#endif
