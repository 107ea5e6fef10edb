"""Agreement as this program answers it, against the package `krippendorff`.

    agreement.py make FILE AGENT SEED     writes judgements with gaps, as lines to import
    agreement.py check FILE URL KEY       compares what the API answers with the package
"""

import json
import random
import sys
import urllib.request

import krippendorff
import numpy

JUDGES, LABELS = 6, ["billing", "returns", "shipping", "other"]


def make(path, agent, seed):
    """Units that one to six judge; some judges are more careful than others."""
    dice = random.Random(int(seed))
    with open(path, "w", encoding="utf-8") as out:
        for unit in range(160):
            truth, output = dice.choice(LABELS), dice.choice(LABELS)
            feedback = []
            for judge in range(JUDGES):
                if dice.random() < 0.5:
                    continue
                said = {"author": f"judge{judge}@example.com", "external_id": f"{unit}-{judge}"}
                if dice.random() < 0.1:
                    feedback.append(said | {"verdict": dice.choice(["rejected", "escalated"])})
                    continue
                label = truth if dice.random() < 0.5 + judge / 12 else dice.choice(LABELS)
                if label == output:
                    feedback.append(said | {"verdict": "confirmed"})
                else:
                    feedback.append(said | {"verdict": "corrected", "correction": label})
            line = {
                "agent": agent, "external_id": str(unit), "input": f"Question {unit}",
                "output": output, "feedback": feedback,
            }
            out.write(json.dumps(line) + "\n")


def read(path):
    """A row a judge, a column a unit; what is missing is not a number."""
    with open(path, encoding="utf-8") as lines:
        units = [json.loads(line) for line in lines]
    table = numpy.full((JUDGES, len(units)), numpy.nan)
    for column, unit in enumerate(units):
        for said in unit["feedback"]:
            label = {"confirmed": unit["output"], "corrected": said.get("correction")}
            label = label.get(said["verdict"])
            if label is not None:
                row = int(said["author"].removeprefix("judge").split("@")[0])
                table[row, column] = LABELS.index(label)
    return table


def raw(table):
    equal = pairs = 0
    for column in table.T:
        values = column[~numpy.isnan(column)]
        for n, value in enumerate(values):
            equal += int((values[:n] == value).sum())
            pairs += n
    return equal / pairs


def check(path, url, key):
    table = read(path)
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        people = json.load(answer)["people"]
    judged = (~numpy.isnan(table)).sum(axis=0)
    shared = judged[judged > 1]
    assert people["units"] == len(shared), (people, len(shared))
    assert people["judgements"] == int(shared.sum()), people
    wanted = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert abs(people["alpha"] - wanted) < 1e-9, (people["alpha"], wanted)
    assert abs(people["raw"] - raw(table)) < 1e-9, (people["raw"], raw(table))
    low, high = people["interval"]
    assert low < wanted < high and high - low < 0.3, people
    print(f"  alpha {wanted:.6f} of {len(shared)} answers, {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
