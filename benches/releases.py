"""How long a release of many signals takes, from the call to its files, and what memory it needs:
as lines alone, and with Parquet beside them."""

import json
import time
import urllib.request

# `bench-kto-lines`, `bench-kto-parquet`
QUESTION = {"agents": ["helper"], "format": "kto", "duplicates": "all", "conflicts": "majority"}
TABLES = {"lines": [], "parquet": ["parquet"]}


def call(url, key, method, path, body=None):
    """Sends JSON with a key; the answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def release(server, key, tables):
    """Seconds, rows and bytes of one release."""
    path = f"/api/v1/datasets/bench-kto-{tables}"
    call(server.url, key, "PUT", path, QUESTION | {"file_formats": TABLES[tables]})
    started = time.perf_counter()
    made = call(server.url, key, "POST", f"{path}/releases", {})
    while made["state"] == "building":
        time.sleep(0.05)
        made = call(server.url, key, "GET", f"{path}/releases/{made['number']}")
    if made["state"] != "ready":
        raise RuntimeError(f"the release is {made['state']}: {made.get('error')}")
    seconds = time.perf_counter() - started
    files = [file for file in made["files"] if file["name"].startswith("train.")]
    return seconds, {file["name"]: (file["rows"], file["bytes"]) for file in files}


def measure(server, key, rows, times):
    """By kind of table: signals a second, and the peak of memory above idle."""
    found = {}
    for tables in TABLES:
        rates, peaks = [], []
        for _ in range(times):
            time.sleep(1)
            idle = server.memory("VmRSS")
            server.forget_peak()
            seconds, files = release(server, key, tables)
            peaks.append(server.memory("VmHWM") - idle)
            rates.append(rows / seconds)
        found[tables] = {"rates": rates, "memory": max(peaks), "files": files}
    return found
