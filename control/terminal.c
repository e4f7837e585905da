/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals interrupt the wait, and nothing else: they are blocked but in ppoll(). */
#define _GNU_SOURCE /* ppoll */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 100, ROWS = 30, SIDE_MIN = 2, SIDE_MAX = 1000 };

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static struct termios before;
static sigset_t mask_before;
static bool raw;
static volatile sig_atomic_t quit, resized;

static void note_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		quit = 1;
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
	const struct sigaction action = {.sa_handler = note_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(&blocked, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &mask_before);
}

bool terminal_open(void)
{
	struct termios t;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return false;
	catch_signals();
	t = before;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C stays a signal */
	t.c_cc[VSUSP] = _POSIX_VDISABLE;	 /* Ctrl-Z would leave the screen as it is */
	raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
	fputs(ENTER, stdout);
	fflush(stdout);
	return true;
}

void terminal_close(void)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	raw = false;
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void terminal_size(int *columns, int *rows)
{
	struct winsize size;

	*columns = COLUMNS;
	*rows = ROWS;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return;
	if (size.ws_col >= SIDE_MIN && size.ws_col <= SIDE_MAX)
		*columns = size.ws_col;
	if (size.ws_row >= SIDE_MIN && size.ws_row <= SIDE_MAX)
		*rows = size.ws_row;
}

/* The keys at hand; whether q is among them, or there will be no more. */
static bool quit_is_pressed(void)
{
	char keys[64];
	const ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q')
			return true;
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

enum terminal_event terminal_wait(double seconds)
{
	const struct timespec t = {.tv_sec = (time_t)seconds,
				   .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	const int n = ppoll(&keys, 1, &t, &mask_before);

	if (quit || (n > 0 && quit_is_pressed()))
		return TERMINAL_QUIT;
	if (resized) {
		resized = 0;
		return TERMINAL_RESIZED;
	}
	return n > 0 ? TERMINAL_KEY : TERMINAL_TIMEOUT;
}
