"""What a page takes while sixteen people sign in by password, each again and again. Checking a
password is dear on purpose; it must not starve the rest."""

import http.client
import statistics
import threading
import time
from urllib.parse import urlencode, urlsplit

from pages import Person

PASSWORD = "seven slow herons at dusk"
ADDRESS = "gate-{}@example.com"
PAGE = "/interactions"
MANY = 16


def post(url, path, fields, cookie=None):
    """One form, on a connection of its own; its status."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": url,
        "Sec-Fetch-Site": "same-origin",
    }
    if cookie:
        headers["Cookie"] = cookie
    connection.request("POST", path, urlencode(fields), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def visits(person, times):
    """Milliseconds of each visit of the page."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        person.get(PAGE)
        taken.append((time.perf_counter() - started) * 1e3)
    return taken


def measure(place, url, times):
    """Medians and 99th percentiles of the page, in ms, alone and beside the sign-ins, and how many
    sign-ins a second were done meanwhile."""
    for number in range(MANY):
        address = ADDRESS.format(number)
        person = Person.signed_in(place, url, address, "--team", "team-3")
        fields = {"new_password": PASSWORD, "username": address}
        if post(url, "/profile/password", fields, person.cookie) != 303:
            raise SystemExit("bench: the password was not taken")
    person = Person.signed_in(place, url, "reader@example.com", "--team", "team-3")
    visits(person, 10)
    alone = visits(person, times)
    done, failed, over = [0], [], threading.Event()

    def sign_in(address):
        while not over.is_set():
            fields = {"email": address, "password": PASSWORD, "way": "password", "next": ""}
            status = post(url, "/sign-in", fields)
            if status == 303:
                done[0] += 1
            else:
                failed.append(status)
                return

    addresses = [ADDRESS.format(number) for number in range(MANY)]
    threads = [threading.Thread(target=sign_in, args=(address,)) for address in addresses]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    beside = visits(person, times)
    over.set()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if failed:
        raise SystemExit(f"bench: a sign-in was answered {failed[0]}")

    def last_percent(taken):
        return statistics.quantiles(taken, n=100)[98]

    return {
        "alone": [statistics.median(alone), last_percent(alone)],
        "beside": [statistics.median(beside), last_percent(beside)],
        "per_second": done[0] / seconds,
    }
