"""Runs tools and takes their time and memory.

The kernel counts what this process holds at the start of a tool as the tool's: large files are made elsewhere.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tool:
    """One work of one tool; in the command FILE is what is read and OUT a folder to write to."""

    name: str
    command: list
    does: str


@dataclass
class Runs:
    """Seconds and MiB of each run that came to an end."""

    seconds: list = field(default_factory=list)
    mib: list = field(default_factory=list)

    @property
    def best(self):
        return min(self.seconds, default=float("inf"))

    @property
    def median(self):
        return statistics.median(self.seconds) if self.seconds else float("inf")

    @property
    def most_mib(self):
        return max(self.mib, default=0)


def warm(path):
    """Reads the file once, and gives its size in MB."""
    buffer = bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return Path(path).stat().st_size / 1e6


def measure(tools, path, out, runs):
    """The runs of each tool; the tools take turns."""
    taken = [Runs() for _ in tools]
    for _ in range(runs):
        for tool, result in zip(tools, taken):
            command = [part.replace("FILE", str(path)).replace("OUT", str(out)) for part in tool.command]
            one(tool, command, result)
    return taken


def one(tool, command, result):
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    # With 1 csvp says that it has found problems.
    if child.returncode == 0 or (child.returncode == 1 and tool.name == "csvp"):
        result.seconds.append(seconds)
        result.mib.append(usage.ru_maxrss / 1024)
    else:
        print(f"note: {' '.join(command)} ended with {child.returncode}: {error.decode()[-300:]}", file=sys.stderr)


def upload(program, path, megabytes, out):
    """One upload by curl to a server of its own: time to the answer, time to the result, memory of the server."""
    command = [str(program), "serve", "--port", "0", "--operations", "off", "--data", str(out / "data")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        base = next(found[1] for line in server.stdout if (found := re.match(r"page +(http\S+)", line)))
        started = time.monotonic()
        sent = curl("--request", "POST", "--upload-file", str(path), f"{base}/api/v1/uploads?name={path.name}")
        answered = time.monotonic() - started
        curl("--no-buffer", base + sent["links"]["events"], parsed=False)
        done = time.monotonic() - started
        state = curl(base + sent["links"]["self"])["state"]
        status = Path(f"/proc/{server.pid}/status").read_text()
        mib = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
    finally:
        server.terminate()
        server.wait()
    told = (
        f"Upload by curl: acknowledged after {answered:.1f} s ({megabytes / answered:,.0f} MB/s), {state} with all files after "
        f"{done:.1f} s ({megabytes / done:,.0f} MB/s); the server's largest resident set was {mib:,.0f} MiB."
    )
    return told, mib


def curl(*arguments, parsed=True):
    run = subprocess.run(["curl", "--silent", "--show-error", "--fail-with-body", *arguments], capture_output=True, check=True)
    return json.loads(run.stdout) if parsed else None
