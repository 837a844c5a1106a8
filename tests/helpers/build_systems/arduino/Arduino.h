/* Stand-in for Arduino's core on this machine: what the generated sketches call. */
#pragma once
#include <stdint.h>
#include <stdio.h>

struct SerialPort {
    void begin(unsigned long) {}
    void print(const char *text) { fputs(text, stdout); }
    void println(const char *text) { puts(text); }
    void println(unsigned long value) { printf("%lu\n", value); }
};
extern SerialPort Serial;
unsigned long micros();
void delay(unsigned long milliseconds);
void setup();
void loop();
