/* ek_text.c - see ek_text.h. */
#include "ek_text.h"

#include <string.h>

#include "ek_port.h"

int ek_format_u64(char text[20], uint64_t value)
{
    char reversed[20];
    int digits = 0;
    do {
        reversed[digits++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (int i = 0; i < digits; i++) text[i] = reversed[digits - 1 - i];
    return digits;
}

/* |value| in thousandths, half to even, exactly: the float's integer mantissa times 1000, shifted
 * by its exponent. Softmax outputs are multiples of 1/256, so halves do occur. */
static uint64_t thousandths(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    int exponent = (int)(bits >> 23 & 0xFF);
    uint64_t mantissa = (bits & 0x7FFFFF) | (exponent ? 0x800000u : 0);
    int right = 150 - (exponent ? exponent : 1);
    uint64_t scaled = mantissa * 1000;
    if (right <= 0) return scaled << -right; /* below 1e15: at most 24 + 10 + 27 bits */
    if (right > 40) return 0;
    uint64_t half = (uint64_t)1 << (right - 1);
    uint64_t rest = scaled & ((half << 1) - 1);
    uint64_t whole = scaled >> right;
    return whole + (rest > half || (rest == half && (whole & 1)));
}

static int copy(char *to, const char *text)
{
    int length = (int)strlen(text);
    memcpy(to, text, (size_t)length);
    return length;
}

int ek_format_milli(char text[24], float value)
{
    uint32_t bits;
    int length = 0;
    memcpy(&bits, &value, 4);
    if (value != value) return copy(text, "nan");
    if (bits >> 31) {
        text[length++] = '-';
        value = -value;
    }
    if (value >= 1e15f) return length + copy(text + length, "inf");
    uint64_t milli = thousandths(value);
    length += ek_format_u64(text + length, milli / 1000);
    uint32_t rest = (uint32_t)(milli % 1000);
    text[length++] = '.';
    text[length++] = (char)('0' + rest / 100);
    text[length++] = (char)('0' + rest / 10 % 10);
    text[length++] = (char)('0' + rest % 10);
    return length;
}

void ek_put(const char *text)
{
    ek_port_write((const uint8_t *)text, (int)strlen(text));
}

void ek_put_u64(uint64_t value)
{
    char text[20];
    int length = ek_format_u64(text, value);
    ek_port_write((const uint8_t *)text, length);
}

void ek_put_i32(int32_t value)
{
    if (value < 0) ek_put("-");
    ek_put_u64((uint64_t)(value < 0 ? -(int64_t)value : value));
}

void ek_put_hex(uint8_t value)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t text[2] = {(uint8_t)digits[value >> 4], (uint8_t)digits[value & 15]};
    ek_port_write(text, 2);
}

void ek_put_milli(float value)
{
    char text[24];
    int length = ek_format_milli(text, value);
    ek_port_write((const uint8_t *)text, length);
}
