"""The figures as text, as docs/performance.md holds them between two marks."""

import os
import platform
import re
from pathlib import Path

from place import ROOT, run, still_open

FILE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures: scripts/bench writes what follows -->", "<!-- end of figures -->"
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
MIB = 1024 * 1024


def commit():
    """The commit, where this is a clone."""
    if not (ROOT / ".git").exists():
        return "unknown"
    return run("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()


def machine():
    """What the figures were measured on."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / MIB),
        "kernel": platform.release(),
        "rustc": run("rustc", "--version").strip(),
        "sqlite_shell": run("sqlite3", "--version").split()[0],
        "psql": run("psql", "--version").strip(),
        "commit": commit(),
    }


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def figure(triple):
    """Median and spread."""
    middle, low, high = triple
    return f"{number(middle)} ({number(low)} to {number(high)})"


def row(what, ours, theirs, baseline, ratio, target, is_met):
    met = "" if target == "" else ("yes" if is_met else "**no**")
    return f"| {what} | {ours} | {theirs} {baseline} | {ratio} | {target} | {met} |"


HEAD = [
    "| | Overrule | baseline | ratio | target | met |",
    "|---|---|---|---|---|---|",
]


def writes(found, kind):
    hello, fsync = found["hello"], found["fsync_ms"]
    rows = list(HEAD)
    target = 0.3 if kind == "sqlite" else 0.2

    def against(what, ours, theirs, baseline, target=None):
        ratio = ours[0] / theirs[0]
        shown = f"≥ {target}" if target else ""
        is_met = target is None or ratio >= target
        rows.append(
            row(what, figure(ours), figure(theirs), baseline, f"{ratio:.2f}", shown, is_met)
        )

    against("feedback, 32 connections, requests/s", found["feedback_32"], hello, "hello", target)
    against("feedback, 128 connections, requests/s", found["feedback_128"], hello, "hello")
    one = found["raw_one_1"]
    against("feedback, 1 connection, requests/s", found["feedback_1"], one, "one-row commits", 0.5)
    if "raw_one_32" in found:
        many = found["raw_one_32"]
        against("feedback, 32 connections", found["feedback_32"], many, "one-row commits of 32")
    batched = found["raw_batched"]
    against("interactions in hundreds, rows/s", found["interactions"], batched, "batched rows", 0.4)
    if "raw_copied" in found:
        against("the same", found["interactions"], found["raw_copied"], "COPY")
    p99 = found["feedback_32_p99"]
    flushes = p99[0] / fsync
    ratio = f"{flushes:.0f} flushes"
    flush = f"{fsync:.2f} ms a flush"
    rows.append(
        row("feedback, 32 connections, 99th percentile, ms", figure(p99), flush, "", ratio,
            "≤ 25 flushes", flushes <= 25)
    )
    return rows


def exports(found, sizes):
    rows = list(HEAD)
    for form in ("signals", "kto"):
        ours, theirs = found[f"{form}_{sizes.large}"], found[f"{form}_{sizes.large}_dump"]
        ratio = ours[0] / theirs[0]
        rows.append(
            row(f"`{form}`, {sizes.large:,} signals, signals/s", figure(ours), figure(theirs),
                "dump of the same rows", f"{ratio:.2f}", "≥ 0.7", ratio >= 0.7)
        )
        memory = [found[f"{form}_{size}_memory"] / MIB for size in (sizes.small, sizes.large)]
        rows.append(
            row(f"`{form}`, memory above idle, MiB", f"{memory[1]:.0f}", f"{memory[0]:.0f}",
                f"at {sizes.small:,}", "", "≤ 64", memory[1] <= 64)
        )
    return rows


def releases(found, sizes):
    rows = list(HEAD)
    for tables, share, most in (("lines", 0.7, 96), ("parquet", 0.5, 192)):
        ours, theirs = found[f"{tables}_{sizes.large}"], found[f"dump_{sizes.large}"]
        ratio = ours[0] / theirs[0]
        rows.append(
            row(f"`{tables}`, {sizes.large:,} signals, signals/s", figure(ours), figure(theirs),
                "dump of the same rows", f"{ratio:.2f}", f"≥ {share}", ratio >= share)
        )
        memory = [found[f"{tables}_{size}_memory"] / MIB for size in (sizes.small, sizes.large)]
        rows.append(
            row(f"`{tables}`, memory above idle, MiB", f"{memory[1]:.0f}", f"{memory[0]:.0f}",
                f"at {sizes.small:,}", "", f"≤ {most}", memory[1] <= most)
        )
    small, large = (found[f"preview_{size}"] for size in (sizes.small, sizes.large))
    rows += ["", f"The page of a dataset, with what its question would give now and its first rows, "
             f"takes {number(large)} ms, and {number(small)} ms at {sizes.small:,}."]
    return rows


def pages(found, sizes):
    rows = [
        f"| page | at {sizes.small:,}, ms | at {sizes.large:,}, ms | ratio | within 1.3 |",
        "|---|---|---|---|---|",
    ]
    slow = 0
    for name, (small, large) in sorted(found.items()):
        ratio = large[0] / small[0]
        slow += ratio > 1.3
        met = "yes" if ratio <= 1.3 else "**no**"
        rows.append(f"| {name} | {small[0]:.2f} | {large[0]:.2f} | {ratio:.2f} | {met} |")
    return rows, slow


def triaging(found, sizes):
    """The 99th percentiles of what a champion does, at both sizes."""
    rows = [
        f"| 99th percentile, median in brackets | at {sizes.small:,}, ms | "
        f"at {sizes.large:,}, ms | ratio | within 1.3 |",
        "|---|---|---|---|---|",
    ]
    small, large = found[str(sizes.small)], found[str(sizes.large)]
    for name in small:
        (middle, last), (middle_large, last_large) = small[name], large[name]
        ratio = last_large / last
        met = "yes" if ratio <= 1.3 else "**no**"
        rows.append(f"| {name} | {last:.2f} ({middle:.2f}) | {last_large:.2f} "
                    f"({middle_large:.2f}) | {ratio:.2f} | {met} |")
    return rows


def signing_in(found):
    (alone, alone_last), (beside, beside_last) = found["alone"], found["beside"]
    return [
        f"- A page of a list takes {number(alone)} ms (99th percentile {number(alone_last)}), and "
        f"{number(beside)} ms ({number(beside_last)}) while sixteen people sign in by password "
        f"without a break, {number(found['per_second'])} of them a second.",
    ]


def start(found):
    return [
        f"- Start to ready on {found['rows']:,} rows: {figure(found['ready'])} s (target 0.1 s).",
        f"- Memory when idle: {found['idle_memory'][0] / MIB:.0f} MiB (target 40 MiB).",
        f"- The binary: {found['binary_bytes'] / 1e6:.1f} MB (target 30 MB).",
    ]


def write(results, sizes):
    here = results["machine"]
    lines = [
        f"{here['cpu']}, {here['cores']} cores, {here['memory_gib']} GiB, Linux {here['kernel']}; "
        f"{here['rustc']}; sqlite3 {here['sqlite_shell']}; {here['psql']}; commit "
        f"{here['commit']}. Server, database and load share the cores. Median of {sizes.times}, "
        "with the lowest and highest in brackets.",
    ]
    for kind, name in NAMES.items():
        if found := results.get(f"writes {kind}"):
            lines += ["", f"### Writing on {name}", "", *writes(found, kind)]
        if found := results.get(f"exports {kind}"):
            lines += ["", f"### Exporting on {name}", "", *exports(found, sizes)]
            rows = sizes.large + still_open(sizes.large)
            seconds = found[f"filled_{sizes.large}"]
            lines += ["", f"`overrule import` brought in {rows:,} interactions with feedback in "
                      f"{seconds:.0f} s."]
        if found := results.get(f"releases {kind}"):
            lines += ["", f"### Releasing on {name}", "", *releases(found, sizes)]
        if found := results.get(f"pages {kind}"):
            rows, slow = pages(found, sizes)
            lines += ["", f"### Pages on {name}", "", f"{len(found)} pages and calls, "
                      f"{slow} of them beyond 1.3.", "", *rows]
        if found := results.get(f"triage {kind}"):
            lines += ["", f"### Triage on {name}", "", f"One champion, with {sizes.small:,} and "
                      f"{sizes.large:,} open items.", "", *triaging(found, sizes)]
        if found := results.get(f"sign_ins {kind}"):
            lines += ["", f"### Signing in on {name}", "", *signing_in(found)]
        if found := results.get(f"start {kind}"):
            lines += ["", f"### Starting on {name}", "", *start(found)]
    return "\n".join(lines) + "\n"


def put(text):
    """Into docs/performance.md, between the marks."""
    whole = FILE.read_text()
    before, rest = whole.split(BEGIN)
    _, after = rest.split(END)
    FILE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
