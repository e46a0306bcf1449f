#!/usr/bin/env python3
"""Runs the examples of README.md and compares what they print with what stands there.

usage: check_readme.py PROGRAM, with BASE_URL naming a running server.
An example is a block ```console with one `$ command` line followed by its output. `...` with the line ends around it stands for anything; ids, times and
durations may differ. `csvp` is PROGRAM, http://127.0.0.1:3000 is BASE_URL.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

VARIES = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r'"processing_ms":\d+', '"processing_ms":MS'),
]


def main():
    program, base = Path(sys.argv[1]).resolve(), os.environ["BASE_URL"]
    blocks = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", Path("README.md").read_text(), re.M | re.S)
    if not blocks:
        sys.exit("error: README.md has no ```console block")
    failed = 0
    for command, expected in blocks:
        real = re.sub(r"^csvp\b", str(program), command).replace("http://127.0.0.1:3000", base)
        run = subprocess.run(["bash", "-c", real], capture_output=True, text=True)
        printed = same(run.stdout + run.stderr)
        pattern = ".*?".join(map(re.escape, re.split(r"\n?\.\.\.\n?", same(expected))))
        ok = re.fullmatch(pattern, printed, re.S) is not None
        failed += not ok
        print(f"  {'ok' if ok else 'FAILED'} {command}")
        if not ok:
            print(f"--- README.md says\n{expected}--- printed\n{printed}")
    print(f"readme: {len(blocks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def same(text):
    for pattern, name in VARIES:
        text = re.sub(pattern, name, text)
    return text.rstrip() + "\n"


if __name__ == "__main__":
    main()
