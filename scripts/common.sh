# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Sourced by the other scripts: where the tree is, and how to speak and fail.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin # where Debian keeps ip and ethtool

say() { printf 'edgemark: %s\n' "$*" >&2; }
die() {
	say "$@"
	exit 1
}

# The comment at the head of the calling script is its help.
help_from_head() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$root/scripts/$(basename "$0")"; }

is_debian_12() {
	[ -r /etc/os-release ] && (
		# shellcheck disable=SC1091
		. /etc/os-release
		[ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ]
	)
}

# exec_for_namespaces COMMAND…: as root, or as root of a user namespace, or as we are where
# neither is to be had. Reports stay the caller's: see hand_over() in namespaces.py.
exec_for_namespaces() {
	if [ "$(id -u)" -eq 0 ]; then
		exec "$@"
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		exec sudo "EDGEMARK_OWNER=$(id -u):$(id -g)" "$@"
	elif unshare --user --map-root-user --net true 2>/dev/null; then
		exec unshare --user --map-root-user "$@"
	fi
	exec "$@"
}
