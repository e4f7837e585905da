/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lock guards the pointer, not the document: nobody reads under it. jansson counts
 * references atomically, so that whoever lets go last frees.
 */
#include "published.h"

#include <pthread.h>

static struct {
	pthread_mutex_t lock;
	json_t *figures; /* control: rw; others: ro, under the lock */
} published = {.lock = PTHREAD_MUTEX_INITIALIZER};

void published_set(json_t *figures)
{
	json_t *old;

	pthread_mutex_lock(&published.lock);
	old = published.figures;
	published.figures = figures;
	pthread_mutex_unlock(&published.lock);
	json_decref(old);
}

json_t *published_get(void)
{
	json_t *figures;

	pthread_mutex_lock(&published.lock);
	figures = json_incref(published.figures);
	pthread_mutex_unlock(&published.lock);
	return figures;
}
