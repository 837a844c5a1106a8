/* ek_place.h - where the blocks of the arena lie: this machine has one memory. */
#ifndef EK_PLACE_H
#define EK_PLACE_H

#define EK_PLACE(n)

#endif
