"""A booked day from the feed: python docs/accountant.py https://shop.example.com tk.… 2026-11-23

It reads the TYPES below with an API key (scope `events:read`) and prints by currency what to book for a day, in minor
units, less what went back: net sales, taxes by rate with bases, tenders, cash rounding, open orders, refunds owed.
"""

import json
import sys
import urllib.request
from collections import Counter, defaultdict
from typing import Any

TAKING, CANCELLED, REFUSED = ("pos.order_placed", "pos.tenders_added"), "pos.order_voided", "payments.refund_failed"
TYPES = (*TAKING, "pos.order_completed", "pos.return_completed", CANCELLED, "pos.refund_replaced", REFUSED)


def feed(url: str, key: str) -> Any:  # a real book-keeping stores `next_after` and goes on from there
    page: dict[str, Any] = {"events": [None], "next_after": 0}
    while page["events"]:
        address = f"{url}/api/v1/events?after={page['next_after']}&limit=1000&types={','.join(TYPES)}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})  # noqa: S310
        page = json.load(urllib.request.urlopen(request, timeout=30))  # noqa: S310
        yield from page["events"]


def booked(events: Any, day: str) -> dict[str, dict[str, Any]]:
    days: dict[str, Any] = defaultdict(lambda: {"debit": Counter(), "credit": Counter(), "base": Counter()})
    going: dict[str, tuple[str, str]] = {}  # refunds by id, with their day and kind
    for kind, data in ((event["type"], event["data"]) for event in events):
        going |= {refund["refund_id"]: (data["business_date"], refund["kind"]) for refund in data.get("refunds") or ()}
        at, method = going.get(data["refund_id"], ("", "")) if kind == REFUSED else (data["business_date"], "")
        if at != day or data.get("training"):
            continue
        book, sign = days[data["currency"]], -1 if kind == "pos.return_completed" else 1
        book["credit"]["rounding"] += sign * (data["rounding_adjustment"] or 0) if kind.endswith("_completed") else 0
        for line in data["lines"] if kind.endswith("_completed") else ():
            book["credit"]["sales"] += sign * (line["total"] - line["tax_total"])
            for tax in line["taxes"] or [{"name": "?", "rate": "?", "base": 0, "amount": line["tax_total"]}]:
                book["credit"][f"{tax['name']} {tax['rate']}"] += sign * tax["amount"]
                book["base"][f"{tax['name']} {tax['rate']}"] += sign * tax["base"]
        for tender in data.get("tenders") or ():  # a card that the backend charges counts when its order is completed
            amount, later = tender["amount"] - tender["change"], tender["charged_here"] or not tender["register_id"]
            book["debit"][tender["kind"]] += amount if later != (kind in TAKING) else 0
            held, rounded = 0 if later else 1 if kind in TAKING else -1, tender["rounding"] or 0
            book["credit"].update({"open orders": held * (amount - rounded), "rounding": held * rounded})
        for refund in data.get("refunds") or ([{**data, "kind": method, "amount": -data["amount"]}] if method else ()):
            book["debit"][refund["kind"]] -= refund["amount"]
            paid, off = (refund["amount"], refund.get("rounding") or 0) if sign > 0 else (0, 0)
            book["credit"].subtract({"open orders" if kind == CANCELLED else "owed": paid - off, "rounding": off})
    return days


if __name__ == "__main__":
    sys.excepthook = lambda _, error, __: sys.exit(f"Check address and key of {sys.argv[1]}: {error}")
    if len(sys.argv) != 4:
        sys.exit(sys.stderr.write("usage: accountant.py ADDRESS KEY DAY, as in the first line of this file\n") and 2)
    for currency, book in booked(feed(*sys.argv[1:3]), sys.argv[3]).items():
        sys.stdout.write(json.dumps({"currency": currency, "day": sys.argv[3], **book}, indent=2) + "\n")
        if sum(book["debit"].values()) != sum(book["credit"].values()):
            sys.exit(f"{currency}: debit and credit differ")
