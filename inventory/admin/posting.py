"""Goods that a person receives, counts or adjusts: typed, shown with what it will do, and posted once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from inventory.models import StockedVariant, StockMovement
from inventory.queries import on_hand_at, stocked_variants
from inventory.services import Source, StockMove, adjust_stock, receive_goods
from kernel import limits
from kernel.ids import new_id
from kernel.money import QUANTITY_STEP, written
from kernel.refusals import Refusal
from kernel.validators import PlainText
from staff.duty.services.admin_acts import APPROVABLE, act
from web.admin import sentence_of
from web.admin.answers import APPROVER_CODE, APPROVER_PIN
from web.admin.texts import PlainDecimal
from web.places import places_of_shop

MOST_LINES = 100
EMPTY_LINES = 5
NOT_SENT_AGAIN = {"csrfmiddlewaretoken", "confirmed", APPROVER_CODE, APPROVER_PIN}

Post = Callable[..., Sequence[StockMovement]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of document. `consequence` is what a yes will do; `quantity` what is typed for each line.

    :param counted: whether the quantities are what there is, and not what changes.
    """

    name: str
    title: str
    quantity: str
    consequence: str
    permission: str
    source_type: str
    post: Post
    counted: bool = False
    least: Decimal = QUANTITY_STEP
    asks_reason: bool = True


PAGES = {
    kind.name: kind
    for kind in (
        Kind(
            name="receive",
            title="Receive goods",
            quantity="Received",
            consequence="These goods are added to what is on hand.",
            permission="inventory.receive_goods",
            source_type="goods_receipt",
            post=receive_goods,
            asks_reason=False,
        ),
        Kind(
            name="count",
            title="Count stock",
            quantity="Counted",
            consequence="What differs from the count is corrected. What is sold from now on is taken off the counted.",
            permission="inventory.adjust_stock",
            source_type="adjustment",
            post=adjust_stock,
            counted=True,
            least=Decimal(0),
        ),
        Kind(
            name="adjust",
            title="Adjust stock",
            quantity="Found (or lost, with a minus)",
            consequence="These quantities are added to what is on hand, or taken off it.",
            permission="inventory.adjust_stock",
            source_type="adjustment",
            post=adjust_stock,
            least=-limits.LARGEST_QUANTITY,
        ),
    )
}


class DocumentForm(forms.Form):
    document = forms.UUIDField(widget=forms.HiddenInput)
    location = forms.TypedChoiceField(coerce=UUID)
    reason = forms.CharField(max_length=limits.REASON, validators=[PlainText()], widget=UnfoldAdminTextInputWidget)

    def __init__(self, *given: Any, kind: Kind, **options: Any) -> None:
        super().__init__(*given, **options)
        choices = [(str(id_), name) for id_, name in places_of_shop()]
        self.fields["location"].choices = choices  # type: ignore[attr-defined]
        self.fields["location"].widget = UnfoldAdminSelectWidget(choices=choices)
        if not kind.asks_reason:
            del self.fields["reason"]


class LineForm(forms.Form):
    """A line: the SKU of goods that are kept in stock, and how many. `seen` is what was on hand when it was shown."""

    sku = forms.CharField(label="SKU", max_length=limits.CODE, widget=UnfoldAdminTextInputWidget)
    quantity = PlainDecimal(
        max_digits=limits.QUANTITY_DIGITS,
        decimal_places=3,
        max_value=limits.LARGEST_QUANTITY,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    seen = PlainDecimal(max_digits=limits.STOCK_DIGITS, decimal_places=3, required=False, widget=forms.HiddenInput)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line that was read. `change` is what is posted for it."""

    variant: StockedVariant
    on_hand: Decimal
    change: Decimal


class Lines(forms.BaseFormSet):  # type: ignore[type-arg]
    kind: Kind

    def clean(self) -> None:
        """:raises ValidationError: when there is no line at all."""
        filled = [form for form in self.forms if form.has_changed()]
        if not filled and not any(self.errors):
            raise forms.ValidationError("Type the SKU of at least one line.")
        known = stocked_variants({form.cleaned_data["sku"] for form in filled if "sku" in form.cleaned_data})
        seen: set[str] = set()
        for form in filled:
            sku, quantity = form.cleaned_data.get("sku"), form.cleaned_data.get("quantity")
            if sku is not None and sku not in known:
                form.add_error("sku", f"No goods kept in stock have the SKU {sku}.")
            if sku in seen:
                form.add_error("sku", f"{sku} has a line already.")
            seen.add(sku or "")
            if quantity is not None and (quantity < self.kind.least or (quantity == 0 and not self.kind.counted)):
                form.add_error(
                    "quantity", "Type a quantity above zero." if self.kind.least > 0 else "Not this quantity."
                )

    def lines(self, location_id: UUID) -> list[Line]:
        filled = [form.cleaned_data for form in self.forms if form.has_changed()]
        known = stocked_variants({each["sku"] for each in filled})
        found = on_hand_at(location_id, [variant.variant_id for variant in known.values()])
        made = []
        for each in filled:
            variant = known[each["sku"]]
            on_hand = each["seen"] if each.get("seen") is not None else found.get(variant.variant_id, Decimal(0))
            change = each["quantity"] - on_hand if self.kind.counted else each["quantity"]
            made.append(Line(variant=variant, on_hand=on_hand, change=change))
        return made


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What was typed on a page of a kind, or is to be."""

    kind: Kind
    form: DocumentForm
    lines: Any

    def is_valid(self) -> bool:
        return self.form.is_valid() & self.lines.is_valid()

    @property
    def location_id(self) -> UUID:
        location_id: UUID = self.form.cleaned_data["location"]
        return location_id

    @property
    def reason(self) -> str:
        return str(self.form.cleaned_data.get("reason", ""))


def page_of(page: Any, kind: Kind) -> Callable[[HttpRequest], HttpResponse]:
    """Make the page of a kind: it asks, shows what will be done, and does it when that is confirmed."""

    def show(request: HttpRequest) -> HttpResponse:
        if not (page.on_its_host() and request.user.has_perm(kind.permission)):
            raise PermissionDenied
        if request.method != "POST":
            return _asked(page, request, _typed(kind, None, request.GET))
        typed = _typed(kind, request.POST, QueryDict())
        if not typed.is_valid():
            return _asked(page, request, typed)
        return (
            _posted(page, request, typed) if request.POST.get("confirmed") == "yes" else _review(page, request, typed)
        )

    return show


def _typed(kind: Kind, data: QueryDict | None, chosen: QueryDict) -> Typed:
    """:param chosen: goods and a place to begin with, where nothing was typed yet."""
    skus = chosen.getlist("sku")[:MOST_LINES]
    made: Any = forms.formset_factory(
        LineForm, formset=Lines, extra=len(skus) + EMPTY_LINES, max_num=MOST_LINES, absolute_max=MOST_LINES
    )
    made.kind = kind
    lines = made(data, prefix="lines")
    for form, sku in zip(lines.forms, skus, strict=False):
        form.initial = {"sku": sku}
    initial = {"document": new_id(), "location": chosen.get("location")}
    return Typed(kind=kind, form=DocumentForm(data, kind=kind, initial=initial), lines=lines)


def _asked(page: Any, request: HttpRequest, typed: Typed) -> HttpResponse:
    context = {"kind": typed.kind, "form": typed.form, "lines": typed.lines}
    return _page(page, request, "admin/inventory/post.html", context)


def _review(page: Any, request: HttpRequest, typed: Typed, *, refusal: str = "") -> HttpResponse:
    """Show what will be done. :param refusal: why a yes was not enough: somebody who approves must type their PIN."""
    read = typed.lines.lines(typed.location_id)
    shown = [
        (line.variant.sku, line.variant.title, *map(written, (line.on_hand, line.change, line.on_hand + line.change)))
        for line in read
    ]
    kept = [
        (name, value)
        for name, value in request.POST.items()
        if name not in NOT_SENT_AGAIN and not name.endswith("-seen")
    ]
    filled = [form.prefix for form in typed.lines.forms if form.has_changed()]
    seen = [(f"{prefix}-seen", str(line.on_hand)) for prefix, line in zip(filled, read, strict=True)]
    places = dict(places_of_shop())
    context = {
        "kind": typed.kind,
        "rows": shown,
        "sent": [*kept, *seen],
        "place": places[typed.location_id],
        "reason": typed.reason,
        "refusal": refusal,
    }
    return _page(page, request, "admin/inventory/post_review.html", context)


def _posted(page: Any, request: HttpRequest, typed: Typed) -> HttpResponse:
    kind, document = typed.kind, typed.form.cleaned_data["document"]
    moved = [
        StockMove(
            variant_id=line.variant.variant_id,
            quantity=line.change,
            line=uuid5(document, str(number)),
            reason=f"Count: {typed.reason}"[: limits.REASON] if kind.counted else typed.reason,
        )
        for number, line in enumerate(typed.lines.lines(typed.location_id), start=1)
        if line.change
    ]
    source = Source(type=kind.source_type, id=document, location_id=typed.location_id, occurred_at=timezone.now())
    try:
        if moved:
            act(
                request,
                id=document,
                content={"location": str(typed.location_id), "lines": [_content(move) for move in moved]},
                reason=typed.reason or kind.title,
                do=lambda command: kind.post(source=source, moved=moved, command=command),
            )
    except APPROVABLE as refusal:
        return _review(page, request, typed, refusal=sentence_of(refusal))
    except Refusal as refusal:
        typed.form.add_error(None, sentence_of(refusal))
        return _asked(page, request, typed)
    done = f"{kind.title}: {len(moved)} lines posted." if moved else "The count is what is on hand: nothing was posted."
    messages.success(request, done)
    return HttpResponseRedirect(reverse("admin:inventory_stockitem_changelist"))


def _content(move: StockMove) -> dict[str, str]:
    return {"variant_id": str(move.variant_id), "quantity": str(move.quantity), "reason": move.reason}


def _page(page: Any, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    title = {"opts": page.model._meta, "title": context["kind"].title}
    return TemplateResponse(request, template, {**page.admin_site.each_context(request), **title, **context})
