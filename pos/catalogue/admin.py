"""The catalogue in the admin of a shop: products, their variants and tax rates."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel.gtins import barcode_key
from kernel.limits import CODE, MOST_BARCODES
from kernel.money import round_half_up
from kernel.units import open_unit
from kernel.validators import PlainText
from pos.catalogue.barcodes import BarcodeTaken, holder_of, put_barcodes
from pos.catalogue.models import Barcode, Category, Product, Variant
from pos.catalogue.resources import Products
from pos.catalogue.services import (
    UnknownTaxRate,
    announce_deletion,
    announce_variants,
    archive_product,
    archive_variant,
    lock_products,
    locked_prices,
)
from pos.prices.queries import base_entries
from pos.taxes.queries import first_rate
from web.admin import Confirmation, ShopAdmin, TabularInline, sentence_of
from web.admin.cells import joined, parted
from web.admin.imports import ImportPage
from web.admin.money import currency_of_shop, with_currency_of_shop

ARCHIVING = Confirmation(
    action="archive",
    title="Archive",
    consequence="No till sells them any more. It cannot be taken back; their stock is still shown, and their barcodes"
    " and SKUs are free for what comes after them.",
    asks_reason=False,
)


def with_exact_prices(variants: QuerySet[Variant]) -> QuerySet[Variant]:
    """Give variants what one unit costs by the default list, with fractions of a minor unit, in their own statement."""
    return variants.annotate(exact_price=Subquery(base_entries().filter(variant=OuterRef("pk")).values("price")[:1]))


class PricedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A variant with its exact price: its column has that rounded, and the default list as it is."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        exact = getattr(self.instance, "exact_price", None)
        if exact is not None:
            self.initial["price"] = exact

    def clean_price(self) -> int:
        self.exact_price: Decimal = self.cleaned_data["price"]
        return round_half_up(self.exact_price)

    def save_price(self) -> None:
        """Write the exact price of a variant that was saved, where it was changed."""
        if "price" in self.changed_data:
            base_entries().filter(variant=self.instance).exclude(price=self.exact_price).update(price=self.exact_price)


class PricedVariants:
    """A page, or rows inside one, of variants with their exact prices."""

    money: tuple[str, ...] = ("price",)
    unit_prices: tuple[str, ...] = ("price",)

    def amount_of(self, row: Any, _name: str) -> Any:
        return row.exact_price


class VariantForm(PricedForm):
    """A variant with its plain barcodes in one line; those of scales are on the page of the variant."""

    codes = forms.CharField(
        label="Barcodes", required=False, validators=[PlainText()], widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["codes"].help_text = "Separated by blanks; a blank in a code has a backslash before it"
        self.fields["codes"].widget.attrs["aria-label"] = "Barcodes"
        self.initial["codes"] = plain_codes(self.instance)

    def clean_codes(self) -> list[str]:
        """:raises ValidationError: for what is too long or too many, and with the variant that has one of them."""
        codes: list[str] = parted(self.cleaned_data["codes"], " ")
        if len(codes) > MOST_BARCODES or any(len(code) > CODE for code in codes):
            message = f"A variant has at most {MOST_BARCODES} barcodes, of at most {CODE} characters each."
            raise ValidationError(message, code="barcodes")
        other_than = None if self.instance._state.adding else self.instance  # noqa: SLF001
        own = {each.key for each in other_than.barcodes.all()} if other_than else set()
        new = [(code, Barcode.Kind.PLAIN) for code in codes if barcode_key(code) not in own]
        taken = holder_of(new, other_than=other_than)
        if taken is not None:
            raise ValidationError(sentence_of(BarcodeTaken(taken)), code="taken")
        return codes


def plain_codes(variant: Variant) -> str:
    if variant._state.adding:  # noqa: SLF001
        return ""
    plain = sorted(each.code for each in variant.barcodes.all() if each.kind == Barcode.Kind.PLAIN)
    return joined(plain, " ", " ")


class VariantInline(PricedVariants, TabularInline):
    model = Variant
    form = VariantForm
    extra = 0
    min_num = 1
    fields = ("sku", "name", "price", "codes", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        rows: QuerySet[Variant] = super().get_queryset(request)
        return with_exact_prices(rows).prefetch_related("barcodes")

    @admin.display(description="Barcodes")
    def codes(self, variant: Variant) -> str:
        return plain_codes(variant)

    def currency_of(self, _row: Any) -> str:
        return currency_of_shop()


class BarcodeForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> Any:
        """:raises ValidationError: with the variant that has the code, or one that is read as it."""
        cleaned = super().clean()
        code, kind = self.cleaned_data.get("code"), self.cleaned_data.get("kind")
        new = [(code, kind)] if code and kind and {"code", "kind"} & set(self.changed_data) else []
        taken = holder_of(new, other_than=None)
        if taken is not None and taken.pk != self.instance.pk:
            self.add_error("code", ValidationError(sentence_of(BarcodeTaken(taken)), code="taken"))
        return cleaned


class BarcodeInline(TabularInline):
    model = Barcode
    form = BarcodeForm
    extra = 0
    fields = ("code", "kind", "quantity")


@admin.register(Category)
class CategoryAdmin(ShopAdmin):
    list_display = ("name", "parent")
    list_select_related = ("parent",)
    search_fields = ("name",)
    chooser_name = "name"
    autocomplete_fields = ("parent",)

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if change and "name" in form.changed_data:
            announce_variants(variants=Variant.objects.filter(product__category=obj, active=True), before={})


@admin.register(Product)
class ProductAdmin(ImportPage, ShopAdmin):
    rows = Products
    list_display = ("name", "category", "kind", "tax_class", "created_at", "archived_at")
    readonly_fields = ("archived_at",)
    actions = ("archive",)
    list_filter = ("kind", "tax_class", "category")
    list_select_related = ("category", "tax_class")
    autocomplete_fields = ("category",)
    exclude = ("tax_rate",)
    search_fields = ("name", "variants__sku", "variants__barcodes__code")
    chooser_name = "name"
    inlines = (VariantInline,)

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        """Return the variants of the products that the list shows, which are sold."""
        chosen = Variant.objects.filter(product__in=super().get_export_queryset(request).values("pk"), active=True)
        related = chosen.select_related("product__tax_class", "product__tax_rate").prefetch_related("barcodes")
        return related.order_by("sku")  # type: ignore[no-any-return]

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001
        rate = first_rate(obj.tax_class) if obj.tax_class else None
        if rate is None:
            message = f"the tax class {obj.tax_class} has no rule: add one, with the rate 0 where no tax is charged"
            raise UnknownTaxRate(message, field="tax_class")
        obj.tax_rate = rate
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        gone = [each.instance for formset in formsets for each in formset.deleted_forms if each.instance.pk]
        announce_deletion(variants=gone, now=timezone.now())
        before = locked_prices(form.instance.variants.all())
        super().save_related(request, form, formsets, change)
        for formset in formsets:
            for row in formset.forms:
                if row.has_changed() and row not in formset.deleted_forms:
                    row.save_price()
                if "codes" in row.changed_data and row not in formset.deleted_forms:
                    put_barcodes(variant=row.instance, plain=row.cleaned_data["codes"])
        announce_variants(variants=form.instance.variants.all(), before=before)

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        announce_deletion(variants=list(obj.variants.all()), now=timezone.now())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        with open_unit():
            announce_deletion(variants=list(Variant.objects.filter(product__in=queryset)), now=timezone.now())
            super().delete_queryset(request, queryset)

    @admin.action(description="Archive: no till sells it any more", permissions=["change"])
    def archive(self, request: HttpRequest, products: QuerySet[Product]) -> HttpResponse | None:
        if not ARCHIVING.is_given(request):
            return ARCHIVING.ask(self, request, products)
        for product in products:
            archive_product(product_id=product.pk, now=timezone.now())
        return None


@admin.register(Variant)
class VariantAdmin(PricedVariants, ShopAdmin):
    form = PricedForm
    list_display = ("sku", "title", "price", "active", "archived_at")
    list_filter = ("active", ("archived_at", admin.EmptyFieldListFilter))
    readonly_fields = ("archived_at",)
    actions = ("archive",)
    search_fields = ("sku", "name", "product__name", "barcodes__code")
    chooser_name = "sku"
    list_select_related = ("product",)
    autocomplete_fields = ("product",)
    inlines = (BarcodeInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return with_exact_prices(with_currency_of_shop(super().get_queryset(request)))

    def currency_of(self, row: Any) -> str:
        return getattr(row, "currency", None) or currency_of_shop()

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:  # noqa: FBT001
        lock_products([obj.product_id])
        form.prices_before = locked_prices(Variant.objects.filter(pk=obj.pk))
        super().save_model(request, obj, form, change)
        form.save_price()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        announce_variants(variants=Variant.objects.filter(pk=form.instance.pk), before=form.prices_before)

    def delete_model(self, request: HttpRequest, obj: Variant) -> None:
        announce_deletion(variants=[obj], now=timezone.now())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Variant]) -> None:
        with open_unit():
            announce_deletion(variants=list(queryset), now=timezone.now())
            super().delete_queryset(request, queryset)

    @admin.action(description="Archive: no till sells it any more", permissions=["change"])
    def archive(self, request: HttpRequest, variants: QuerySet[Variant]) -> HttpResponse | None:
        if not ARCHIVING.is_given(request):
            return ARCHIVING.ask(self, request, variants)
        for variant in variants:
            archive_variant(variant_id=variant.pk, now=timezone.now())
        return None
