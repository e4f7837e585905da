# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Bash completion of edgemark. What there is to complete is what `--help` says, so that it
# can't fall behind: commands, views and experiments begin a line after two spaces, and
# options are all words that look like one.

_edgemark_words() { # ARGUMENT…: what `edgemark ARGUMENT… --help` begins its lines with
	"$_edgemark" "$@" --help 2>/dev/null </dev/null | sed -n 's/^  \([a-z][a-z0-9]*\)  *.*/\1/p'
}

_edgemark_options() {
	"$_edgemark" "$@" --help 2>/dev/null </dev/null |
		grep -oE -- '(^|[[ |(])--?[a-zA-Z][a-zA-Z0-9-]*' | sed 's/^[^-]*//' | sort -u
	echo --help
}

_edgemark_complete() {
	local _edgemark=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]} words
	local -a command=()

	COMPREPLY=()
	[ "$COMP_CWORD" -lt 2 ] || command=("${COMP_WORDS[1]}")
	if [ "${command[0]}" = lab ] && [ "$COMP_CWORD" -gt 2 ]; then
		command+=("${COMP_WORDS[2]}")
	fi
	case $before in
	--direction) words='upstream downstream' ;;
	-c | -w | --final | --socket | --report | --captures | --config) words= ;;
	*)
		case $word in
		-*) words=$(_edgemark_options "${command[@]}") ;;
		*) [ "$COMP_CWORD" -eq $((${#command[@]} + 1)) ] &&
			words=$(_edgemark_words "${command[@]}") ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	# Files wherever there is nothing else to name.
	[ -n "$words" ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

complete -o filenames -F _edgemark_complete edgemark
