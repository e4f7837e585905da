#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The first configuration in README.md is one that `edgemark check` has no word against."""
import os
import re
import subprocess
import sys
import tempfile

from expect import check, failures
from namespaces import ROOT, program


def main():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        block = re.search(r"```\n(version = 1;.*?)```", file.read(), re.DOTALL).group(1)
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
        file.write(block)
        file.flush()
        done = subprocess.run([program("edgemark"), "check", "--strict", file.name],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    print(done.stderr)
    check(done.returncode == 0, f"README's configuration is sound (exit code {done.returncode})")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
