#!/usr/bin/env python3
"""Measures speed and memory of csvp beside other tools on the same files in the same run, and writes bench/README.md.

usage: bench.py PROGRAM KIT XAN KERNELS     KIT holds gen.py, which makes the files; `make bench` knows the rest
environment: RUNS (3), FILES ("orders numeric quotedall"), PARTS ("files dirty detect kernels large hard service"), BENCH_DIR

A run is one process from start to end on a warm file; tools take turns, so that a drift of the machine meets all. Memory
is the largest resident set that the kernel saw of the process. Ends with exit code 1 when a goal is missed; the page is
written all the same.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hard
import page
import service
from measure import Tool, measure, upload, warm

PROGRAM, KIT, XAN, KERNELS = (Path(path).resolve() for path in sys.argv[1:5])
RUNS = int(os.environ.get("RUNS", "3"))
FILES = os.environ.get("FILES", "orders numeric quotedall").split()
PARTS = os.environ.get("PARTS", "files dirty detect kernels large hard service").split()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "csvp/bench"
FOLDER = Path(os.environ.get("BENCH_DIR") or CACHE)
LETTERS = {"orders": "A", "numeric": "B", "quotedall": "C", "dirty": "D"}
# Largest resident set in MiB: of `csvp check`, and of the server that takes an upload.
CHECK_MIB, UPLOAD_MIB = 150, 200
# Times the plain scanner on orders.csv: what `csvp check` must reach on the worst file.
WORST_SHARE = 1 / 3


def csvp(*arguments, does):
    return Tool("csvp", [str(PROGRAM), *arguments], does)


def peer(tool, work, does):
    return Tool(tool, [sys.executable, "bench/peers.py", tool, work, "FILE", f"OUT/{tool}.parquet"], does)


def xan(verb, does):
    return Tool("xan", [str(XAN), verb, "-t", str(os.cpu_count()), "FILE"], does)


PARQUET = "types from all records, every cell judged"
WORKS = {
    "count": [
        csvp("count", "FILE", does="records as the check reads them, damaged ones too"),
        xan("count", "lines outside quotes"),
        peer("polars", "count", "lines outside quotes"),
        peer("duckdb", "count", "types from a sample, reads all records"),
        peer("pyarrow", "count", "reads the first column"),
    ],
    "check": [
        csvp("check", "FILE", does="types from all records, all problems with places"),
        xan("stats", "types and moments from all records"),
        peer("duckdb", "types", "types from all records"),
        peer("polars", "types", "types from all records, no dates"),
        peer("pyarrow", "types", "reads all into memory, types from the first block"),
    ],
    "profile": [
        csvp("profile", "FILE", "--json", does="types, problems and statistics from all records"),
        peer("duckdb", "profile", "SUMMARIZE, types from all records"),
    ],
    "parquet, zstd": [
        csvp("convert", "FILE", "-o", "OUT/csvp.parquet", does=PARQUET),
        peer("duckdb", "zstd-all", "types from all records"),
        peer("duckdb", "zstd", "types from a sample"),
        peer("duckdb", "zstd-unordered", "types from a sample, records in any order"),
        peer("polars", "zstd", "types from a sample"),
        peer("pyarrow", "zstd", "types from the first block"),
    ],
    "parquet, snappy": [
        csvp("convert", "FILE", "-o", "OUT/csvp.parquet", does=PARQUET + "; csvp writes zstd only, this is it"),
        peer("duckdb", "snappy", "types from a sample"),
        peer("polars", "snappy", "types from a sample"),
        peer("pyarrow", "snappy", "types from the first block"),
    ],
}


def main():
    out = FOLDER / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    written = page.Page(PROGRAM, XAN, RUNS, goals())
    parts = {"files": files, "dirty": dirty, "detect": detect, "kernels": kernels, "large": large, "hard": hard_files, "service": uploads}
    for part in PARTS:
        parts[part](written, out)
    shutil.rmtree(out)
    written.write()
    for miss in written.missed:
        print(f"error: missed: {miss}", file=sys.stderr)
    sys.exit(1 if written.missed else 0)


def goals():
    return [
        f"`csvp check` under {CHECK_MIB} MiB, the server during an upload under {UPLOAD_MIB} MiB",
        "a file four times as large takes the same memory and four times as long, within 10 %",
        "a dirty file is checked within 10 % of the speed of a clean one",
        "uploads of 1 KiB: 1,500 per second and 99 % within 60 ms; one of 100 MB: 300 MB/s in 128 MiB",
        "`csvp check` of the hardest file is not slower than a third of the plain scanner on orders.csv",
    ]


def files(written, out):
    """The works of every tool on the large files, and an upload of each."""
    for name in FILES:
        path = data_file(name)
        megabytes = warm(path)
        written.section(f"{name}.csv, {megabytes:,.0f} MB")
        written.table()
        for work, tools in WORKS.items():
            taken = measure(tools, path, out, RUNS)
            written.rows(work, megabytes, tools, taken)
            written.goal(work != "check" or taken[0].most_mib <= CHECK_MIB, f"csvp check of {name}: {taken[0].most_mib:.0f} MiB")
        told, mib = upload(PROGRAM, path, megabytes, out)
        written.text(told)
        written.goal(mib <= UPLOAD_MIB, f"upload of {name}: {mib:.0f} MiB")


def dirty(written, out):
    """A file with faults beside the same without them, both against the schema that they should keep."""
    faulty = data_file("dirty")
    clean, schema = FOLDER / "dirty-clean.csv", FOLDER / "dirty.schema.json"
    subprocess.run([sys.executable, "bench/clean.py", faulty, clean], check=True)
    schema.write_text(page.DIRTY_SCHEMA)
    written.section(f"dirty.csv, {faulty.stat().st_size / 1e6:.0f} MB with 2,687 faults, against its declared schema")
    written.table()
    best = {}
    for path in (faulty, clean, faulty, clean):
        megabytes = warm(path)
        tools = [csvp("check", "FILE", "--schema", str(schema), does=f"{path.name}: all problems with places")]
        if path == faulty:
            tools.append(peer("duckdb", "rejects", "store_rejects, the same types"))
        taken = measure(tools, path, out, 2 * RUNS)
        if path in best:
            written.rows("check", megabytes, tools, taken)
        best[path] = max(best.get(path, 0), megabytes / taken[0].best)
    share = best[faulty] / best[clean]
    written.text(f"The dirty file is read at {share:.0%} of the speed of the clean one.")
    written.goal(share >= 0.9, f"dirty.csv at {share:.0%} of the speed of the clean file")


def detect(written, out):
    """How long it takes to say how a file is written."""
    path = FOLDER / "first.csv"
    with open(data_file("orders"), "rb") as file:
        path.write_bytes(file.read(1 << 20))
    tools = [csvp("detect", "FILE", does="encoding, dialect, header"), peer("duckdb", "detect", "sniff_csv: dialect, header, types of a sample")]
    taken = measure(tools, path, out, 2 * RUNS)
    written.section("detect, 1 MiB of orders.csv")
    written.lines(f"- {tool.name}: {runs.best * 1e3:.0f} ms, {runs.most_mib:.0f} MiB; {tool.does}" for tool, runs in zip(tools, taken))


def kernels(written, _):
    written.section("Scanners alone, one thread, in memory, MB/s")
    for name, columns in (("orders", 12), ("numeric", 20)):
        lines = subprocess.run([KERNELS, data_file(name), str(columns)], capture_output=True, text=True, check=True).stdout
        speeds = [line.split() for line in lines.splitlines()]
        written.lines([f"- {name}.csv: " + ", ".join(f"{what} {level.lower()} {int(speed):,}" for what, level, speed in speeds)])
        if name == "orders":
            written.plain = next(float(speed) for what, level, speed in speeds if (what, level) == ("index", "Plain"))


def large(written, out):
    """orders.csv, and four times its records."""
    one, four = data_file("orders"), FOLDER / "orders4.csv"
    if not four.exists():
        with open(one, "rb") as source, open(four.with_suffix(".part"), "wb") as target:
            header = source.readline()
            target.write(header)
            for _ in range(4):
                source.seek(len(header))
                shutil.copyfileobj(source, target, 1 << 20)
        four.with_suffix(".part").rename(four)
    written.section("Four times as large: orders.csv, and its records four times over (4.3 GB)")
    written.lines(["| work | 1.1 GB: MB/s, most memory | 4.3 GB: MB/s, most memory | share of the speed |", "|---|---|---|---|"])
    for work in ("count", "check", "profile", "parquet, zstd"):
        # The small file again behind the large one: a drift of the machine meets both.
        pairs = [(path, warm(path), measure(WORKS[work][:1], path, out, max(RUNS - 1, 1))[0]) for path in (one, four, one)]
        speeds = [megabytes / runs.best for _, megabytes, runs in pairs]
        small, memory = max(speeds[0], speeds[2]), max(pairs[0][2].most_mib, pairs[2][2].most_mib)
        written.lines([f"| {work} | {small:,.0f}, {memory:.0f} MiB | {speeds[1]:,.0f}, {pairs[1][2].most_mib:.0f} MiB | {speeds[1] / small:.0%} |"])
        written.goal(speeds[1] >= 0.9 * small, f"{work} of 4.3 GB at {speeds[1] / small:.0%} of the speed of 1.1 GB")
        written.goal(pairs[1][2].most_mib <= 1.1 * memory + 8, f"{work} of 4.3 GB takes {pairs[1][2].most_mib:.0f} MiB, of 1.1 GB {memory:.0f} MiB")


def hard_files(written, out):
    """Files that are hard to read fast."""
    written.section("Hard files, 64 MB each, MB/s")
    floor = written.plain * WORST_SHARE
    written.text(
        f"Made by `bench/hard.py`. `csvp check` should reach {floor:,.0f} MB/s on every one: a third of what the plain scanner "
        f"does on orders.csv ({written.plain:,.0f} MB/s, the line `index plain` above)."
    )
    written.lines(["| file | check | count | most memory of check, MiB | what it is |", "|---|---|---|---|---|"])
    for name, (what, _) in hard.FILES.items():
        path = FOLDER / "hard" / f"{name}.csv"
        subprocess.run([sys.executable, "bench/hard.py", path.parent, name], check=True, stdout=subprocess.DEVNULL)
        megabytes = warm(path)
        check, count = (measure(WORKS[work][:1], path, out, RUNS)[0] for work in ("check", "count"))
        speed = megabytes / check.best
        counted = f"{megabytes / count.best:,.0f}" if count.seconds else "refused"
        written.lines([f"| {name} | {speed:,.0f} | {counted} | {check.most_mib:.0f} | {what} |"])
        written.goal(speed >= floor, f"{name}: {speed:,.0f} MB/s")
        path.unlink()


def uploads(written, _):
    """Many small uploads and one of 100 MB, beside a web server that stores them."""
    hundred = FOLDER / "hundred.csv"
    with open(data_file("orders"), "rb") as source:
        hundred.write_bytes(source.read(100_000_000))
    warm(hundred)
    service.part(written, PROGRAM, FOLDER, hundred)
    hundred.unlink()


def data_file(name):
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        print(f"making {path} (about a minute)", flush=True)
        subprocess.run([sys.executable, KIT / "gen.py", FOLDER, LETTERS[name]], check=True, stdout=subprocess.DEVNULL)
    return path


if __name__ == "__main__":
    main()
