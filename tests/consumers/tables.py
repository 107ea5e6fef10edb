"""Reads the tables of a downloaded release with the tools that read tables, and compares them with
its lines.

    tables.py FOLDER    every SIDE.parquet and SIDE.csv against SIDE.jsonl
"""

import csv
import json
import os
import sys

import duckdb
import pandas
import polars
import pyarrow.parquet
from datasets import load_dataset


def fail(message):
    sys.exit(f"tables.py: {message}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}\n  got    {got!r}\n  wanted {wanted!r}")


def without_nulls(value):
    """Tables fill keys that a row doesn't have with null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    return value


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file.read().split("\n") if line]


def parquet(path, wanted):
    """By each reader on its own: how many rows, and with `datasets` what is in them."""
    loaded = load_dataset("parquet", data_files=path, split="train")
    expect(f"{path}: rows by datasets", without_nulls(list(loaded)), without_nulls(wanted))
    count = duckdb.sql(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()[0][0]
    frames = {"pandas": pandas.read_parquet(path), "polars": polars.read_parquet(path)}
    for reader, frame in frames.items():
        expect(f"{path}: rows by {reader}", len(frame), len(wanted))
        expect(f"{path}: columns by {reader}", list(frame.columns), loaded.column_names)
    expect(f"{path}: rows by DuckDB", count, len(wanted))
    about = pyarrow.parquet.ParquetFile(path)
    codecs = {
        about.metadata.row_group(0).column(n).compression
        for n in range(about.metadata.num_columns)
    }
    expect(f"{path}: compression", codecs, {"ZSTD"})
    return loaded.features


def main(folder):
    sides = [name.removesuffix(".jsonl") for name in sorted(os.listdir(folder)) if name.endswith(".jsonl")]
    features = []
    for side in sides:
        wanted = lines(os.path.join(folder, f"{side}.jsonl"))
        path = os.path.join(folder, f"{side}.parquet")
        if os.path.exists(path):
            features.append(parquet(path, wanted))
        path = os.path.join(folder, f"{side}.csv")
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            texts = [{key: "" if v is None else str(v) for key, v in row.items()} for row in wanted]
            expect(f"{path}: rows", rows, texts)
    if not features:
        fail(f"{folder}: no table")
    for other in features[1:]:
        expect(f"{folder}: the same columns on every side", other, features[0])
    # What the card says is what the tables say.
    expect(f"{folder}: columns of the card", load_dataset(folder)[sides[0]].features, features[0])
    print(f"  {os.path.basename(folder):<24} tables of {', '.join(sides)}")


main(*sys.argv[1:])
