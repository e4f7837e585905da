#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: man/page.sh EDGEMARK [COMMAND…]
#
# The manual page of a command, in scdoc's language, from what its --help says; without a
# command that of edgemark, from edgemark.1.scd beside this file.
set -eu
edgemark=$1
shift

# Literal text: all that scdoc would read as markup is escaped.
literal() {
	printf '```\n'
	cat
	printf '```\n'
}

if [ $# -eq 0 ]; then
	"$edgemark" --help | sed -n 's/^  \([a-z][a-z0-9]*\)  *\(.*\)/*edgemark \1*\n\t\2/p' |
		sed -e "/@COMMANDS@/{r /dev/stdin" -e 'd}' "$(dirname "$0")/edgemark.1.scd"
	exit 0
fi

name=edgemark
for word; do
	name=$name-$word
done
if [ "$1" = lab ] && [ $# -gt 1 ]; then
	what=$("$edgemark" lab --help | sed -n "s/^  $2  *//p")
else
	what=$("$edgemark" --help | sed -n "s/^  $1  *//p")
fi
printf '%s(1)\n\n# NAME\n\n%s - %s\n\n# DESCRIPTION\n\n' "$name" "$name" "$what"
"$edgemark" "$@" --help | literal
printf '\n# SEE ALSO\n\n*edgemark*(1)\n'
