"""The menu of a shop's admin: the day's work first, what keeps the system running last."""

from collections.abc import Mapping, Sequence
from typing import Any

GROUPS: Mapping[str, Sequence[str]] = {
    "Sales": (
        "pos.Order", "pos.Receipt", "pos.Return", "pos.Refund", "pos.ExceptionCase", "pos.HeldCommand",
        "pos.ParkedOrder", "payments.Payment", "payments.PaymentIntent",
    ),
    "Products and prices": (
        "pos.Product", "pos.Variant", "pos.Category", "pos.PriceList", "pos.PriceEntry", "pos.TaxClass", "pos.TaxRate",
    ),
    "Stock": ("inventory.StockItem", "inventory.StockMovement"),
    "Shifts and cash": ("pos.Shift", "pos.CashMovement", "pos.CashDrawer", "pos.TenderType"),
    "Reports": ("pos.ReportFigure",),
    "People": (
        "staff.StaffMember", "staff.Role", "staff.Approval", "staff.User", "auth.Group", "staff.SignInRules",
        "events.AuditEntry",
    ),
    "Shop and tills": (
        "pos.ShopProfile", "pos.Location", "pos.Register", "pos.Device", "pos.PairingCode",
        "notifications.AlertRecipient", "notifications.Message",
    ),
    "Other systems": ("staff.ApiKey", "integrations.WebhookEndpoint", "integrations.WebhookDelivery"),
}  # fmt: skip
LAST = "Behind the scenes"
"""What no group names."""


def menu_of(apps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Group the pages that somebody may see. :param apps: as Django lists them, each with its `models`."""
    pages = {page["model"]._meta.label: page for app in apps for page in app["models"]}
    named = {title: [pages.pop(label) for label in labels if label in pages] for title, labels in GROUPS.items()}
    return [_group(title, found) for title, found in {**named, LAST: list(pages.values())}.items() if found]


def _group(title: str, pages: list[dict[str, Any]]) -> dict[str, Any]:
    first = next((page["admin_url"] for page in pages if page["admin_url"]), "")
    label = title.lower().replace(" ", "-")
    return {"name": title, "app_label": label, "app_url": first, "has_module_perms": True, "models": pages}
