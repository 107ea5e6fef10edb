"""Measures the server against what this machine can do, and writes docs/performance.md."""

import argparse
import functools
import json
import os
import re
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import releases
import report
import sign_ins
import triage
from baselines import Postgres, Sqlite
from load import middle, wrk
from pages import Person, by_turns, crawl
from place import BINARY, HELLO, WORK, Cluster, Place, Running, fill, post, run, settle

SECTIONS = ("start", "writes", "exports", "releases", "pages", "triage", "sign_ins")


class Sizes:
    """How much is measured."""

    def __init__(self, smoke):
        self.smoke = smoke
        self.times = 1 if smoke else 5
        self.seconds = 1 if smoke else 4
        self.small, self.large = (200, 600) if smoke else (10_000, 1_000_000)
        self.interactions = 1_000 if smoke else 20_000
        self.visits = 1 if smoke else 12


def fsync_ms():
    """The median time in which 8 KiB reach this disk."""
    file = os.open(WORK / "fsync", os.O_RDWR | os.O_CREAT)
    os.pwrite(file, b"x" * 8192 * 64, 0)
    os.fsync(file)
    taken = []
    for n in range(500):
        os.pwrite(file, os.urandom(8192), 8192 * (n % 64))
        started = time.perf_counter()
        os.fdatasync(file)
        taken.append((time.perf_counter() - started) * 1e3)
    os.close(file)
    return statistics.median(taken)


def hello_rates(sizes):
    """Requests a second of a server that does nothing: a GET, and a POST of a feedback's size."""
    with Running(HELLO) as hello:
        url = hello.url + "/hello"
        return middle([wrk(url, 32, sizes.seconds)["rate"] for _ in range(sizes.times)])


def new_place(kind, name, cluster, url=None):
    """An empty place; on PostgreSQL in a database of its own."""
    shutil.rmtree(WORK / "data" / f"{kind}-{name}", ignore_errors=True)
    if kind == "postgres" and url is None:
        url = cluster.make(name)
    return Place(f"{kind}-{name}", url)


def filled_place(kind, rows, cluster, are_open=False):
    """A place with rows, kept for the next run, and how long it took to fill it."""
    newest = sorted(Path("migrations/sqlite").iterdir())[-1].name.split("_")[0].replace("-", "_")
    name = f"{'open' if are_open else 'rows'}_{rows}_{newest}"
    url = cluster.url_of(name) if cluster else None
    place = Place(f"{kind}-{name}", url)
    done = place.data / "filled"
    if done.exists() and (cluster is None or cluster.has(name)):
        return place, float(done.read_text())
    done.unlink(missing_ok=True)
    new_place(kind, name, cluster)
    place.data.mkdir(parents=True, exist_ok=True)
    seconds = fill(place, rows, are_open)
    done.write_text(str(seconds))
    return place, seconds


def log_interactions(place, url, key, count):
    """Interactions of the agent `load`; their ids, in a file."""
    place.command("agent", "set", "load", "--team", "support")
    ids = []
    for start in range(0, count, 500):
        body = [
            {
                "external_id": f"p-{number}",
                "agent": "load",
                "team": "support",
                "input": f"I bought {number} in June. May I return it, and how?",
                "output": "You may return it within two weeks, at your own cost.",
            }
            for number in range(start, start + 500)
        ]
        ids += [item["id"] for item in post(url, key, "/api/v1/interactions", body)["items"]]
    file = WORK / "ids.txt"
    file.write_text("\n".join(ids) + "\n")
    return file


def measure_writes(kind, sizes, cluster):
    """Feedback and interactions over HTTP, and the same rows without a server."""
    found = {"fsync_ms": fsync_ms(), "hello": hello_rates(sizes)}
    place = new_place(kind, "writes", cluster)
    key = place.key("ingest,feedback")
    with place.serve() as server:
        ids = log_interactions(place, server.url, key, sizes.interactions)
        runs = 0

        def feedback(connections):
            nonlocal runs
            figures = []
            for _ in range(sizes.times):
                runs += 1
                arguments = [key, ids, runs]
                figures.append(
                    wrk(server.url, connections, sizes.seconds, "feedback", arguments)
                )
            return figures

        for connections in (1, 32, 128):
            figures = feedback(connections)
            found[f"feedback_{connections}"] = middle([each["rate"] for each in figures])
            found[f"feedback_{connections}_p99"] = middle([each["p99"] for each in figures])
        rates = []
        for n in range(sizes.times):
            figures = wrk(server.url, 4, sizes.seconds, "interactions", [key, f"run-{n}"])
            rates.append(figures["rate"] * 100)
        found["interactions"] = middle(rates)
        found["memory_after"] = server.memory("VmHWM")
    measure_raw(kind, sizes, cluster, place, found)
    return found


def measure_raw(kind, sizes, cluster, place, found):
    if kind == "postgres":
        raw = Postgres(place, cluster)
        found["raw_copied"] = middle([raw.copied() for _ in range(sizes.times)])
    else:
        raw = Sqlite(place, Place("sqlite-raw"))
    found["raw_batched"] = middle([raw.batched() for _ in range(sizes.times)])
    for connections in (1, 32) if kind == "postgres" else (1,):
        rates = [raw.one_by_one(connections) for _ in range(sizes.times)]
        found[f"raw_one_{connections}"] = middle(rates)


# The rows that an export of `signals` joins, those of `kto`, and those that a release reads; ids as
# digits there, which PostgreSQL's shell prints by itself.
DUMPS = {
    "signals": (
        "SELECT n.*, v.name AS version_name, t.slug, e.address AS end_user, a.address AS author, "
        "b.*, s.id AS signal, s.status, f.*, c.slug AS category, r.outcome, g.label, "
        "r.created_at AS decided_at "
        "FROM signals s JOIN feedback f ON f.id = s.feedback_id "
        "LEFT JOIN categories c ON c.id = f.category_id "
        "JOIN interactions n ON n.id = s.interaction_id "
        "JOIN agent_versions v ON v.id = n.version_id "
        "JOIN deployments d ON d.id = s.deployment_id JOIN teams t ON t.id = d.team_id "
        "LEFT JOIN interaction_bodies b ON b.interaction_id = n.id "
        "LEFT JOIN people a ON a.id = f.author_id LEFT JOIN people e ON e.id = n.end_user_id "
        "LEFT JOIN signal_revisions g ON g.id = s.revision_id "
        "LEFT JOIN resolutions r ON r.id = g.resolution_id "
        "WHERE s.status = 'accepted' ORDER BY s.agent_id, s.interaction_id, s.feedback_id"
    ),
    "kto": (
        "SELECT s.id AS signal, f.verdict, f.severity, n.environment, c.slug AS category, "
        "g.prompt, g.tools, g.output, g.label, g.version "
        "FROM signals s JOIN feedback f ON f.id = s.feedback_id "
        "LEFT JOIN categories c ON c.id = f.category_id "
        "JOIN interactions n ON n.id = s.interaction_id "
        "LEFT JOIN signal_revisions g ON g.id = s.revision_id "
        "WHERE s.status = 'accepted' ORDER BY s.agent_id, s.interaction_id, s.feedback_id"
    ),
    "release": (
        "SELECT {s.id} AS signal, {s.interaction_id} AS interaction, {s.feedback_id} AS feedback, "
        "s.status, {s.revision_id} AS revision, f.verdict, f.correction, f.severity, "
        "{f.superseded_by} AS superseded_by, {f.author_id} AS author, n.environment, "
        "{n.input_hash} AS input_hash, n.conversation_id, {n.end_user_id} AS end_user, "
        "n.occurred_at, c.slug AS category, v.name AS sent_to, r.how, g.verdict AS kept, "
        "g.prompt, g.tools, g.output, g.label, g.version "
        "FROM signals s JOIN feedback f ON f.id = s.feedback_id "
        "LEFT JOIN categories c ON c.id = f.category_id "
        "JOIN interactions n ON n.id = s.interaction_id "
        "JOIN agent_versions v ON v.id = n.version_id "
        "LEFT JOIN signal_revisions g ON g.id = s.revision_id "
        "LEFT JOIN resolutions r ON r.id = g.resolution_id "
        "ORDER BY s.agent_id, s.interaction_id, s.feedback_id"
    ),
}


def dump_seconds(place, query):
    """How long the database's own shell takes to print the rows as JSON."""
    query = re.sub(r"\{(.*?)\}", r"\1" if place.url else r"hex(\1)", query)
    started = time.perf_counter()
    if place.url:
        command = ["psql", "-qAtX", "-v", "FETCH_COUNT=1000", place.url, "-c",
                   f"SELECT row_to_json(x) FROM ({query}) x"]
    else:
        command = ["sqlite3", "-cmd", "PRAGMA cache_size = -16384", "-cmd", ".mode json",
                   str(place.file), query]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def export(server, key, form):
    """Seconds and bytes of one export over HTTP."""
    out = run(
        "curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{time_total} %{size_download}",
        "-H", f"Authorization: Bearer {key}",
        f"{server.url}/api/v1/signals?agent=helper&format={form}",
    )
    seconds, size = out.split()
    return float(seconds), int(size)


def measure_exports(kind, sizes, cluster):
    found = {}
    for rows in (sizes.small, sizes.large):
        place, seconds = filled_place(kind, rows, cluster)
        found[f"filled_{rows}"] = seconds
        key = place.key("export")
        with place.serve() as server:
            export(server, key, "kto")
            for form in ("signals", "kto"):
                query = DUMPS[form]
                ours, theirs, peaks = [], [], []
                for _ in range(sizes.times if rows == sizes.large else 1):
                    time.sleep(1)
                    idle = server.memory("VmRSS")
                    server.forget_peak()
                    seconds, size = export(server, key, form)
                    peaks.append(server.memory("VmHWM") - idle)
                    ours.append(rows / seconds)
                    theirs.append(rows / dump_seconds(place, query))
                found[f"{form}_{rows}"] = middle(ours)
                found[f"{form}_{rows}_bytes"] = size
                found[f"{form}_{rows}_dump"] = middle(theirs)
                found[f"{form}_{rows}_memory"] = max(peaks)
    return found


def measure_releases(kind, sizes, cluster):
    """Releases at both sizes, and the dump of the same rows beside the larger."""
    found = {}
    for rows in (sizes.small, sizes.large):
        place, _ = filled_place(kind, rows, cluster)
        # What is kept of the database is no part of what a release needs.
        place.environment["OVERRULE_DATABASE__CACHE_MIB"] = "16"
        with place.serve() as server:
            made = releases.measure(server, place.key("export"), rows, sizes.times)
            for tables, figures in made.items():
                found[f"{tables}_{rows}"] = middle(figures["rates"])
                found[f"{tables}_{rows}_memory"] = figures["memory"]
            engineer = Person.signed_in(place, server.url, *PEOPLE["engineer"])
            path = "/datasets/bench-kto-lines"
            found[f"preview_{rows}"] = engineer.time(path, sizes.visits)
        dumps = [rows / dump_seconds(place, DUMPS["release"]) for _ in range(sizes.times)]
        found[f"dump_{rows}"] = middle(dumps)
    return found


PEOPLE = {
    "admin": ("root@example.com", "--role", "admin"),
    "engineer": ("ed@example.com", "--role", "engineer"),
    "champion": ("cleo@example.com", "--team", "team-3:champion", "--team", "team-4:champion"),
    "member": ("mia@example.com", "--team", "team-3"),
}
CALLS = (
    "/api/v1/feedback?limit=50",
    "/api/v1/feedback?agent=helper&verdict=corrected&limit=50",
    "/api/v1/feedback?status=pending&limit=50",
    "/api/v1/review-items?limit=50",
    "/api/v1/agents/helper",
)


def measure_pages(kind, sizes, cluster):
    """Every page at both sizes."""
    servers, visitors = {}, {}
    for rows in (sizes.small, sizes.large):
        place, _ = filled_place(kind, rows, cluster)
        servers[rows] = place.serve()
        key = {"Authorization": "Bearer " + place.key("read,triage")}
        url = servers[rows].url
        visitors[rows] = {}
        for name, arguments in PEOPLE.items():
            person = Person.signed_in(place, url, *arguments)
            visitors[rows][name] = (person, crawl(person), None)
        calls = {path: path for path in CALLS}
        visitors[rows]["program"] = (Person(url), calls, key)
    found = {}
    for who in visitors[sizes.small]:
        small, large = (visitors[rows][who] for rows in (sizes.small, sizes.large))
        for name in small[1]:
            if name not in large[1]:
                continue
            visits = [
                functools.partial(person.visit, paths[name], headers)
                for person, paths, headers in (small, large)
            ]
            rounds = [by_turns(visits, sizes.visits) for _ in range(sizes.times)]
            found[f"{who} {name}"] = [middle(each) for each in zip(*rounds)]
    for server in servers.values():
        server.stop()
    return found


def measure_triage(kind, sizes, cluster):
    """The queue, an item and a decision where so many items are open, by turns."""
    servers, desks = [], {}
    for rows in (sizes.small, sizes.large):
        place, _ = filled_place(kind, rows, cluster, are_open=True)
        server = place.serve()
        servers.append(server)
        desks[rows] = triage.Desk(place, server.url, place.key("triage"))
        desks[rows].work(2)
        desks[rows].taken = {name: [] for name in desks[rows].taken}
    for _ in range(sizes.times):
        for desk in desks.values():
            desk.work(3 if sizes.smoke else 60)
    for server in servers:
        server.stop()
    return {str(rows): desk.figures() for rows, desk in desks.items()}


def measure_sign_ins(kind, sizes, cluster):
    """A page beside sixteen who sign in."""
    place, _ = filled_place(kind, sizes.small, cluster)
    with place.serve() as server:
        return sign_ins.measure(place, server.url, 20 if sizes.smoke else 400)


def measure_start(kind, sizes, cluster):
    """From the command to the line that says it listens, on a database that is there."""
    place, _ = filled_place(kind, sizes.large, cluster)
    settle(place)
    ready, memory = [], []
    for _ in range(sizes.times):
        with place.serve() as server:
            ready.append(server.ready_after)
            time.sleep(1.5)
            memory.append(server.memory("VmRSS"))
    return {
        "ready": middle(ready),
        "idle_memory": middle(memory),
        "binary_bytes": BINARY.stat().st_size,
        "rows": sizes.large,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="small, and nothing is written")
    parser.add_argument("--only", help="sections, with commas: " + ", ".join(SECTIONS))
    parser.add_argument("--database", help="sqlite or postgres; default both")
    parser.add_argument("--prepare", action="store_true", help="only make the rows")
    parser.add_argument("--keep", action="store_true", help="keep the cluster for the next run")
    asked = parser.parse_args()
    sizes = Sizes(asked.smoke)
    WORK.mkdir(parents=True, exist_ok=True)
    results_file = WORK / ("smoke.json" if asked.smoke else "results.json")
    results = json.loads(results_file.read_text()) if results_file.exists() else {}
    if asked.smoke:
        results = {}
    kinds = [asked.database] if asked.database else ["sqlite", "postgres"]
    for kind in kinds:
        cluster = Cluster(asked.keep) if kind == "postgres" else None
        try:
            if asked.prepare:
                for rows in (sizes.small, sizes.large):
                    for are_open in (False, True):
                        _, seconds = filled_place(kind, rows, cluster, are_open)
                        print(f"bench: {rows} {'open' if are_open else 'rows'} on {kind}: {seconds} s")
                continue
            for section in asked.only.split(",") if asked.only else SECTIONS:
                print(f"bench: {section} on {kind}", flush=True)
                measure = globals()[f"measure_{section}"]
                results[f"{section} {kind}"] = measure(kind, sizes, cluster)
                results["machine"] = report.machine()
                results_file.write_text(json.dumps(results, indent=1))
        finally:
            if cluster:
                cluster.stop()
    if asked.prepare:
        return
    text = report.write(results, sizes)
    print(text)
    if not asked.smoke:
        report.put(text)


if __name__ == "__main__":
    main()
