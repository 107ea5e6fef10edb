"""Loads exported training files as their users do, with Hugging Face's `datasets`, and compares
them with the interactions they were made from.

    load.py fixture KIND SOURCE EXPORTS   every format of one fixture, in the folder EXPORTS
    load.py preference SOURCE EXPORT      one preference file against its source
    load.py rows EXPORT NUMBER            one file has so many rows
    load.py same SIGNALS SIGNALS          two signals files differ only in ids, times, reviewers
"""

import collections
import json
import os
import re
import sys
from datetime import datetime
from decimal import Decimal

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")
UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
MADE_HERE = {"id", "signal_id", "decided_at"}
COLUMNS = {
    "sft": {"prompt", "completion"},
    "preference": {"prompt", "chosen", "rejected"},
    "kto": {"prompt", "completion", "label"},
    "openai-chat": {"messages"},
    "openai-preference": {"input", "preferred_output", "non_preferred_output"},
    "classification": {"text", "label", "label_id", "predicted"},
    "eval": {"id", "input", "target", "metadata"},
    "argilla": {"id", "fields", "metadata", "suggestions", "responses"},
    "label-studio": {"data", "predictions", "annotations"},
}
# Formats whose exact keys belong to another tool: these must be there, others may be.
NEEDED = {"promptfoo": {"vars", "assert"}, "openai-evals": {"input", "ideal"}}
CHAT = {"sft", "preference", "kto", "openai-chat"}
HAS_IDS_BESIDE = set(COLUMNS) - {"eval", "argilla", "label-studio"}
# What tools for annotators take has a record for each feedback.
ANNOTATED = {"argilla", "label-studio"}


def fail(message):
    sys.exit(f"load.py: {message}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}\n  got    {got!r}\n  wanted {wanted!r}")


def same_rows(what, got, wanted):
    """The same rows, as often, in any order."""
    count = lambda rows: collections.Counter(json.dumps(row, sort_keys=True) for row in rows)
    got, wanted = count(got), count(wanted)
    if got != wanted:
        fail(f"{what}\n  not wanted {list(got - wanted)[:3]}\n  missing    {list(wanted - got)[:3]}")


def number(spelling):
    return {"number as spelled": spelling}


def exact(text):
    """JSON in which the order of keys and the spelling of numbers count."""
    pairs = lambda items: {"object": [list(item) for item in items]}
    return json.loads(text, parse_int=number, parse_float=number, object_pairs_hook=pairs)


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [line for line in file.read().split("\n") if line]


def without_nulls(value):
    """Tables fill keys that a row doesn't have with null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    return value


def load(path):
    from datasets import load_dataset

    return load_dataset("json", data_files=path, split="train")


# What the contract says must come out, worked out here a second time.


class Source:
    """One line of the source. For kind `json` outputs are kept as spelled, else plainly."""

    def __init__(self, kind, text):
        self.line, self.exact = json.loads(text), dict(exact(text)["object"])
        given = self.line["input"]
        self.prompt = [{"role": "user", "content": given}] if isinstance(given, str) else given
        self.tools = self.line.get("tools") or []
        spelled = kind == "json"
        self.output = (self.exact if spelled else self.line).get("output")
        # Feedback that is neither superseded by its author's next nor declined.
        newest = {}
        for n, (plain, as_sent) in enumerate(zip(self.line["feedback"], self.exact["feedback"])):
            feedback = {"verdict": plain["verdict"], "exact": dict(as_sent["object"])}
            feedback["correction"] = (feedback["exact"] if spelled else plain).get("correction")
            feedback["declined"] = plain.get("status") == "declined"
            newest[plain.get("author", n)] = feedback
        self.current = [feedback for feedback in newest.values() if not feedback["declined"]]

    def target(self, feedback):
        right = {"confirmed": self.output, "corrected": feedback["correction"]}
        return right.get(feedback["verdict"])


def assistant(kind, output):
    if kind == "message":
        return [output]
    return [{"role": "assistant", "content": output}]


def comparable(kind, row):
    """Answers of kind `json` are JSON in a string: compare what it says."""
    if kind != "json":
        return row
    row = json.loads(json.dumps(row))
    for key in ("completion", "chosen", "rejected", "preferred_output", "non_preferred_output"):
        for message in row.get(key, []):
            message["content"] = exact(message["content"])
    if "messages" in row:
        row["messages"][-1]["content"] = exact(row["messages"][-1]["content"])
    return row


def wanted_rows(kind, form, sources, labels):
    for source in sources:
        for feedback in source.current:
            yield from wanted_of(kind, form, source, feedback, labels)


def wanted_of(kind, form, source, feedback, labels):
    prompt, output, target = source.prompt, source.output, source.target(feedback)
    if form in ANNOTATED:
        yield {"has_answer": target is not None}
        return
    extra = {"tools": source.tools} if source.tools else {}
    if form == "kto":
        if feedback["verdict"] == "confirmed":
            yield {"prompt": prompt, "completion": assistant(kind, output), "label": True} | extra
        if feedback["verdict"] in ("corrected", "rejected") and output is not None:
            yield {"prompt": prompt, "completion": assistant(kind, output), "label": False} | extra
        if feedback["verdict"] == "corrected":
            yield {"prompt": prompt, "completion": assistant(kind, target), "label": True} | extra
        return
    if target is None:
        return
    if form == "sft":
        yield {"prompt": prompt, "completion": assistant(kind, target)} | extra
    elif form == "openai-chat":
        yield {"messages": prompt + assistant(kind, target)} | extra
    elif form in ("preference", "openai-preference"):
        if feedback["verdict"] != "corrected" or output is None:
            return
        better, worse = assistant(kind, target), assistant(kind, output)
        if form == "preference":
            yield {"prompt": prompt, "chosen": better, "rejected": worse} | extra
        else:
            yield {
                "input": {"messages": prompt} | extra,
                "preferred_output": better,
                "non_preferred_output": worse,
            }
    elif form == "classification":
        yield {
            "text": next(m["content"] for m in reversed(prompt) if m["role"] == "user"),
            "label": target,
            "label_id": labels.index(target),
            "predicted": output,
        }
    else:
        yield {"prompt": prompt, "target": target}


# The checks.


def check_beside(path, form, rows):
    with open(f"{path}.manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    expect(f"{path}.manifest.json: rows", manifest.get("rows", rows), rows)
    if form in HAS_IDS_BESIDE or os.path.exists(f"{path}.ids"):
        ids = lines(f"{path}.ids")
        expect(f"{path}.ids: one id a row", len(ids), rows)
        expect(f"{path}.ids: ids", [i for i in ids if not UUID7.match(i)], [])


def check_columns(path, form, dataset, rows, tools):
    names = set(dataset.column_names)
    if form in NEEDED:
        expect(f"{path}: columns", NEEDED[form] - names, set())
        return
    allowed = {"tools"} if tools and form in CHAT else set()
    expect(f"{path}: columns", names - allowed, COLUMNS[form])
    if form == "sft" and tools:
        expect(f"{path}: tools come along", "tools" in names, True)
    if form == "kto":
        expect(f"{path}: label is a bool", {type(row["label"]) for row in rows}, {bool})
    if form == "classification":
        types = {(type(r["text"]), type(r["label"]), type(r["label_id"])) for r in rows}
        expect(f"{path}: types", types, {(str, str, int)})
    if form == "eval":
        expect(f"{path}: ids differ", len({row["id"] for row in rows}), len(rows))
        expect(f"{path}: metadata", {type(row["metadata"]) for row in rows}, {dict})


def as_messages(given):
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def promptfoo_case(row):
    """A case as promptfoo fills it in: what would mean something to it is a template of itself."""
    said = lambda text: re.sub(r"\{\{ '(\{|\}|file:|package:)' \}\}", r"\1", text)
    given, (check,) = said(row["vars"]["input"]), row["assert"]
    expect("how promptfoo compares", check["type"], "equals")
    value = check["value"]
    return {
        "prompt": as_messages(json.loads(given) if given.startswith("[") else given),
        "target": said(value) if isinstance(value, str) else value,
    }


def check_eval(path, kind, form, rows, wanted):
    """Inputs and targets of the formats of evaluation tools."""
    target_of = {"eval": "target", "openai-evals": "ideal"}
    if form == "promptfoo":
        got = [promptfoo_case(row) for row in rows]
        if kind in ("json", "message"):
            # Its answers are compared by scripts/consumers, which lets promptfoo judge them.
            got, wanted = ([{"prompt": row["prompt"]} for row in some] for some in (got, wanted))
        same_rows(path, without_nulls(got), without_nulls(wanted))
        return
    expect(f"{path}: target is text", {type(row[target_of[form]]) for row in rows}, {str})
    got = [{"prompt": as_messages(r["input"]), "target": r[target_of[form]]} for r in rows]
    if kind == "json":
        got = [row | {"target": exact(row["target"])} for row in got]
    if kind == "message":
        # inspect has a shape of its own for tools, so roles and texts are compared.
        brief = lambda row: {"prompt": [[m["role"], m.get("content") or ""] for m in row["prompt"]]}
        got, wanted = [brief(row) for row in got], [brief(row) for row in wanted]
    same_rows(path, without_nulls(got), without_nulls(wanted))


def check_training(path, kind, form, sources, labels):
    texts = lines(path)
    rows = [json.loads(text) for text in texts]
    for text in texts:
        if found := ADDRESS.search(text):
            fail(f"{path}: an address in a training file: {found.group()}")
    wanted = list(wanted_rows(kind, form, sources, labels))
    if not wanted:
        fail(f"{path}: the fixture has nothing for this format")
    expect(f"{path}: rows", len(rows), len(wanted))
    dataset = load(path)
    expect(f"{path}: rows loaded", len(dataset), len(wanted))
    check_columns(path, form, dataset, rows, any(s.tools for s in sources))
    check_beside(path, form, len(rows))
    if form in ANNOTATED:
        answers = {"argilla": lambda row: row["responses"], "label-studio": lambda row: row["annotations"]}
        got = [{"has_answer": bool(answers[form](row))} for row in rows]
        same_rows(f"{path}: answers", got, wanted)
        return
    if form in ("eval", "openai-evals", "promptfoo"):
        check_eval(path, kind, form, rows, wanted)
        return
    what = f"{path}: loaded otherwise than written"
    same_rows(what, without_nulls(list(dataset)), without_nulls(rows))
    got = [comparable(kind, row) for row in rows]
    for row in got + wanted:
        # Only sft promises `tools` beside the messages.
        if form != "sft":
            row.pop("tools", None)
            if isinstance(row.get("input"), dict):
                row["input"].pop("tools", None)
    same_rows(path, without_nulls(got), without_nulls(wanted))


def check_signals(path, sources):
    texts = lines(path)
    expect(f"{path}: rows loaded", len(load(path)), len(texts))
    check_beside(path, "signals", len(texts))
    key = lambda line: json.dumps(line["input"])
    given = {key(source.line): source for source in sources}
    seen = set()
    for text in texts:
        line, spelled = json.loads(text), dict(exact(text)["object"])
        what = f"{path}: {key(line)}"
        source = given.get(key(line))
        expect(f"{what}: is in the source", source is not None, True)
        expect(f"{what}: id", bool(UUID7.match(line["id"])), True)
        seen.add(key(line))
        compare_sent(what, source.exact, spelled)
        feedback = [dict(item["object"]) for item in spelled["feedback"]]
        for sent in source.current:
            compare_feedback(what, sent["exact"], feedback)
    needed = {key(source.line) for source in sources if source.current}
    expect(f"{path}: missing", needed - seen, set())


def compare_sent(what, sent, got):
    """What was sent came out: texts and JSON to the letter, numbers and times by what they mean."""
    for key, value in sent.items():
        if key == "feedback" or value is None or value == []:
            continue
        mean = meaning.get(key, lambda value: value)
        expect(f"{what}: {key}", mean(got.get(key)), mean(value))


def compare_feedback(what, sent, got):
    for feedback in got:
        mean = lambda key, value: meaning.get(key, lambda value: value)(value)
        if all(mean(key, feedback.get(key)) == mean(key, value) for key, value in sent.items()):
            expect(f"{what}: id of feedback", bool(UUID7.match(feedback["id"])), True)
            return
    fail(f"{what}: feedback missing\n  wanted {sent}\n  got    {got}")


def instant(text):
    if text is None:
        return None
    # Python 3.10 knows neither Z nor fractions of any length.
    whole, fraction, zone = re.match(r"([^.Z+]+)(\.\d+)?(Z|[+-]\d\d:\d\d)$", text).groups()
    zone = "+00:00" if zone == "Z" else zone
    return datetime.fromisoformat(f"{whole}{(fraction or '.').ljust(7, '0')}{zone}")


# Keys that may come out in another spelling of the same.
meaning = {
    "occurred_at": instant,
    "cost_usd": lambda text: text and Decimal(text),
    "confidence": lambda spelled: spelled and float(spelled["number as spelled"]),
}


def fixture(kind, source, exports):
    sources = [Source(kind, text) for text in lines(source)]
    labels = lines(os.path.join(os.path.dirname(source), "labels.txt"))
    for name in sorted(os.listdir(exports)):
        form, ending = os.path.splitext(name)
        if ending != ".jsonl":
            continue
        path = os.path.join(exports, name)
        if form == "signals":
            check_signals(path, sources)
        else:
            check_training(path, kind, form, sources, labels)
        print(f"  {kind:<8} {form:<18} {len(lines(path)):>3} rows as they should be")


def preference(source, export):
    rows, wanted = list(load(export)), []
    for text in lines(source):
        wanted += wanted_rows("text", "preference", [Source("text", text)], [])
    expect(f"{export}: columns", set(rows[0]), COLUMNS["preference"])
    same_rows(export, without_nulls(rows), without_nulls(wanted))
    print(f"  {len(rows)} preference rows equal {os.path.basename(source)}")


def rows(export, count):
    expect(f"{export}: rows", len(load(export)), int(count))
    print(f"  {count} rows in {os.path.basename(export)}")


def same(one, other):
    def stripped(path):
        for text in lines(path):
            line = exact(text)["object"]
            for n, (key, value) in enumerate(line):
                if key == "feedback":
                    keep = lambda f: [pair for pair in f["object"] if pair[0] not in MADE_HERE]
                    line[n] = [key, [keep(feedback) for feedback in value]]
            yield [pair for pair in line if pair[0] not in MADE_HERE]

    same_rows(f"{one} and {other}", stripped(one), stripped(other))
    print(f"  {len(lines(one))} signals came through an import and export unchanged")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"fixture": fixture, "preference": preference, "rows": rows, "same": same}[command](*arguments)
