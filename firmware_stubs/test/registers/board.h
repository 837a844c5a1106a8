/* board.h - a board whose clock makes waits and patience short, for tests. */
#ifndef EK_BOARD_H
#define EK_BOARD_H

#define EK_BOARD_HZ 4000000u

#endif
