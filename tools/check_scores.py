#!/usr/bin/env python3
"""Runs public correctness benchmarks with defaults and compares each score with its gate.

usage: check_scores.py PROGRAM DATA [--write]
DATA holds the sets (data/dev) and their scoring tools (bench/score). Gates stand in bench/scores.toml: a score below its
gate fails; --write raises the gates to what was reached. A gate is never lowered by this script.
"""
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import score_lines
import score_records

GATES = Path("bench/scores.toml")
HEAD = "# Lowest accepted scores of the public benchmarks, by `make score`. Only ever raised.\n"
# Most processor time for one file of any set, in seconds; time by the clock would depend on what else runs.
MOST_SECS = 5.0
# What the sets say about their files.
NOT_DATA = re.compile(r"SOURCE\.txt|README\.md|.*\.jsonl|.*\.json")


def main():
    program, data = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    sets, tools = data / "data/dev", data / "bench/score"
    scores = {}
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        scratch = Path(scratch)
        jobs = {
            "pollock": pool.submit(pollock, program, sets / "pollock", tools, scratch / "pollock"),
            "dialect": pool.submit(dialect, program, sets / "dialect", tools, scratch / "dialect"),
            "lines": pool.submit(score_lines.scores, program, sets / "lineclass"),
            "records": pool.submit(score_records.scores, program, sets / "suragh"),
        }
        crashed = every_file(program, sets, pool)
        for job in jobs.values():
            scores.update(job.result())
    gates = tomllib.loads(GATES.read_text()) if GATES.exists() else {}
    failed = sum(below(name, score, gates.get(name, 0)) for name, score in sorted(scores.items()))
    if "--write" in sys.argv:
        # Two digits: a gate is for a rule that got worse, not for one file that reads differently.
        raised = {name: max(math.floor(score * 100) / 100, gates.get(name, 0)) for name, score in sorted(scores.items())}
        GATES.write_text(HEAD + "".join(f"{name} = {score}\n" for name, score in raised.items()))
    print(f"scores: {len(scores) + 1 - failed - crashed} passed, {failed + crashed} failed")
    sys.exit(1 if failed or crashed else 0)


def below(name, score, gate):
    print(f"  {'ok' if score >= gate else 'FAILED'} {name}: {score} (gate {gate})")
    return score < gate


def pollock(program, folder, tools, out):
    """Loading into the right header, records and cells, from 0 to 10: each file alike, and by how common its kind is."""
    load(program, folder / "csv", out, tools)
    weights = folder / "weights.json"
    printed = python(tools / "pollock_score.py", folder / "clean", out, "--weights", weights, "--groups")
    for group, files, mean in re.findall(r"(\w+): n=(\d+) mean10=([\d.]+)", printed):
        print(f"  pollock, group {group}: {mean} of 10 in {files} files")
    return {
        "pollock_simple": float(re.search(r"simple ([\d.]+)", printed)[1]),
        "pollock_weighted": float(re.search(r"weighted ([\d.]+)", printed)[1]),
    }


def dialect(program, folder, tools, out):
    """Share of files whose delimiter and quote are found."""
    scores = {}
    for annotations in sorted(folder.glob("*.txt")):
        files = annotations.with_suffix("")
        if not files.is_dir():
            continue
        load(program, files, out / files.name, tools)
        printed = python(tools / "dialect_score.py", annotations, files, out / files.name / "dialect.jsonl")
        name = files.name.lower().replace("-", "_")
        scores[f"dialect_{name}"] = float(re.search(r"accuracy=([\d.]+)", printed)[1])
    return scores


def load(program, files, out, tools, *more):
    python(tools / "run_tool.py", files, out, "--cmd", f"{program} parse {{}} --json", *more)


def python(*command):
    run = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"error: {command[0]} failed: {run.stderr[-2000:]}")
    return run.stdout


def every_file(program, sets, pool):
    """Runs `csvp check` on every file of every set: none may crash it, none may take long."""
    files = [path for path in sorted(sets.rglob("*")) if path.is_file() and not NOT_DATA.fullmatch(path.name)]
    faults = 0
    for path, (code, seconds) in zip(files, pool.map(lambda path: check(program, path), files)):
        if code not in (0, 1, 2) or seconds > MOST_SECS:
            faults += 1
            print(f"  FAILED {path.relative_to(sets)}: exit code {code} after {seconds:.1f} s of processor time")
    print(f"  {'FAILED' if faults else 'ok'} every file: {len(files)} files, each in under {MOST_SECS:.0f} s")
    return bool(faults)


def check(program, path):
    """Exit code and processor time; the time limit is the system's own, so that nothing runs for ever."""
    limit = f"ulimit -t 60; exec {shlex.quote(str(program))} check {shlex.quote(str(path))}"
    child = subprocess.Popen(["sh", "-c", limit], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
