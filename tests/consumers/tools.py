"""Hands the records of a downloaded release to the tool they are for, by that tool's own reader.

    tools.py FORMAT FOLDER
"""

import json
import os
import sys
import types


def fail(message):
    sys.exit(f"tools.py: {message}")


def records(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)


def trl(form, folder):
    """TRL's own checks. It wants `transformers` for two types only, which are not needed here."""
    import importlib.machinery
    import warnings

    warnings.filterwarnings("ignore", "Failed to check transformers version")
    stub = types.ModuleType("transformers")
    stub.PreTrainedTokenizerBase = stub.ProcessorMixin = object
    stub.__spec__ = importlib.machinery.ModuleSpec("transformers", None)
    sys.modules["transformers"] = stub
    from datasets import load_dataset
    from trl import data_utils

    keys = {
        "sft": {"prompt", "completion"},
        "preference": {"prompt", "chosen", "rejected"},
        "kto": {"prompt", "completion", "label"},
        "openai-chat": {"messages"},
    }[form]
    count = 0
    for rows in load_dataset(folder).values():
        if missing := keys - set(rows.column_names):
            fail(f"{folder}: no column {missing}")
        for row in rows:
            if not data_utils.is_conversational(row):
                fail(f"{folder}: not conversational for TRL: {row}")
            count += 1
        if form == "preference":
            unpaired = data_utils.unpair_preference_dataset(rows)
            if len(unpaired) != 2 * len(rows) or set(unpaired["label"]) != {True, False}:
                fail(f"{folder}: TRL does not unpair it")
    return count


def inspect(_form, folder):
    from inspect_ai.dataset import json_dataset

    count = 0
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            samples = json_dataset(os.path.join(folder, name))
            for sample in samples:
                if not sample.target or not sample.metadata["signal_id"] == sample.id:
                    fail(f"{folder}: {sample}")
                if not all(message.role for message in sample.input):
                    fail(f"{folder}: {sample.input}")
            count += len(samples)
    return count


def argilla(_form, folder):
    from argilla._models import RecordModel
    from argilla.records import Record

    count = 0
    for record in records(folder):
        read = Record.from_dict(record)
        back = read.to_dict()
        for key in ("id", "fields", "metadata"):
            if back[key] != record[key]:
                fail(f"{folder}: {key} {back[key]} is not {record[key]}")
        wanted = [each["value"] for each in record["responses"].get("answer", [])]
        if [each.value for each in read.responses] != wanted:
            fail(f"{folder}: responses of {record}")
        RecordModel(fields=record["fields"], metadata=record["metadata"], external_id=record["id"])
        count += 1
    return count


CONTROLS = """<View><Text name="input" value="$text"/>{}</View>"""


def label_studio(_form, folder):
    from label_studio_sdk.label_interface import LabelInterface

    count = 0
    for task in records(folder):
        regions = [region for part in task["annotations"] + task["predictions"] for region in part["result"]]
        labels = {label for region in regions for label in region["value"].get("choices", [])}
        control = '<TextArea name="answer" toName="input"/>'
        if labels:
            choices = "".join(f'<Choice value="{label}"/>' for label in sorted(labels))
            control = f'<Choices name="answer" toName="input">{choices}</Choices>'
        page = LabelInterface(CONTROLS.format(control))
        if not page.validate_task({"data": task["data"]}):
            fail(f"{folder}: not a task: {task}")
        # Its import gives an annotation to whoever imports it; the check here asks for a number.
        for annotation in task["annotations"]:
            if not page.validate_annotation(annotation | {"completed_by": 1}):
                fail(f"{folder}: not an annotation: {annotation}")
        for prediction in task["predictions"]:
            if not page.validate_prediction(prediction):
                fail(f"{folder}: not a prediction: {prediction}")
        for region in regions:
            if not page.validate_region(region):
                fail(f"{folder}: not a region: {region}")
        count += 1
    return count


def openai_evals(_form, folder):
    """OpenAI's own evals, which read the file themselves: a model that gives what is ideal is right
    every time, and one that says something else never."""
    os.environ |= {"OPENAI_API_KEY": "none", "EVALS_SEQUENTIAL": "1", "EVALS_SHOW_EVAL_PROGRESS": ""}
    from pathlib import Path

    from evals.api import CompletionResult
    from evals.base import RunSpec
    from evals.elsuite.basic.includes import Includes
    from evals.elsuite.basic.match import Match
    from evals.record import RecorderBase

    class Said(CompletionResult):
        def __init__(self, text):
            self.text = text

        def get_completions(self):
            return [self.text]

    def accuracy(template, path, answer):
        model = lambda prompt, **_: Said(answer(json.dumps(prompt)))
        run = template([model], path, eval_registry_path=Path(folder), name="overrule.release")
        recorder = RecorderBase(RunSpec(["model"], "overrule.release", "overrule", "release", {}, ""))
        run.eval_all_samples(recorder, run.get_samples())
        matches = [event.data["correct"] for event in recorder.get_events("match")]
        return len(matches), sum(matches)

    count = 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".jsonl"):
            continue
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            cases = [json.loads(line) for line in file]
        ideals = {json.dumps(case["input"]): case["ideal"] for case in cases}
        for template in (Match, Includes):
            right = accuracy(template, path, ideals.get)
            wrong = accuracy(template, path, lambda prompt: "?")
            if right != (len(cases), len(cases)) or wrong != (len(cases), 0):
                fail(f"{path}: {template.__name__} of {len(cases)}: {right} right, {wrong} wrong")
        count += len(cases)
    return count


TOOLS = {
    "sft": trl,
    "preference": trl,
    "kto": trl,
    "openai-chat": trl,
    "eval": inspect,
    "argilla": argilla,
    "label-studio": label_studio,
    "openai-evals": openai_evals,
}

form, folder = sys.argv[1:]
if form in TOOLS:
    print(f"  {os.path.basename(folder):<24} {TOOLS[form](form, folder)} records by {TOOLS[form].__name__}")
