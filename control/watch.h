/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.watch: notices that the configuration has changed, however it is written: in place,
 * by an editor's rename, by a symbolic link that is set anew (as Kubernetes does with ..data).
 * Events of the directories only wake it; what decides is whether the files themselves, the
 * included ones too, are other ones than those last loaded, and have been still for a while.
 * Thread: control.
 */
#ifndef EDGEMARK_WATCH_H
#define EDGEMARK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct watch;

enum { WATCH_SETTLE_MS = 200 };

/* NULL without memory or descriptors. Watches nothing yet. */
struct watch *watch_create(const char *file);
void watch_destroy(struct watch *w);

/* Readable when something happened in a directory: then call watch_poll(). */
int watch_fd(const struct watch *w);

/* Follows the files of c, which was just put in force; not at all where control.watch is
 * false. */
void watch_follow(struct watch *w, const struct config *c);

/* The files are about to be read: as they are now they are known. */
void watch_note_load(struct watch *w);

/* Whether they are to be loaded. *again_ms: when to ask again, -1: on the next event, or about
 * once a second, which also finds what gives no event. */
bool watch_poll(struct watch *w, uint64_t now_ms, int *again_ms);

#endif
