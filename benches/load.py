"""Load by wrk, which speaks HTTP with less work than any server does."""

import json
import statistics
import subprocess
from pathlib import Path

from place import WORK

HERE = Path(__file__).resolve().parent


def wrk(url, connections, seconds, script=None, arguments=()):
    """One run; its figures: requests, seconds, failed, p50 and p99 in milliseconds."""
    lua = WORK / f"{script or 'summary'}.lua"
    parts = ["summary"] + ([script] if script else [])
    lua.write_text("\n".join((HERE / f"{part}.lua").read_text() for part in parts))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", lua, url, "--", *arguments]
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True)
    summary = [line for line in done.stdout.splitlines() if line.startswith("SUMMARY ")]
    if done.returncode or not summary:
        raise SystemExit(f"bench: wrk failed: {done.stdout}{done.stderr}")
    figures = json.loads(summary[0].removeprefix("SUMMARY "))
    if figures["failed"]:
        raise SystemExit(f"bench: {figures['failed']} requests failed: {done.stderr}")
    figures["rate"] = figures["requests"] / figures["seconds"]
    return figures


def middle(values):
    """The median and its spread: (median, lowest, highest)."""
    return statistics.median(values), min(values), max(values)
