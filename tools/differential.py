"""Made-up valid files through several readers, each against the table that was written. See differential.sh.

usage: differential.py CSVP FOLDER
"""

import csv
import datetime
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

# A cell larger than this is no reason for Python to stop.
csv.field_size_limit(1 << 24)
PLAIN = ["--encoding", "utf-8", "--quote", '"', "--escape", "doubled", "--comment", "none", "--preamble-rows", "0"]


def by_csvp(program, path, table):
    """Records as `csvp parse` prints them; the dialect is given, as it is to the others. Last records that it takes for a
    footer are no mistake as long as it says so: they are taken from the table."""
    options = [*PLAIN, "--header-rows", "0", "--delimiter", table["delimiter"]]
    printed = subprocess.run([program, "parse", "--json", path, *options], capture_output=True, check=False)
    if printed.returncode != 0:
        return printed.stderr.decode(errors="replace")
    found = json.loads(printed.stdout)
    footer = found["dialect"]["footer_rows"]
    return found["rows"] + table["rows"][len(table["rows"]) - footer :]


def by_python(path, table):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=table["delimiter"], strict=True))


def by_duckdb(connection, path, table):
    columns = {f"c{n}": "VARCHAR" for n in range(len(table["rows"][0]))}
    # Its strict mode refuses cells whose line ends are not those of the records.
    options = "header=false, auto_detect=false, quote='\"', escape='\"', nullstr='\\N\\N', parallel=false, strict_mode=false"
    query = f"SELECT * FROM read_csv(?, delim=?, columns={columns}, {options})"
    try:
        rows = connection.execute(query, [str(path), table["delimiter"]]).fetchall()
    except duckdb.Error as error:
        return str(error)
    return [["" if cell is None else cell for cell in row] for row in rows]


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    names = sorted(folder.glob("*.csv"))
    tables = [json.loads(name.with_suffix(".json").read_text()) for name in names]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ours = list(pool.map(by_csvp, [program] * len(names), names, tables))
    connection = duckdb.connect()
    wrong = {"csvp": [], "Python": [], "DuckDB": []}
    for path, table, found in zip(names, tables, ours):
        readings = {
            "csvp": found,
            "Python": by_python(path, table),
            "DuckDB": by_duckdb(connection, path, table),
        }
        for reader, rows in readings.items():
            if rows != table["rows"]:
                wrong[reader].append((path.name, rows))
    for reader, files in wrong.items():
        for name, rows in files[:5]:
            print(f"{reader} reads {name} otherwise: {str(rows)[:300]}", file=sys.stderr)
    cells = " | ".join(str(len(files)) for files in wrong.values())
    print(f"| {datetime.date.today()} | {len(names)} | {cells} |")
    return 1 if wrong["csvp"] else 0


if __name__ == "__main__":
    sys.exit(main())
