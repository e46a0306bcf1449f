#!/usr/bin/env python3
"""Real files, three ways: `csvp check`, an upload by curl, and the published Parquet read by pyarrow.

usage: check_real.py PROGRAM FOLDER, with BASE_URL naming a running server. FOLDER/README.md holds the table
`| file | bytes | data records | columns |` with the counts that an independent reader finds.

For each file:
1. `csvp check --json` gives the records and columns of the table.
2. curl uploads the file; the server gives the same counts, and the original back byte for byte.
3. The server's clean.parquet and the one of `csvp convert`, read by pyarrow, have one row for each accepted record and
   the same schema and values as each other.
4. Every cell of every row, compared with what Python's csv module reads:
   - null in Parquet where, and only where, the text is empty or one of the column's null words;
   - text: the same text;
   - integer, decimal, boolean, date, time, timestamp: the value, written by this script in the column's own format,
     is the same text, character by character;
   - float: the text, read by Python's float(), is the same 64-bit number. Here the text itself is not compared.
   Rejected records are left out on the text's side, and their number must be what the report says.
   A type or format that this script cannot write fails the run: nothing is skipped.
"""
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

csv.field_size_limit(1 << 30)
MONTHS = "January February March April May June July August September October November December".split()


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    base = os.environ["BASE_URL"]
    table = (folder / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"^\| (\S+\.csv) \| (\d+) \| (\d+) \| (\d+) \|", table, re.M)
    if not files:
        sys.exit(f"error: no table of files in {folder}/README.md")
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, size, records, columns in files:
            faults = check_file(program, base, folder / name, int(size), int(records), int(columns), Path(scratch))
            failed += bool(faults)
            print(f"  {'FAILED' if faults else 'ok'} {name}: {records} records, {columns} columns")
            for fault in faults[:10]:
                print(f"    {fault}")
    print(f"real: {len(files) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def check_file(program, base, path, size, records, columns, scratch):
    faults = []

    def equal(what, found, expected):
        if found != expected:
            faults.append(f"{what}: expected {expected}, found {found}")

    run = subprocess.run([program, "check", "--json", path], capture_output=True, text=True)
    if run.returncode not in (0, 1):
        return [f"csvp check ended with {run.returncode}: {run.stderr.strip()}"]
    report = json.loads(run.stdout)
    counts = report["counts"]
    equal("size", report["file"]["size_bytes"], size)
    equal("data records by csvp check", counts["accepted"] + counts["rejected"], records)
    equal("columns by csvp check", len(report["columns"]), columns)

    upload = send(base, path)
    equal("state of the upload", upload["state"], "completed")
    if upload["state"] != "completed":
        return faults
    summary = upload["summary"]
    equal("data records by upload", summary["accepted"] + summary["rejected"], records)
    equal("columns by upload", summary["columns"], columns)
    files = f"{base}/api/v1/uploads/{upload['id']}/files"
    original = hashlib.sha256(fetch(f"{files}/original")).hexdigest()
    equal("SHA-256 of the original", original, hashlib.sha256(path.read_bytes()).hexdigest())

    served, converted = scratch / "served.parquet", scratch / "converted.parquet"
    served.write_bytes(fetch(f"{files}/clean.parquet"))
    subprocess.run([program, "convert", path, "-o", converted], check=True, stderr=subprocess.DEVNULL)
    rows = pq.read_table(served)
    if not rows.equals(pq.read_table(converted), check_metadata=True):
        faults.append("clean.parquet of the server and of `csvp convert` differ")
    faults += compare(path, report, rows)
    return faults


def send(base, path):
    """Uploads by curl; waits for the end of the events when the answer came before the result."""
    upload = json.loads(curl("--data-binary", f"@{path}", f"{base}/api/v1/uploads?name={path.name}"))
    if upload["state"] in ("queued", "processing"):
        # The stream of events ends when the upload is done.
        curl("--no-buffer", f"{base}{upload['links']['events']}")
        upload = json.loads(curl(f"{base}{upload['links']['self']}"))
    return upload


def fetch(url):
    return curl(url)


def curl(*arguments):
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "300", *arguments]
    run = subprocess.run(command, capture_output=True)
    if run.returncode != 0:
        sys.exit(f"error: curl failed: {run.stderr.decode()} {run.stdout.decode()[:500]}")
    return run.stdout


def compare(path, report, rows):
    """Every cell of the Parquet table against the text of the file."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *records = list(csv.reader(file))
    rejected = {p["position"]["record"] for p in report["problems"]["first"] if p["severity"] == "error"}
    rejected.discard(None)
    if len(rejected) != report["counts"]["rejected"]:
        return [f"expected {report['counts']['rejected']} rejected records among the problems, found {len(rejected)}"]
    accepted = [record for number, record in enumerate(records, 1) if number not in rejected]
    faults = []
    if rows.num_rows != len(accepted):
        return [f"rows of Parquet: expected {len(accepted)}, found {rows.num_rows}"]
    if rows.schema.names != header:
        return [f"columns of Parquet: expected {header}, found {rows.schema.names}"]
    for at, column in enumerate(report["columns"]):
        texts = [record[at] for record in accepted]
        fault = compare_column(column, rows.column(at), texts)
        if fault:
            faults.append(f"column {column['name']}: {fault}")
    return faults


def compare_column(column, values, texts):
    """The first difference, or none. Each distinct value is written once."""
    kind = column["type"]["kind"]
    nulls = {"", *column["null_words"]}
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    distinct = encoded.dictionary.to_pylist() if kind != "timestamp" else timestamps(encoded.dictionary)
    if kind == "float":
        same = [lambda text, value=value: float(text.replace(column["type"]["marks"]["decimal"], ".")) == value for value in distinct]
    else:
        written = [write(column["type"], value) for value in distinct]
    for number, (index, text) in enumerate(zip(encoded.indices.to_pylist(), texts), 1):
        if index is None:
            if text not in nulls:
                return f"row {number}: expected `{text}`, found null"
        elif text in nulls:
            return f"row {number}: expected null for `{text}`, found `{distinct[index]}`"
        elif kind == "float":
            if not same[index](text):
                return f"row {number}: expected the number `{text}`, found {distinct[index]!r}"
        elif written[index] != text:
            return f"row {number}: expected `{text}`, found `{written[index]}`"
    return None


def timestamps(values):
    """Whole microseconds as Python's datetime, in UTC where the column has a zone."""
    return [value if value is None or value.tzinfo is None else value.astimezone(timezone.utc) for value in values.to_pylist()]


def write(column_type, value):
    """The value as text in the column's format; fails for what it does not know."""
    kind = column_type["kind"]
    if kind == "text":
        return value
    if kind == "integer":
        return group(str(abs(value)), value < 0, column_type["marks"])
    if kind == "decimal":
        return write_decimal(column_type, value)
    if kind == "boolean":
        return column_type["true_word"] if value else column_type["false_word"]
    if kind in ("date", "time", "timestamp"):
        return write_time(column_type["format"], value)
    raise SystemExit(f"error: this script cannot write the type {column_type}")


def group(digits, negative, marks):
    if marks.get("group"):
        digits = re.sub(r"(?<=\d)(?=(\d{3})+$)", marks["group"], digits)
    return ("-" if negative else "") + digits


def write_decimal(column_type, value):
    whole, _, fraction = f"{abs(value):.{column_type['scale']}f}".partition(".")
    form = column_type["form"]
    if form == "minimal":
        fraction = fraction.rstrip("0")
    elif form == "fixed_or_whole":
        fraction = fraction if fraction.strip("0") else ""
    elif form != "fixed":
        raise SystemExit(f"error: this script cannot write the decimal form {form}")
    text = group(whole, value < 0, column_type["marks"])
    return f"{text}{column_type['marks']['decimal']}{fraction}" if fraction else text


def write_time(pattern, value):
    signs = {
        "%Y": lambda: f"{value.year:04}", "%y": lambda: f"{value.year % 100:02}",
        "%m": lambda: f"{value.month:02}", "%-m": lambda: str(value.month),
        "%b": lambda: MONTHS[value.month - 1][:3], "%B": lambda: MONTHS[value.month - 1],
        "%d": lambda: f"{value.day:02}", "%-d": lambda: str(value.day),
        "%H": lambda: f"{value.hour:02}", "%-H": lambda: str(value.hour),
        "%M": lambda: f"{value.minute:02}", "%S": lambda: f"{value.second:02}",
        "%I": lambda: f"{(value.hour + 11) % 12 + 1:02}", "%-I": lambda: str((value.hour + 11) % 12 + 1),
        "%p": lambda: "PM" if value.hour >= 12 else "AM",
        "%.3f": lambda: f".{value.microsecond // 1000:03}", "%.6f": lambda: f".{value.microsecond:06}",
    }

    def sign(match):
        if match[0] not in signs:
            raise SystemExit(f"error: this script cannot write the sign {match[0]} of the format {pattern}")
        return signs[match[0]]()

    return re.sub(r"%(?:[-^]|\.?\d)?[A-Za-z]", sign, pattern)


if __name__ == "__main__":
    main()
