#!/usr/bin/env python3
"""Scores which lines of spreadsheets saved as CSV are taken for preamble, header, data and notes.

usage: score_lines.py PROGRAM LINECLASS [-v]
LINECLASS holds annotations.jsonl (one class for each record) and the files by group. What the program says is
`csvp check --json`: lines of preamble, records of header and footer; all between them is data. The set also knows
derived lines (totals) and group lines (subheadings between records): to a reader of records both are data. Empty lines
are not scored. Prints the F1 of each class and their mean.
"""
import csv
import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CLASSES = {"header": "header", "metadata": "preamble", "notes": "notes", "data": "data", "derived": "data", "group": "data"}


def main():
    for name, score in scores(Path(sys.argv[1]), Path(sys.argv[2]), verbose="-v" in sys.argv).items():
        print(f"{name:24} {score:.4f}")


def scores(program, folder, verbose=False):
    """F1 of each class and their mean."""
    files = [json.loads(line) for line in (folder / "annotations.jsonl").read_text().splitlines()]
    paths = [folder / file["group"] / file["filename"] for file in files]
    pairs = Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, path, found in zip(files, paths, pool.map(lambda path: lines_of(program, path), paths)):
            truth = [CLASSES.get(line) for line in file["line_annotations"]]
            counted = Counter((wanted, got) for wanted, got in zip(truth, found) if wanted)
            pairs.update(counted)
            wrong = {f"{a} as {b}": n for (a, b), n in counted.items() if a != b}
            if wrong and verbose:
                print(sum(wrong.values()), path.relative_to(folder), wrong, sep="\t")
    each = {f"lines_{name}_f1": f1(pairs, name) for name in ["header", "preamble", "notes", "data"]}
    return {**each, "lines_macro_f1": round(sum(each.values()) / len(each), 4)}


def lines_of(program, path):
    """The class of every record of a file."""
    run = subprocess.run([program, "check", "--json", path], capture_output=True, text=True)
    facts = json.loads(run.stdout)["dialect"]
    return classes(path, int(facts["preamble_rows"]), int(facts["header_rows"]), int(facts["footer_rows"]))


def classes(path, preamble, header, footer):
    found, blank = [], []
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        line = 0
        for record in reader:
            found.append("preamble" if line < preamble else "data")
            blank.append(not record)
            line = reader.line_num
    body = [at for at, name in enumerate(found) if name == "data" and not blank[at]]
    for at in body[:header]:
        found[at] = "header"
    for at in body[len(body) - min(footer, len(body)):]:
        found[at] = "notes"
    return found


def f1(pairs, name):
    found = sum(n for (_, got), n in pairs.items() if got == name)
    true = sum(n for (wanted, _), n in pairs.items() if wanted == name)
    return round(2 * pairs[name, name] / max(found + true, 1), 4)


if __name__ == "__main__":
    main()
