// What Arduino's core does around a sketch, for one turn of its loop.
#include "Arduino.h"

SerialPort Serial;
unsigned long micros()
{
    static unsigned long now;
    return now += 7;
}
void delay(unsigned long) {}

int main()
{
    setup();
    loop();
}
