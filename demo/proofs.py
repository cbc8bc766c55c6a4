"""What the demo proves of itself before it says that it is ready."""

import csv
import io
import re
from typing import Any

import requests

from demo.credentials import host_of
from demo.crew import Crew
from demo.people import WORKERS
from demo.steps import DemoFailed, manage, wait_until
from demo.till import TIMEOUT
from kernel.money import formatted

REPORTS = ("sales", "taxes", "tenders", "staff", "hours", "products", "refunds", "discounts")


def prove_till(crew: Crew) -> str:
    """Open the till as a browser does, and sign everybody in with what READY prints; say who was."""
    till = crew.till()
    page = till.session.get(f"{crew.url}/till/", timeout=TIMEOUT)
    scripts = re.findall(r'src="(/static/till/[^"]+)"', page.text)
    answers = [page, *(till.session.get(crew.url + script, timeout=TIMEOUT) for script in scripts)]
    if not scripts or any(answer.status_code != requests.codes.ok for answer in answers):
        message = f"the till's page and scripts answer {[answer.status_code for answer in answers]}"
        raise DemoFailed(message, hint=f"curl {crew.url}/till/ -H 'Host: {till.host}'")
    if not till.get("/devices/self")["needs_staff"]:
        raise DemoFailed("nobody has to sign in at the till")
    for worker in WORKERS:
        till.sign_in(worker.code, crew.pin(worker))
        till.get("/shifts/current")
        till.sign_out()
    return f"{till.get('/devices/self')['register']['code']} is ready for {' and '.join(each.name for each in WORKERS)}"


def prove_day(crew: Crew) -> str:
    """Read the Z of the shift that was closed last, and the reports of the last seven days; say what they come to."""
    terminal = crew.signed_in(WORKERS[-1])
    shift = terminal.get("/shifts", state="CLOSED", limit=1)["results"][0]
    text = terminal.session.get(
        f"{crew.url}/api/v1/shifts/{shift['id']}/z-report", headers={"Accept": "text/plain"}, timeout=TIMEOUT
    )
    terminal.sign_out()
    total = shift["grand_total"]
    if not text.ok or not total["amount"] or formatted(total["amount"], total["currency"]) not in text.text:
        message = f"the Z report of shift {shift['number']} answers {text.status_code}:\n{text.text[:500]}"
        raise DemoFailed(message)
    admin = signed_in_admin(crew)
    for name in REPORTS:
        wait_until(f"the report {name}", lambda name=name: _rows(crew, admin, name), "worker")  # type: ignore[misc]
    title = next(line.strip() for line in text.text.splitlines() if "Z report" in line)
    return f"{title}: {formatted(total['amount'], total['currency'])}; {len(REPORTS)} reports have figures"


def signed_in_admin(crew: Crew) -> requests.Session:
    """Sign the owner in to the admin of the shop, as a browser does.

    :raises DemoFailed: when the door stays shut.
    """
    session = requests.Session()
    session.headers["Host"] = host_of(crew.shop)
    door = f"{crew.url}/admin/login/?next=/admin/"
    form = session.get(door, timeout=TIMEOUT)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
    typed = {
        "username": "admin",
        "password": crew.credentials.owner,
        "csrfmiddlewaretoken": token[1] if token else "",
    }
    answer = session.post(door, typed, timeout=TIMEOUT, allow_redirects=False)
    if answer.status_code != requests.codes.found:
        message = f"the admin of {session.headers['Host']!r} does not let the owner in: {answer.status_code}"
        raise DemoFailed(message)
    return session


def _rows(crew: Crew, admin: requests.Session, name: str) -> list[dict[str, Any]]:
    query = {"report": name, "format": "csv"}
    answer = admin.get(f"{crew.url}/admin/pos/reportfigure/", params=query, timeout=TIMEOUT, allow_redirects=False)
    return list(csv.DictReader(io.StringIO(answer.text))) if answer.headers["Content-Type"] == "text/csv" else []


def prove_wall(shop: Crew, other: Crew, order_id: str) -> None:
    """Ask the other shop for an order of this one, as a stranger and as its own terminal."""
    host = host_of(other.shop)

    def asked(token: str) -> int:
        headers = {"Host": host, "Authorization": f"Bearer {token}"}
        return requests.get(f"{shop.url}/api/v1/orders/{order_id}", headers=headers, timeout=TIMEOUT).status_code

    stranger, neighbour = asked(shop.terminal().token), asked(other.terminal().token)
    if (stranger, neighbour) != (403, 404):
        message = f"the other shop answered {stranger} and {neighbour}, not 403 and 404"
        raise DemoFailed(message)


def release_canary(shop: str) -> str:
    lines = manage("events", "canary", "--tenant", shop).splitlines()
    slowest = max(lines, key=lambda line: float(line.split()[1]))
    return f"{len(lines)} subscribers; the slowest: {' '.join(slowest.split())}"


def prove_flower(port: int) -> None:
    url = f"http://127.0.0.1:{port}/api/workers"
    if requests.get(url, timeout=TIMEOUT).status_code != requests.codes.unauthorized:
        raise DemoFailed("Flower answers without a password")


def prove_readiness(url: str) -> None:
    answer = requests.get(f"{url}/readyz", timeout=TIMEOUT)
    if not answer.ok:
        failing = [f"{name}: {check['detail']}" for name, check in answer.json()["checks"].items() if not check["ok"]]
        raise DemoFailed("; ".join(failing), hint=f"curl {url}/readyz")
