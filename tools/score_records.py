#!/usr/bin/env python3
"""Scores which ill-formed records of real files are found.

usage: score_records.py PROGRAM SURAGH [-v]
SURAGH holds annotation/*/*_GT.csv (numbers of ill-formed and well-formed records, from 1, header included) and
files/*/*.csv. A record counts as found when the program skips it (preamble, header, footer, comment, blank) or reports a problem
of it that is a warning or an error. Prints precision and recall over the records of all files, with the defaults and with
`--unusual`, which also names records with a cell that looks unlike the others of its column.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

csv.field_size_limit(1 << 30)


def main():
    for name, score in scores(Path(sys.argv[1]), Path(sys.argv[2]), verbose="-v" in sys.argv).items():
        print(f"{name:24} {score:.4f}")


def scores(program, folder, verbose=False):
    """Precision and recall over the records of all files, as they come and with records that look unusual."""
    usual = one(program, folder, [], verbose)
    unusual = one(program, folder, ["--unusual"], verbose)
    return {
        "records_precision": usual[0],
        "records_recall": usual[1],
        "records_unusual_precision": unusual[0],
        "records_unusual_recall": unusual[1],
    }


def one(program, folder, options, verbose):
    files = {path.stem: path for path in folder.glob("files/*/*.csv")}
    truths = sorted(folder.glob("annotation/*/*.csv"))
    paths = [files[path.name.split("_GT")[0]] for path in truths]
    right = found_all = true_all = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for truth, path, found in zip(truths, paths, pool.map(lambda path: found_in(program, path, options), paths)):
            ill, well = annotated(truth)
            found &= ill | well
            right += len(found & ill)
            found_all += len(found)
            true_all += len(ill)
            if verbose:
                print(f"{path.stem}\tmissed {len(ill - found)}\tfalse {len(found - ill)}\tof {len(ill)}/{len(ill | well)}")
    return round(right / max(found_all, 1), 4), round(right / max(true_all, 1), 4)


def annotated(path):
    with open(path, newline="") as file:
        rows = {row[0]: {int(n) for n in row[1].split(",") if n.strip()} for row in csv.reader(file) if len(row) > 1}
    return rows.get("ill formed rows indices", set()), rows.get("well formed rows indices", set())


def found_in(program, path, options=()):
    """Numbers of the records that are skipped or have a problem."""
    with open(path, encoding="latin-1", newline="") as file:
        reader = csv.reader(file)
        records, line = [], 1
        for record in reader:
            records.append((line, reader.line_num, record))
            line = reader.line_num + 1
    with tempfile.NamedTemporaryFile(suffix=".csv") as problems:
        command = [program, "check", "--json", *options, "--problems", problems.name, path]
        run = subprocess.run(command, capture_output=True, text=True)
        dialect = json.loads(run.stdout)["dialect"]
        with open(problems.name, encoding="utf-8", newline="") as file:
            bad = {int(row["line"]) for row in csv.DictReader(file) if row["severity"] != "info" and row["record"]}
    comment = dialect["comment"]
    found = set()
    for n, (first, last, record) in enumerate(records, 1):
        skipped = not record or comment and record[0].startswith(comment)
        if skipped or any(line in bad for line in range(first, last + 1)):
            found.add(n)
    found |= {n for n, (first, _, _) in enumerate(records, 1) if first <= dialect["preamble_rows"]}
    kept = [n for n, (_, _, record) in enumerate(records, 1) if record and not (comment and record[0].startswith(comment))]
    body = [n for n in kept if records[n - 1][0] > dialect["preamble_rows"]]
    found |= set(body[:dialect["header_rows"]])
    return found | set(body[len(body) - dialect["footer_rows"]:])


if __name__ == "__main__":
    main()
