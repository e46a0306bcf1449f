"""bench/README.md, which grows section by section."""
import json
import os
import platform
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

PACKAGES = ["duckdb", "polars", "pyarrow"]

# What the records of dirty.csv should keep, as a Table Schema.
DIRTY_SCHEMA = json.dumps({
    "fields": [
        {"name": name, "type": kind}
        for name, kind in (
            ("order_id", "integer"), ("order_uuid", "string"), ("created_at", "datetime"), ("ship_date", "date"),
            ("email", "string"), ("customer_name", "string"), ("note", "string"), ("unit_price", "number"),
            ("quantity", "integer"), ("paid", "boolean"), ("country", "string"), ("discount_rate", "number"),
        )
    ]
})


class Page:
    """Sections and goals; every line is printed as it is added."""

    def __init__(self, program, xan, runs, goals):
        self.body, self.missed, self.lost, self.title = [], [], [], ""
        # MB/s of the plain scanner on orders.csv, once it is known.
        self.plain = 770.0
        self.head = head(program, xan, runs, goals)

    def section(self, title):
        """Begins a section; what was measured so far is on the page."""
        self.write()
        self.title = title
        self.lines(["", f"## {title}", ""])

    def text(self, text):
        self.lines(["", text, ""])

    def table(self):
        self.lines(["| work | tool | MB/s, median (best) | csvp is | most memory, MiB | what it does |", "|---|---|---|---|---|---|"])

    def lines(self, lines):
        for line in lines:
            self.body.append(line)
            print(line, flush=True)

    def rows(self, work, megabytes, tools, taken):
        """One row per tool; the first is csvp, and the others are compared with its best run."""
        ours = megabytes / taken[0].best
        for tool, runs in zip(tools, taken):
            if not runs.seconds:
                self.lines([f"| {work} | {tool.name} | failed | | | {tool.does} |"])
                continue
            best = megabytes / runs.best
            ratio = "" if runs is taken[0] else f"{ours / best:.2f} x"
            speed = f"{megabytes / runs.median:,.0f} ({best:,.0f})"
            self.lines([f"| {work} | {tool.name} | {speed} | {ratio} | {runs.most_mib:,.0f} | {tool.does} |"])
            if ours < best:
                name = self.title.split(",")[0]
                self.lost.append(f"{work} of {name}: {tool.name} {best:,.0f} MB/s ({tool.does}), csvp {ours:,.0f} MB/s, {ours / best:.2f} of it")

    def goal(self, is_met, miss):
        if not is_met:
            self.missed.append(miss)

    def write(self):
        lost = ["", "## Where csvp is slower", "", *([f"- {case}" for case in self.lost] or ["Nowhere in this run."])]
        goals = ["", "## Goals", "", *([f"- missed: {miss}" for miss in self.missed] or ["All goals were met in this run."]), ""]
        text = "\n".join([*self.head, *self.body, *lost, *goals])
        Path("bench/README.md").write_text(re.sub(r"\n{3,}", "\n\n", text))


def head(program, xan, runs, goals):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    versions = [said([program, "--version"]), f"xan {said([xan, '--version'])}"]
    versions += [f"{name} {said([sys.executable, '-c', f'import {name}; print({name}.__version__)'])}" for name in PACKAGES]
    commit = said(["git", "rev-parse", "--short", "HEAD"])
    machine = f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"
    load = os.getloadavg()[0]
    return [
        "# Measurements",
        "",
        f"Written by `make bench` on {date.today()} at commit {commit}; do not edit.",
        "",
        f"- Machine: {machine}. It is shared (load {load:.1f} at the start): differences under a quarter are noise.",
        f"- Versions: {', '.join(versions)}. csvp in profile `release`.",
        f"- {runs} run{'s'[:runs > 1]} of each, taking turns on the same warm file. A run is a whole process: for the Python packages that",
        "  includes about 0.2 s of starting Python. 1 MB is 1,000,000 bytes of input.",
        "- `csvp is`: the best run of csvp over the best run of that tool; above 1 csvp is faster.",
        "- Commands: `csvp` and `xan` as named, on all cores; the Python packages in `bench/peers.py`.",
        "- Correctness on public benchmarks is checked by `make test`; its gates are in `bench/scores.toml`.",
        "- Goals:",
        *(f"  - {goal}" for goal in goals),
    ]


def said(command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
