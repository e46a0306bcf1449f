#!/usr/bin/env python3
"""Measures speed and memory of csvp beside other tools on the same files in the same run, and writes bench/README.md.

usage: bench.py PROGRAM KIT     KIT holds gen.py (makes the files) and peers/tools.py (runs one work of one tool)
environment: RUNS (3), FILES ("orders numeric"), TOOLS ("csvp duckdb polars pyarrow"), BENCH_DIR (where files are kept)

Each work is one process from start to end, on a warm file; tools take turns, so that a drift of the machine meets all.
Memory is the largest resident set that the kernel saw of the process (of the server: VmHWM after the upload). Ends with
exit code 1 when a goal on memory is missed; the page is written all the same.
"""
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

PROGRAM, KIT = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
RUNS = int(os.environ.get("RUNS", "3"))
FILES = os.environ.get("FILES", "orders numeric").split()
TOOLS = os.environ.get("TOOLS", "csvp duckdb polars pyarrow").split()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "csvp/bench"
FOLDER = Path(os.environ.get("BENCH_DIR") or CACHE)
PAGE = Path("bench/README.md")
LETTERS = {"orders": "A", "numeric": "B", "quotedall": "C"}
# Largest resident set in MiB: of `csvp check`, and of the server that takes an upload.
GOALS = {"check": 150, "upload": 200}

# work -> [(tool, command after the program, or the peer's name for it, what it does)]
WORKS = {
    "check": [
        ("csvp", ["check", "FILE"], "types from all records, all problems with places"),
        ("duckdb", "infer", "types from all records"),
        ("polars", "infer-nodates", "types from all records, no dates"),
        ("pyarrow", "read", "reads all into memory with guessed types"),
    ],
    "profile": [
        ("csvp", ["profile", "FILE", "--json"], "types, problems and statistics from all records"),
        ("duckdb", "stats", "SUMMARIZE, types from all records"),
    ],
    "parquet": [
        ("csvp", ["convert", "FILE", "-o", "OUT/csvp.parquet"], "types from all records, every cell judged, zstd"),
        ("duckdb", "parquet-full", "types from all records, zstd"),
        ("duckdb", "parquet", "types from a sample, zstd"),
        ("polars", "parquet", "types from a sample, zstd"),
        ("pyarrow", "parquet", "types from the first block, zstd"),
    ],
}


def main():
    out = FOLDER / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    sections, missed = [], []
    for name in FILES:
        path = data_file(name)
        megabytes = path.stat().st_size / 1e6
        warm(path)
        rows = []
        for work, items in WORKS.items():
            wanted = [item for item in items if item[0] in TOOLS]
            taken = measure(wanted, path, out)
            for (tool, what, does), runs in zip(wanted, taken):
                rows.append(row(work, tool, does, megabytes, runs))
                print(rows[-1], flush=True)
                if tool == "csvp" and work in GOALS and runs and (most := max(mib for _, mib in runs)) > GOALS[work]:
                    missed.append(f"csvp {work} of {name}: {most:.0f} MiB, the goal is under {GOALS[work]} MiB")
        section = [f"## {name}.csv, {megabytes:,.0f} MB", "", "| work | tool | MB/s, median (best) | most memory, MiB | what it does |", "|---|---|---|---|---|", *rows, ""]
        if "csvp" in TOOLS:
            told, mib = upload(path, megabytes, out)
            section += [told, ""]
            print(told, flush=True)
            if mib > GOALS["upload"]:
                missed.append(f"upload of {name}: the server took {mib:.0f} MiB, the goal is under {GOALS['upload']} MiB")
        sections += section
    shutil.rmtree(out)
    PAGE.write_text("\n".join(head() + sections + tail(missed)))
    print(f"wrote {PAGE}")
    for miss in missed:
        print(f"error: {miss}", file=sys.stderr)
    sys.exit(1 if missed else 0)


def data_file(name):
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        print(f"making {path} (about a minute)", flush=True)
        subprocess.run([sys.executable, KIT / "gen.py", FOLDER, LETTERS[name]], check=True, stdout=subprocess.DEVNULL)
    return path


def warm(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def measure(items, path, out):
    """Seconds and MiB of each run of each item; the items take turns."""
    taken = [[] for _ in items]
    for _ in range(RUNS):
        for (tool, what, _), runs in zip(items, taken):
            if tool == "csvp":
                command = [str(PROGRAM), *(part.replace("FILE", str(path)).replace("OUT", str(out)) for part in what)]
            else:
                command = [sys.executable, str(KIT / "peers/tools.py"), tool, what, str(path), str(os.cpu_count())]
            result = one(command, out)
            if result:
                runs.append(result)
    return taken


def one(command, out):
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "OUT": str(out)})
    error = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or (child.returncode == 1 and command[0] != str(PROGRAM)):
        print(f"note: {' '.join(command)} ended with {child.returncode}: {error.decode()[-300:]}", file=sys.stderr)
        return None
    return seconds, usage.ru_maxrss / 1024


def row(work, tool, does, megabytes, runs):
    if not runs:
        return f"| {work} | {tool} | failed | | {does} |"
    seconds = [seconds for seconds, _ in runs]
    speed, best = megabytes / statistics.median(seconds), megabytes / min(seconds)
    return f"| {work} | {tool} | {speed:,.0f} ({best:,.0f}) | {max(mib for _, mib in runs):,.0f} | {does} |"


def upload(path, megabytes, out):
    """One upload by curl to a server of its own: time to the answer, time to the result, memory of the server."""
    command = [str(PROGRAM), "serve", "--port", "0", "--operations", "off", "--data", str(out / "data")]
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


def head():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    versions = [subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.strip()]
    for tool in TOOLS:
        if tool != "csvp":
            script = f"import {tool}; print({tool}.__version__)"
            versions.append(f"{tool} {subprocess.run([sys.executable, '-c', script], capture_output=True, text=True).stdout.strip()}")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    machine = f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"
    return [
        "# Measurements",
        "",
        f"Written by `make bench` on {date.today()} at commit {commit}; do not edit.",
        "",
        f"- Machine: {machine}. It is shared: differences under a quarter are noise.",
        f"- Versions: {', '.join(versions)}. Profile `release`.",
        f"- {RUNS} run{'s'[:RUNS > 1]} of each, taking turns on the same warm file; a run is a whole process. 1 MB is 1,000,000 bytes of input.",
        f"- Goals on memory: `csvp check` under {GOALS['check']} MiB, the server during an upload under {GOALS['upload']} MiB.",
        "- Correctness on public benchmarks is checked by `make test`; its gates are in `bench/scores.toml`.",
        "",
    ]


def tail(missed):
    return ["## Goals", "", *([f"- missed: {miss}" for miss in missed] or ["All goals on memory were met in this run."]), ""]


if __name__ == "__main__":
    main()
