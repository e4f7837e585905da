#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage: man/pages.sh EDGEMARK SCDOC DIRECTORY
#
# Makes all manual pages there: edgemark.1, and one for each command that --help names.
set -eu
edgemark=$1 scdoc=$2 directory=$3
here=$(dirname "$0")

names() { "$edgemark" "$@" --help | sed -n 's/^  \([a-z][a-z0-9]*\)  .*/\1/p'; }

make_page() { # NAME [COMMAND…]
	name=$1
	shift
	"$here/page.sh" "$edgemark" "$@" >"$directory/$name.scd"
	"$scdoc" <"$directory/$name.scd" >"$directory/$name.1"
	rm "$directory/$name.scd"
}

rm -rf "$directory"
mkdir -p "$directory"
make_page edgemark
for command in $(names); do
	make_page "edgemark-$command" "$command"
done
for experiment in $(names lab); do
	make_page "edgemark-lab-$experiment" lab "$experiment"
done
