"""The taxes that goods have: which rules of their class hold at a place and moment."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pos.memory.shop import Kind
from pos.pricing.rounding import scaled
from pos.pricing.taxes import RATE_DECIMALS, Rate
from pos.taxes.models import TaxClass, TaxRate, TaxRule


@dataclass(frozen=True, slots=True)
class Rule:
    """:param region: empty for all regions that have no rule. :param inclusive: whether prices contain the tax."""

    rate: Rate
    inclusive: bool
    region: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= moment
        return begun and (self.valid_to is None or moment < self.valid_to)


@dataclass(frozen=True, slots=True)
class Taxes:
    """All rules of a class, whenever they hold: what is remembered. Time decides at each sale."""

    name: str
    rules: tuple[Rule, ...]

    def at(self, region: str, moment: datetime) -> tuple[Rule, ...]:
        """Return the rules that hold.

        :param moment: by the clock of the place.
        """
        valid = [rule for rule in self.rules if rule.holds(moment)]
        own = tuple(rule for rule in valid if rule.region == region)
        return own or tuple(rule for rule in valid if not rule.region)


TAXES: Kind[str, Taxes] = Kind(name="taxes by name", models=(TaxClass, TaxRule, TaxRate))


def taxes_named(names: Collection[str]) -> dict[str, Taxes]:
    """Return the taxes of classes by their names, and of rates that are no class's; those that lack are missing."""
    return TAXES.recall(names, _load)


def _load(names: Collection[str]) -> dict[str, Taxes]:
    found: defaultdict[str, list[Rule]] = defaultdict(list)
    found.update({name: [] for name in TaxClass.objects.filter(name__in=names).values_list("name", flat=True)})
    rules = TaxRule.objects.select_related("rate", "tax_class").filter(tax_class__name__in=names)
    for rule in rules.order_by("sequence", "id"):
        found[rule.tax_class.name].append(_rule(rule))
    for rate in TaxRate.objects.filter(name__in=set(names) - set(found)):
        found[rate.name].append(Rule(rate=_rate(rate), inclusive=rate.inclusive))
    return {name: Taxes(name=name, rules=tuple(rules)) for name, rules in found.items()}


def _rule(row: TaxRule) -> Rule:
    return Rule(
        rate=_rate(row.rate, sequence=row.sequence, on_top=row.on_top),
        inclusive=row.rate.inclusive,
        region=row.region,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _rate(row: TaxRate, *, sequence: int = 1, on_top: bool = False) -> Rate:
    return Rate(
        sequence=sequence,
        code=row.code or row.name,
        rate=scaled(row.rate, RATE_DECIMALS),
        on_top=on_top,
        name=row.name,
    )
