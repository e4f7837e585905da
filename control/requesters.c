/* SPDX-License-Identifier: BSD-3-Clause */
/* See requesters.h. */
#include "requesters.h"

#include <stdio.h>
#include <string.h>

void requesters_add(struct requesters *list, const struct reload_request *request)
{
	if (list->asked++ == 0)
		memcpy(list->who, request->who, sizeof(list->who));
	if (request->confirm_s > 0 &&
	    (list->confirm_s == 0 || request->confirm_s < list->confirm_s))
		list->confirm_s = request->confirm_s;
	if (request->requester != REQUESTER_NONE && list->count < REQUESTERS_MAX)
		list->id[list->count++] = request->requester;
}

void requesters_take(struct requesters *list, struct requesters *more)
{
	for (unsigned i = 0; i < more->count && list->count < REQUESTERS_MAX; i++)
		list->id[list->count++] = more->id[i];
	list->asked += more->asked;
	*more = (struct requesters){0};
}

void requesters_name(const struct requesters *list, char *out, size_t size)
{
	if (list->asked > 1)
		snprintf(out, size, "%s, and %u more", list->who, list->asked - 1);
	else
		snprintf(out, size, "%s", list->who);
}
