"""A booked day from the feed: python docs/accountant.py https://shop.example.com sk_… 2026-11-23

It reads `pos.order_completed` and `pos.return_completed` (an API key with the scope `events:read`) and prints what to
book for a day of business, by currency: sales without tax, taxes by rate with what they are due on, money by tender,
and the rounding of cash. Amounts are whole minor units; what went back is subtracted. Debit equals credit.
"""

import json
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

TYPES = "pos.order_completed,pos.return_completed"


def feed(get: Callable[[str], Any]) -> Iterator[dict[str, Any]]:
    """Read all events; a real book-keeping stores `next_after` and goes on from there."""
    after: Any = 0
    while (page := get(f"/api/v1/events?after={after}&limit=1000&types={TYPES}"))["events"]:
        yield from page["events"]
        after = page["next_after"]


def booked(events: Iterator[dict[str, Any]], day: str) -> dict[str, dict[str, Any]]:
    days: dict[str, dict[str, Any]] = defaultdict(lambda: {"debit": Counter(), "credit": Counter(), "base": Counter()})
    for event in events:
        data = event["data"]
        if data["business_date"] != day or data["training"]:
            continue
        sign, money = (1, "tenders") if event["type"] == "pos.order_completed" else (-1, "refunds")
        book = days[data["currency"]]
        book["credit"]["rounding"] += sign * (data["rounding_adjustment"] or 0)
        for line in data["lines"]:
            book["credit"]["sales"] += sign * (line["total"] - line["tax_total"])
            for tax in line["taxes"] or [{"name": "?", "rate": "?", "base": 0, "amount": line["tax_total"]}]:
                account = f"{tax['name']} {tax['rate']}"
                book["credit"][account] += sign * tax["amount"]
                book["base"][account] += sign * tax["base"]
        for tender in data[money]:
            book["debit"][tender["kind"]] += sign * (tender["amount"] - tender.get("change", 0))
    return days


def main(url: str, key: str, day: str) -> None:
    def get(path: str) -> Any:
        request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    for currency, book in booked(feed(get), day).items():
        sys.stdout.write(json.dumps({"currency": currency, "day": day, **book}, indent=2) + "\n")
        if sum(book["debit"].values()) != sum(book["credit"].values()):
            sys.exit(f"{currency}: debit and credit differ")


if __name__ == "__main__":
    main(*sys.argv[1:])
