#!/usr/bin/env python3
"""One piece of work by one tool, in a process of its own: peers.py TOOL WORK FILE OUT

The tools are what they are when somebody installs them: default settings but for what the work names.
"""
import os
import sys

# Columns of dirty.csv, as DuckDB declares them.
DECLARED = {
    "order_id": "BIGINT", "order_uuid": "UUID", "created_at": "TIMESTAMP", "ship_date": "DATE", "email": "VARCHAR",
    "customer_name": "VARCHAR", "note": "VARCHAR", "unit_price": "DECIMAL(12,2)", "quantity": "INTEGER",
    "paid": "BOOLEAN", "country": "VARCHAR", "discount_rate": "DOUBLE",
}


def duckdb(work, path, out):
    import duckdb as module

    connection = module.connect()
    every = f"read_csv('{path}', sample_size=-1)"
    copy = f"COPY (FROM {{}}) TO '{out}' (FORMAT parquet, COMPRESSION {{}})"
    statements = {
        "count": f"SELECT count(*) FROM read_csv('{path}')",
        "types": f"DESCRIBE FROM {every}",
        "profile": f"SUMMARIZE FROM {every}",
        "zstd": copy.format(f"read_csv('{path}')", "zstd"),
        "snappy": copy.format(f"read_csv('{path}')", "snappy"),
        "zstd-all": copy.format(every, "zstd"),
        "detect": f"FROM sniff_csv('{path}')",
    }
    if work == "zstd-unordered":
        connection.execute("SET preserve_insertion_order = false")
        work = "zstd"
    if work == "rejects":
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in DECLARED.items())
        read = f"read_csv('{path}', header=true, auto_detect=false, store_rejects=true, columns={{{columns}}})"
        counts = ", ".join(f"count({name})" for name in DECLARED)
        connection.execute(f"SELECT {counts} FROM {read}").fetchall()
        statements["rejects"] = "SELECT count(*) FROM reject_errors"
    print(connection.execute(statements[work]).fetchall()[-1])


def polars(work, path, out):
    import polars as module

    if work == "count":
        print(module.scan_csv(path).select(module.len()).collect(engine="streaming"))
    elif work == "types":
        print(module.scan_csv(path, infer_schema_length=None).collect_schema())
    else:
        module.scan_csv(path, try_parse_dates=True).sink_parquet(out, compression=work)


def pyarrow(work, path, out):
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    parse = csv.ParseOptions(newlines_in_values="numeric" not in path)
    read = csv.ReadOptions(block_size=4 << 20)
    if work == "types":
        print(csv.read_csv(path, read_options=read, parse_options=parse).schema)
        return
    only = None
    if work == "count":
        with open(path, encoding="utf-8") as file:
            only = csv.ConvertOptions(include_columns=[file.readline().split(",")[0].strip('"\n')])
    writer, records = None, 0
    for batch in csv.open_csv(path, read_options=read, parse_options=parse, convert_options=only):
        records += batch.num_rows
        if work != "count":
            writer = writer or parquet.ParquetWriter(out, batch.schema, compression=work)
            writer.write_batch(batch)
    if writer:
        writer.close()
    print(records)


if __name__ == "__main__":
    tool, what, file, to = sys.argv[1:5]
    os.environ.setdefault("POLARS_MAX_THREADS", str(os.cpu_count()))
    {"duckdb": duckdb, "polars": polars, "pyarrow": pyarrow}[tool](what, file, to)
