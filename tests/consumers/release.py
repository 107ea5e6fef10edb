"""Loads a downloaded release as a trainer does: the folder as it is, by its card.

    release.py FOLDER [COLUMN…]   every split with these columns, as manifest and card say
"""

import hashlib
import json
import os
import sys

from datasets import load_dataset
from huggingface_hub import DatasetCard


def fail(message):
    sys.exit(f"release.py: {message}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}\n  got    {got!r}\n  wanted {wanted!r}")


def main(folder, *columns):
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    sides = {}
    for known in manifest["files"]:
        with open(os.path.join(folder, known["name"]), "rb") as file:
            content = file.read()
        expect(f"{known['name']}: bytes", len(content), known["bytes"])
        expect(f"{known['name']}: hash", hashlib.sha256(content).hexdigest(), known["sha256"])
        if known["name"].endswith(".jsonl"):
            sides[known["name"].removesuffix(".jsonl")] = known["rows"]
    card = DatasetCard.load(os.path.join(folder, "README.md"))
    splits = card.data.dataset_info["splits"]
    expect("splits of the card", {each["name"]: each["num_examples"] for each in splits}, sides)
    if not (card.data.license and card.data.size_categories and card.data.configs):
        fail(f"the card lacks something: {card.data.to_dict()}")
    told = [agent["agent"] for agent in manifest["alpha"]["agents"]]
    expect("agents of the agreement", told, [agent["slug"] for agent in manifest["agents"]])
    if not ("### Annotation process" in card.text and "### Agreement" in card.text):
        fail("the card does not say how it was annotated, and how much people agreed")
    loaded = load_dataset(folder)
    expect("rows loaded", {side: len(rows) for side, rows in loaded.items()}, sides)
    for side, rows in loaded.items():
        if columns:
            expect(f"columns of {side}", set(rows.column_names), set(columns))
        with open(os.path.join(folder, f"{side}.rows.csv"), encoding="utf-8") as file:
            expect(f"{side}: a line a row", len(file.readlines()), len(rows) + 1)
    told = ", ".join(f"{count} {side}" for side, count in sides.items())
    print(f"  {manifest['dataset']:<24} {manifest['question']['format']:<18} {told}")


main(*sys.argv[1:])
