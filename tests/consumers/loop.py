"""Trains the small classifier with and without the released overrides, and says how often each is
right on questions it never saw.

    loop.py SEED RELEASE TEST
"""

import csv
import json
import os
import sys

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def accuracy(examples, test):
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=20, max_iter=1000),
    )
    model.fit([text for text, _ in examples], [label for _, label in examples])
    return model.score([text for text, _ in test], [label for _, label in test])


def pairs(rows):
    return [(row["text"], row["label"]) for row in rows]


def main(seed, release, test):
    with open(seed, encoding="utf-8") as file:
        seed = json.load(file)
    seed = pairs(seed) if isinstance(seed[0], dict) else [tuple(pair) for pair in seed]
    with open(os.path.join(release, "train.jsonl"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with open(test, encoding="utf-8", newline="") as file:
        test = pairs(csv.DictReader(file))
    corrected = [row for row in rows if row["label"] != row["predicted"]]
    before = accuracy(seed, test)
    with_corrections = accuracy(seed + pairs(corrected), test)
    with_all = accuracy(seed + pairs(rows), test)
    print(f"seed alone                 {len(seed):>5} examples  {before:.1%}")
    print(f"and released corrections   {len(corrected):>5} examples  {with_corrections:.1%}")
    print(f"and released confirmations {len(rows):>5} examples  {with_all:.1%}")
    if with_corrections <= before + 0.1:
        sys.exit("loop.py: the overrides did not help")


main(*sys.argv[1:])
