/* SPDX-License-Identifier: BSD-3-Clause */
/* The subcommands of `edgemark`. Each gets argv from its own name on, and returns an
 * exit code. Usage errors print one line and the --help hint. */
#ifndef EDGEMARK_COMMANDS_H
#define EDGEMARK_COMMANDS_H

enum exit_code { EXIT_OK = 0, EXIT_RUNTIME = 1, EXIT_USAGE = 2, EXIT_CONFIG = 78 };

/* X(function, name, what it does) */
#define COMMAND_LIST(X)                                                                            \
	X(command_run, "run", "forward between the ports of a configuration")                      \
	X(command_check, "check", "check a configuration as run would, without ports")             \
	X(command_replay, "replay",                                                                \
	  "send a capture through the same pipeline, on a virtual clock")                          \
	X(command_explain, "explain", "what would become of a packet, and why")                    \
	X(command_diff, "diff", "what another configuration would change, for which traffic")      \
	X(command_lab, "lab", "rehearse an overrun of the voice contract, on a virtual clock")     \
	X(command_show, "show", "figures of the running daemon")                                   \
	X(command_top, "top", "the running daemon's rates on a live screen")                       \
	X(command_clear, "clear", "have figures count from now on")                                \
	X(command_doctor, "doctor", "what this host lacks, and the command that mends it")         \
	X(command_capture, "capture", "capture what the running daemon sends, or drops")           \
	X(command_reload, "reload", "have the running daemon load its configuration again")        \
	X(command_confirm, "confirm", "keep what a reload --confirm put in force")

#define X(function, name, help) int function(int argc, char **argv);
COMMAND_LIST(X)
#undef X

#endif
