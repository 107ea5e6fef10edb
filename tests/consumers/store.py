"""Reads pushed releases where they lie, as tables are read.

    store.py bucket ENDPOINT NAME                  makes a bucket
    store.py read ENDPOINT BUCKET/PREFIX DATASET FOLDER
        the Parquet of DATASET at the store against the lines of the downloaded release in FOLDER
"""

import glob
import json
import os
import sys
import tempfile

import duckdb
import polars
import pyarrow.dataset
import pyarrow.fs
from datasets import load_dataset


def fail(message):
    sys.exit(f"store.py: {message}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}\n  got    {got!r}\n  wanted {wanted!r}")


def store(endpoint):
    scheme, address = endpoint.split("://")
    return pyarrow.fs.S3FileSystem(
        access_key="key",
        secret_key="secret",
        region="us-east-1",
        scheme=scheme,
        endpoint_override=address,
        allow_bucket_creation=True,
    )


def counted(folder):
    """How many rows each side has, by its lines."""
    counts = {}
    for path in glob.glob(f"{folder}/*.jsonl"):
        with open(path, encoding="utf-8") as file:
            side = os.path.basename(path).removesuffix(".jsonl")
            counts[side] = sum(1 for line in file)
    return counts


def read(endpoint, place, dataset, folder):
    there, wanted = store(endpoint), counted(folder)
    # PyArrow, from the prefix on: whatever isn't Parquet, and what begins with `_`, is no table.
    selector = pyarrow.fs.FileSelector(f"{place}/dataset={dataset}", recursive=True)
    files = [file.path for file in there.get_file_info(selector) if file.path.endswith(".parquet")]
    table = pyarrow.dataset.dataset(
        files, filesystem=there, partitioning="hive", partition_base_dir=place
    ).to_table()
    by_side = table.group_by("split").aggregate([("split", "count")]).to_pylist()
    expect("rows by PyArrow", {row["split"]: row["split_count"] for row in by_side}, wanted)
    options = {
        "aws_endpoint_url": endpoint,
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
    }
    every = f"dataset={dataset}/release=*/split=*/*.parquet"
    frame = polars.scan_parquet(
        f"s3://{place}/{every}", storage_options=options, hive_partitioning=True
    )
    frame = frame.group_by("split").len().collect()
    expect("rows by Polars", dict(frame.rows()), wanted)
    # DuckDB reads a store by an extension that it fetches; here the same names in a folder do.
    with tempfile.TemporaryDirectory() as local:
        pyarrow.fs.copy_files(place, local, source_filesystem=there)
        sides = duckdb.sql(
            f"SELECT split, count(*) FROM read_parquet('{local}/{every}', hive_partitioning = true) "
            f"WHERE dataset = '{dataset}' AND release = 1 GROUP BY split"
        ).fetchall()
        expect("rows by DuckDB", dict(sides), wanted)
        root = f"{local}/dataset={dataset}/release=1"
        data_files = {side: f"{root}/split={side}/*.parquet" for side in wanted}
        loaded = load_dataset("parquet", data_files=data_files)
        expect("rows by datasets", {side: len(rows) for side, rows in loaded.items()}, wanted)
        with open(f"{root}/_about/manifest.json", encoding="utf-8") as file:
            for told in json.load(file)["files"]:
                expect("files of the manifest", bool(there_is(root, told["name"])), True)


def there_is(root, name):
    side = name.split(".")[0]
    return glob.glob(f"{root}/split={side}/*-{name}") or glob.glob(f"{root}/_about/{name}")


if __name__ == "__main__":
    if sys.argv[1] == "bucket":
        store(sys.argv[2]).create_dir(sys.argv[3])
    else:
        read(*sys.argv[2:])
        print("  " + sys.argv[4])
