/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A full screen on a terminal, by the control sequences that every one since the VT100
 * knows: no library, no terminfo, nothing to install on a small box. It is restored however
 * the program ends but by SIGKILL. Thread: the only one.
 */
#ifndef EDGEMARK_TERMINAL_H
#define EDGEMARK_TERMINAL_H

#include <stdbool.h>

/* Takes the screen over where stdin and stdout are a terminal: the alternate screen, no
 * cursor, keys at once and without echo. False: they are not, and nothing is changed. */
bool terminal_open(void);
void terminal_close(void);

/* Of the terminal now; 100x30 where it doesn't say. */
void terminal_size(int *columns, int *rows);

enum terminal_event { TERMINAL_TIMEOUT, TERMINAL_QUIT, TERMINAL_RESIZED, TERMINAL_KEY };
/* Waits for at most so long. Quit: q, Ctrl-C, SIGTERM, SIGHUP, or the end of stdin. */
enum terminal_event terminal_wait(double seconds);

#endif
