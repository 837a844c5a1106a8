/* main.c - bring up the board, serve the model for ever. */
#include "ek_app.h"
#include "ek_port.h"

int main(void)
{
    ek_port_init();
    ek_app_serve();
    return 0;
}
