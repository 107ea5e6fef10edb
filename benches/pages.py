"""Every page that a signed-in person finds by following links, and how long each takes."""

import http.client
import re
import statistics
import time
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Pages of which there is one for each team or category.
NAME = re.compile(r"(/(?:teams|hours|categories)/)[^/?]+")
# What is no page: files, and what ends the session.
LEFT_OUT = ("/static/", "/sign-out", "/demo", "/api/", "/metrics", "/openapi.json", "/c/", "/r/")
MOST = 120


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "a" and dict(attributes).get("href"):
            self.found.append(dict(attributes)["href"])


class Person:
    """Somebody with a browser that keeps its connection."""

    def __init__(self, url, cookie=None):
        self.url = url
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self.cookie = cookie

    @classmethod
    def signed_in(cls, place, url, address, *arguments):
        link = place.command("user", "add", address, *arguments)
        person = cls(url)
        path = urlsplit(link).path
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": url,
            "Sec-Fetch-Site": "same-origin",
        }
        person.connection.request("POST", path, "next=", headers)
        answer = person.connection.getresponse()
        answer.read()
        person.cookie = answer.getheader("set-cookie").split(";")[0]
        return person

    def get(self, path, headers=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = self.cookie
        try:
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
        except (http.client.HTTPException, OSError):
            # The server ended what was idle for some seconds.
            self.connection.close()
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
        return answer.status, answer.read()

    def visit(self, path, headers=None):
        """How long one visit takes, in milliseconds."""
        started = time.perf_counter()
        status, _ = self.get(path, headers)
        taken = (time.perf_counter() - started) * 1e3
        if status != 200:
            raise SystemExit(f"bench: {path} answers {status}")
        return taken

    def time(self, path, times, headers=None):
        """The median of some visits, in milliseconds."""
        self.visit(path, headers)
        return statistics.median(self.visit(path, headers) for _ in range(times))


def by_turns(visits, times):
    """The median of each of some visits, which are made one after the other again and again, so
    that all meet the same machine; in milliseconds."""
    taken = [[] for _ in visits]
    for _ in range(times + 1):
        for visit, found in zip(visits, taken):
            found.append(visit())
    # The first finds nothing in memory.
    return [statistics.median(found[1:]) for found in taken]


def pattern(path):
    """What the addresses of one page have in common."""
    parts = urlsplit(path)
    query = sorted(
        (name, value if value in ("mine", "late", "urgent") else "…")
        for name, value in parse_qsl(parts.query)
    )
    path = NAME.sub(r"\1{name}", ID.sub("{id}", parts.path))
    return path + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")


def crawl(person):
    """One address of each page that links lead to, by its pattern."""
    found, waiting = {}, ["/"]
    while waiting and len(found) < MOST:
        path = waiting.pop(0)
        name = pattern(path)
        if name in found:
            continue
        status, body = person.get(path)
        # Files that pages lead to, such as those of a release, are no pages.
        if status != 200 or not body.lstrip().lower().startswith(b"<!doctype html"):
            continue
        found[name] = path
        for link in Links(body.decode()).found:
            target = urlsplit(urljoin(person.url + path, link))
            if f"{target.scheme}://{target.netloc}" != person.url:
                continue
            if target.path.startswith(LEFT_OUT):
                continue
            waiting.append(target.path + ("?" + target.query if target.query else ""))
    return found
