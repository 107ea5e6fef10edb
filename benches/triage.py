"""What a champion waits for: the queue, one item, and a decision, each alone; the 99th percentile
counts, for one slow item in a hundred is felt every morning."""

import http.client
import json
import statistics
import time
from urllib.parse import urlsplit

from pages import Links, Person

TEAMS = [word for n in range(4) for word in ("--team", f"team-{n}:champion")]
CHAMPION = ("quinn@example.com", *TEAMS)


class Program:
    """Claims and decides, on a connection that it keeps."""

    def __init__(self, url, key):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


def last(taken):
    """The 99th percentile, in ms."""
    return statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]


def visits(person, paths):
    taken = []
    for path in paths:
        started = time.perf_counter()
        status, _ = person.get(path)
        taken.append((time.perf_counter() - started) * 1e3)
        if status != 200:
            raise SystemExit(f"bench: {path} answers {status}")
    return taken


def items_of(person):
    """The items that the first page of the queue leads to."""
    _, body = person.get("/triage")
    links = (urlsplit(link).path for link in Links(body.decode()).found)
    found = [path for path in links if path.startswith("/triage/0")]
    if not found:
        raise SystemExit("bench: nothing waits for the champion")
    return found


def decisions(program, times):
    """Milliseconds of each claim of the next item and of each decision."""
    claims, decided = [], []
    # The server ended what was idle for some seconds.
    program.connection.close()
    for _ in range(times):
        started = time.perf_counter()
        status, claimed = program.post("/api/v1/review-items/claim", {"team": "team-3"})
        claims.append((time.perf_counter() - started) * 1e3)
        if status != 200:
            raise SystemExit(f"bench: a claim answers {status}")
        item = claimed["item"]
        decision = {"decision": "declined", "reason": "It was right."}
        path = f"/api/v1/review-items/{item['id']}/decisions"
        started = time.perf_counter()
        status, _ = program.post(path, decision)
        decided.append((time.perf_counter() - started) * 1e3)
        if status != 201:
            raise SystemExit(f"bench: a decision answers {status}")
    return claims, decided


class Desk:
    """One installation with a champion and a program at its queue."""

    def __init__(self, place, url, key):
        self.person = Person.signed_in(place, url, *CHAMPION)
        self.program = Program(url, key)
        self.taken = {name: [] for name in ("queue", "item", "claim", "decision")}

    def work(self, times):
        """Adds what some visits and decisions take."""
        paths = items_of(self.person)
        self.taken["queue"] += visits(self.person, ["/triage"] * times)
        self.taken["item"] += visits(self.person, [paths[n % len(paths)] for n in range(times)])
        claims, decided = decisions(self.program, times)
        self.taken["claim"] += claims
        self.taken["decision"] += decided

    def figures(self):
        """Median and 99th percentile of each, in ms."""
        return {name: [statistics.median(taken), last(taken)] for name, taken in self.taken.items()}
