"""An installation to measure: the binary, its data, its database, a server of it."""

import atexit
import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / os.environ.get("OVERRULE_BENCH_FOLDER", "target/release")
BINARY, HELLO = BUILT / "overrule", BUILT / "hello"
# Everything that is made for measuring lies here, and nothing of it in the repository.
WORK = ROOT / "target/bench"


def run(*command, **options):
    """Runs a command to its end; its standard output."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    done = subprocess.run([str(word) for word in command], text=True, **options)
    if done.returncode:
        raise SystemExit(f"bench: {command} failed: {done.stderr}")
    return done.stdout


class Running:
    """A process that says on its first line where it listens."""

    def __init__(self, *command, environment=None, said=None):
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=said or subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        # Whatever goes wrong, nothing is left running.
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit(f"bench: {command[0]} does not start: {line!r}")
        self.ready_after = time.perf_counter() - self.started
        self.url = line.removeprefix("listening on ").strip()

    def memory(self, what):
        """`VmRSS` or `VmHWM` in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) * 1024

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Cluster:
    """A throw-away PostgreSQL cluster beside the data, so that both lie on the same disk. With
    `keep` it stays for the next run, with its rows."""

    def __init__(self, keep):
        self.kept = WORK / "cluster"
        self.keep = keep
        self.programs = Path(run(ROOT / "scripts/postgres", "find").strip())
        if not self.kept.exists():
            folder = WORK / "clusters"
            folder.mkdir(parents=True, exist_ok=True)
            os.chmod(folder, 0o777)
            environment = {**os.environ, "TMPDIR": str(folder)}
            self.kept.write_text(run(ROOT / "scripts/postgres", "start", env=environment))
        self.url, self.directory = self.kept.read_text().split()

    def has(self, name):
        query = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"
        return run("psql", "-qAtX", self.url, "-c", query).strip() == "1"

    def url_of(self, name):
        return self.url.rsplit("/", 1)[0] + "/" + name

    def make(self, name):
        """A new database's URL."""
        run("psql", "-qX", self.url, "-c", f"DROP DATABASE IF EXISTS {name}")
        run("psql", "-qX", self.url, "-c", f"CREATE DATABASE {name}")
        return self.url_of(name)

    def stop(self):
        if not self.keep:
            run(ROOT / "scripts/postgres", "stop", self.directory)
            self.kept.unlink()


class Place:
    """A data directory, and a database of it or elsewhere."""

    def __init__(self, name, url=None):
        self.data = WORK / "data" / name
        self.data.mkdir(parents=True, exist_ok=True)
        self.name, self.url = name, url
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name != "DATABASE_URL" and not name.startswith("OVERRULE_")
        }
        # A page is measured as often as one likes.
        self.environment["OVERRULE_LIMITS__LINK_REQUESTS_PER_MINUTE"] = "1000000"
        self.environment["OVERRULE_LIMITS__SIGN_INS_PER_MINUTE"] = "1000000"
        # Limits are there to hold back the one who asks too much, which a load generator is.
        for limit in ("PERSON", "KEY", "STRANGER"):
            self.environment[f"OVERRULE_LIMITS__{limit}_REQUESTS_PER_MINUTE"] = "100000000"
        if url:
            self.environment["DATABASE_URL"] = url

    @property
    def file(self):
        return self.data / "overrule.db"

    def command(self, *arguments):
        return run(BINARY, "--data-dir", self.data, *arguments, env=self.environment).strip()

    def key(self, scopes):
        return self.command("key", "create", "bench", "--scope", scopes)

    def serve(self, command=()):
        said = open(WORK / f"{self.name}.log", "a")
        arguments = ["--data-dir", self.data, "serve", "--listen", "127.0.0.1:0"]
        return Running(*command, BINARY, *arguments, environment=self.environment, said=said)

    def sql(self, text):
        """Rows of a query, as lists of texts."""
        if self.url:
            out = run("psql", "-qAtX", "-F", "\t", self.url, "-c", text)
        else:
            out = run("sqlite3", "-separator", "\t", "-cmd", ".timeout 5000", self.file, text)
        return [line.split("\t") for line in out.splitlines()]


# Whether what came with the rows is numbered and in the index of past overrides.
SETTLED = (
    "SELECT NOT EXISTS (SELECT 1 FROM unpublished) "
    "AND (SELECT id FROM review_items ORDER BY id DESC LIMIT 1) "
    "= (SELECT after FROM override_passes WHERE name = 'first')"
)


def settle(place):
    """Lets a server do what is left to do after many rows came, up to an hour: it is not idle
    before."""
    with place.serve():
        for _ in range(3600):
            if place.sql(SETTLED)[0][0] in ("1", "t"):
                return
            time.sleep(1)
    raise SystemExit(f"bench: {place.name} does not come to rest")


def post(url, key, path, body):
    """Sends JSON with a key; the answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


DECIDED = ("confirmed", "corrected", "corrected", "rejected")
# A confirmation waits for nobody.
OPEN = ("corrected", "corrected", "rejected")
# Among how many teams the open ones are; one champion has all of them.
TEAMS = 4


def line(number, accepted, verdicts=DECIDED):
    """One interaction with its feedback, of an installation that has been used for a while."""
    is_open = verdicts is OPEN
    verdict = verdicts[(number // TEAMS if is_open else number) % len(verdicts)]
    judged = {
        "external_id": f"f-{number}",
        "author": f"person{number % 997}@example.com",
        "verdict": verdict,
        "category": ("wrong_answer", "incomplete", "outdated", "tone")[number // 4 % 4],
        "severity": ("medium", "low", "high", "medium")[number // 3 % 4],
        "occurred_at": occurred(number, 300),
    }
    if verdict == "corrected":
        judged["correction"] = (
            f"Within {number % 90 + 10} days, order {number}. Shipping back is free with the "
            "label in the box; the money is back on the card after five working days."
        )
        judged["comment"] = "It leaves out that shipping back is free."
    if accepted:
        judged["status"] = "accepted"
    return {
        "external_id": f"t-{number}",
        "agent": "helper",
        "agent_version": f"v{number % 5}",
        "environment": ("production", "production", "staging")[number % 3],
        "team": f"team-{number % (TEAMS if is_open else 20)}",
        "conversation_id": f"c-{number // 3}",
        "occurred_at": occurred(number, 0),
        "end_user": f"person{number % 499}@example.com",
        "input": [
            {"role": "system", "content": "You answer questions of a shop's customers."},
            {"role": "user", "content": f"I bought {number} in June. May I return it, and how?"},
        ],
        "output": f"You may return order {number} within two weeks, at your own cost. Put it into "
        "the box it came in and take it to any post office.",
        "confidence": number % 100 / 100,
        "model": "m-1",
        "latency_ms": 300 + number % 900,
        "input_tokens": 412,
        "output_tokens": 48,
        "cost_usd": "0.0041",
        "metadata": {"channel": "chat", "n": number},
        "feedback": [judged],
    }


def occurred(number, later):
    seconds = 1_750_000_000 + number * 13 % 30_000_000 + later
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def still_open(rows):
    """How many wait beside so many that are decided: enough that pages are as full at any size."""
    return rows // 20 if rows >= 100_000 else rows // 2


def fill(place, rows, are_open):
    """Rows of interactions and feedback, all decided but some, or all waiting; how long it took."""
    file = WORK / f"{'open' if are_open else 'lines'}-{rows}.jsonl"
    if not file.exists():
        with open(file, "w") as out:
            if are_open:
                lines = (line(number, False, OPEN) for number in range(rows))
            else:
                lines = (line(number, number < rows) for number in range(rows + still_open(rows)))
            out.writelines(json.dumps(each) + "\n" for each in lines)
    place.command("agent", "set", "helper", "--kind", "text", "--team", "team-0")
    started = time.perf_counter()
    place.command("import", file)
    seconds = time.perf_counter() - started
    if place.url:
        # As autovacuum would have done by now.
        run("psql", "-qX", place.url, "-c", "VACUUM ANALYZE")
    return seconds
