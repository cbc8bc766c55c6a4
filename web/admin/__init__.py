"""What the admin pages share: the look, their transactions, and rows that people may read but not write."""

from web.admin.acting import acting_on, operator_of
from web.admin.answers import Confirmation, Secret, show_once
from web.admin.hosts import OnPlatformHost, OnShopHost
from web.admin.pages import ModelAdmin, ReadOnlyAdmin, ReadOnlyInline, ShopAdmin, ShopReadOnlyAdmin
from web.admin.saving import save_changes, sentence_of, unit_for
from web.admin.searching import ExactSearch
from web.admin.sight import see_differences_by, sees_differences
from web.admin.texts import TabularInline

__all__ = [
    "Confirmation",
    "ExactSearch",
    "ModelAdmin",
    "OnPlatformHost",
    "OnShopHost",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "Secret",
    "ShopAdmin",
    "ShopReadOnlyAdmin",
    "TabularInline",
    "acting_on",
    "operator_of",
    "save_changes",
    "see_differences_by",
    "sees_differences",
    "sentence_of",
    "show_once",
    "unit_for",
]
