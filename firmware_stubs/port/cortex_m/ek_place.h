/* ek_place.h - where the blocks of the arena lie: each in a section of its own, which the memory map
 * that the build writes puts into its memory. Without a word there it lies with the variables. */
#ifndef EK_PLACE_H
#define EK_PLACE_H

#define EK_PLACE(n) __attribute__((section(".bss.ek_arena." #n)))

#endif
