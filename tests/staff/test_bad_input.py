"""IN14 and IN19: bad input in the admin is an error of its form, in a sentence, at its field."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError, transaction
from django.test import Client, RequestFactory
from psycopg import errors

from kernel.constraints import Check, Unique, place_of_violation
from kernel.money import in_major_units
from kernel.refusals import Refusal
from kernel.tenancy import in_public_schema
from pos.models import Product, Register, TaxClass, TaxRate, Variant
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from tests.support.unchanged import SESSION, nothing_happened
from web.admin import OnPlatformHost

CONSTRAINTS = [
    pytest.param(model, constraint, id=constraint.name)
    for model in apps.get_models()
    if not model.__module__.startswith(("django.", "axes.", "django_otp."))
    for constraint in model._meta.constraints
]


@pytest.fixture
def owner(shop: Tenant) -> Client:
    return people.owner()


def form_of(client: Client, url: str, name: str) -> dict[str, Any]:
    return filled_form(client.get(url).content, f"{name}_form")


def two_variants(first: str, second: str) -> dict[str, Any]:
    rows = {
        f"variants-{n}-{name}": value
        for n, sku in enumerate((first, second))
        for name, value in {"sku": sku, "price": "100", "active": "on"}.items()
    }
    tax_class = str(TaxClass.objects.order_by("name").first().pk)
    product = {"name": "Mug", "kind": "STOCKED", "tax_class": tax_class}
    return {**product, "variants-TOTAL_FORMS": "2", "variants-INITIAL_FORMS": "0", **rows}


@pytest.mark.parametrize(("model", "constraint"), CONSTRAINTS)
def test_in19_every_constraint_says_at_its_field_what_must_be_true(model: Any, constraint: Any) -> None:
    said = constraint.get_violation_error_message()

    assert isinstance(constraint, (Check, Unique)), f"use kernel.constraints for {constraint.name}"
    assert said.endswith(".")
    assert constraint.name not in said
    assert "onstraint" not in said
    assert constraint.field in {field.name for field in model._meta.get_fields()}
    assert constraint.clone().sentence == said
    with pytest.raises(ValidationError) as caught:
        _violated(constraint, model)
    assert caught.value.message_dict == {constraint.field: [said]}


def _violated(constraint: Any, model: Any) -> None:
    """Let Django find that the constraint does not hold, whatever it asks the database."""

    class Broken(type(constraint)):  # type: ignore[misc]
        pass

    original = type(constraint).__mro__[2]

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ValidationError(self.get_violation_error_message())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(original, "validate", refuse)
        constraint.validate(model, model())


def test_in19_a_field_that_is_not_in_the_form_leaves_the_sentence_above_it(monkeypatch: Any) -> None:
    (constraint,) = TaxRate._meta.constraints

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ValidationError(self.get_violation_error_message())

    monkeypatch.setattr("django.db.models.CheckConstraint.validate", refuse)
    with pytest.raises(ValidationError) as caught:
        constraint.validate(TaxRate, TaxRate(), exclude={"rate"})

    assert list(caught.value.message_dict) == [NON_FIELD_ERRORS]


@pytest.mark.parametrize(
    ("url", "typed", "field", "sentence"),
    [
        ("pos/taxrate", {"name": "x", "rate": "19"}, "rate", "A tax rate is a share from 0 to below 1"),
        ("pos/taxrate", {"name": "x", "rate": "-0.1"}, "rate", "A tax rate is a share from 0 to below 1"),
        ("pos/variant", {"sku": "M", "price": "-1", "active": "on"}, "price", "An amount must not be below zero."),
        ("pos/variant", {"sku": "MUG", "price": "1", "active": "on"}, "sku", "Another active variant has this SKU."),
        ("pos/variant", {"sku": "M", "price": "9" * 30, "active": "on"}, "price", "at most 10000000000.00 EUR"),
        ("pos/register", {"code": "R1", "name": "x"}, "code", "already exists"),
        ("staff/signinrules", {"idle_minutes": "100000"}, "idle_minutes", "less than or equal to 720"),
    ],
)
def test_in19_what_a_person_typed_wrong_is_said_at_its_field(
    owner: Client, url: str, typed: dict[str, str], field: str, sentence: str
) -> None:
    product = str(make.variant().product_id)
    location = str(make.register().location_id)
    inlines = {"barcodes-TOTAL_FORMS": "0", "barcodes-INITIAL_FORMS": "0"}

    with nothing_happened(but=SESSION):
        answer = owner.post(f"/admin/{url}/add/", {"product": product, "location": location, **inlines, **typed})

    assert answer.status_code == 200
    assert sentence in " ".join(answer.context["adminform"].form.errors[field])


def test_in14_two_variants_of_one_sku_are_an_error_of_the_form(owner: Client) -> None:
    with nothing_happened(but=SESSION):
        answer = owner.post("/admin/pos/product/add/", two_variants("MUG", "MUG"))

    assert answer.status_code == 200
    assert "Another active variant has this SKU." in answer.content.decode()
    assert "was added" not in answer.content.decode() + owner.get("/admin/pos/product/").content.decode()
    assert owner.post("/admin/pos/product/add/", two_variants("MUG", "CUP")).status_code == 302


def test_in14_a_sku_that_another_request_takes_meanwhile_is_an_error_of_the_form(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = make.variant("MUG")
    make.variant("CUP")
    url = f"/admin/pos/variant/{variant.pk}/change/"
    monkeypatch.setattr(Variant, "validate_constraints", lambda *_args, **_kwargs: None)

    answer = owner.post(url, {**form_of(owner, url, "variant"), "sku": "CUP"})

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"sku": ["Another active variant has this SKU."]}


def test_in14_a_code_that_another_request_takes_meanwhile_names_its_field(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Register, "validate_unique", lambda *_args, **_kwargs: None)
    monkeypatch.setattr("django.forms.models.BaseModelForm.validate_unique", lambda *_args: None)
    form = {"code": "R1", "name": "x", "location": str(make.register().location_id)}

    answer = owner.post("/admin/pos/register/add/", form)

    assert answer.context["adminform"].form.errors == {"code": ["Register with this Code already exists."]}


def test_in14_a_tenant_whose_name_or_host_is_taken_is_an_error_of_the_form(shop: Tenant) -> None:
    client = people.operator()
    typed = {"name": "North", "currency": "EUR", "timezone": "UTC", "owner_email": ""}

    with in_public_schema(), nothing_happened(but=SESSION):
        name = client.post("/admin/tenants/tenant/add/", {**typed, "schema_name": "north"})
        host = client.post("/admin/tenants/tenant/add/", {**typed, "schema_name": "_x"})

    assert (name.status_code, host.status_code) == (200, 200)
    assert b"already exists" in name.content


def test_in14_a_host_that_is_taken_is_an_error_of_the_form(shop: Tenant, south: Tenant) -> None:
    from tenants.models import Domain

    client = people.operator()
    with in_public_schema():
        Domain.objects.create(tenant=south, domain="taken.localhost", is_primary=False)

    typed = {"schema_name": "taken", "name": "T", "currency": "EUR", "timezone": "UTC", "owner_email": ""}
    with in_public_schema(), nothing_happened(but=SESSION):
        answer = client.post("/admin/tenants/tenant/add/", typed)

    assert answer.status_code == 200
    assert "taken.localhost" in answer.content.decode()


@pytest.mark.parametrize("url", ["/admin/r/1/1/", "/admin/r/1/x/", "/admin/r/99/99/"])
def test_in14_there_is_no_other_page_of_a_row(owner: Client, url: str) -> None:
    assert owner.get(url).status_code == 404


def test_in14_a_row_that_is_in_use_is_not_deleted_and_the_page_says_so(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.variant()
    rate = Product.objects.get().tax_rate

    asked = owner.post(f"/admin/pos/taxrate/{rate.pk}/delete/", {"post": "yes"}, follow=True)

    assert asked.status_code == 200
    assert TaxRate.objects.filter(pk=rate.pk).exists()


def test_in14_what_a_service_refuses_in_an_action_is_a_message(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(Refusal):
        code = "closed"

    def refuse(**_: Any) -> None:
        raise Closed("the till is closed")

    monkeypatch.setattr("pos.registers.admin.pair_device", refuse)
    form = {"action": "pair", "_selected_action": [str(make.register().pk)]}

    answer = owner.post("/admin/pos/register/", form, follow=True)

    assert "The till is closed." in answer.content.decode()


def test_in14_a_bug_is_not_taken_for_bad_input() -> None:
    assert place_of_violation(IntegrityError("nothing behind it")) is None
    error = IntegrityError()
    error.__cause__ = errors.NotNullViolation()
    assert place_of_violation(error) is None
    error.__cause__ = errors.ForeignKeyViolation()
    found = place_of_violation(error)
    assert found is not None
    assert "does not exist any more" in found[2]


HOSTILE = ["%00", "9" * 40, "x"]


@pytest.mark.parametrize("host", [people.SHOP, people.PLATFORM])
def test_in14_no_query_and_no_key_makes_an_error_on_our_side(shop: Tenant, host: str) -> None:
    make.variant()
    make.order(make.cash(1000), email="ada@example.test")
    client = people.owner() if host == people.SHOP else people.operator()
    client.raise_request_exception = False
    asked, broken = 0, []

    for page in admin.site._registry.values():
        if host == people.PLATFORM and not (isinstance(page, OnPlatformHost) or page.model._meta.app_label == "events"):
            continue
        url = f"/admin/{page.model._meta.app_label}/{page.model._meta.model_name}/"
        tried = [f"{url}?{name}={value}" for name in ["q", "p", "o", *_filters(page)] for value in HOSTILE]
        tried += [f"{url}{value}/change/" for value in HOSTILE] + [f"{url}{HOSTILE[1]}/delete/"]
        for each in tried:
            asked += 1
            if client.get(each, headers={"Host": host}).status_code >= 500:
                broken.append(each[:120])
        posted = {"action": "nonsense", "_selected_action": ["x", "9" * 40, "-1"], "index": "9" * 30}
        for form in (posted, {**posted, "action": "delete_selected"}, {"_save": "1", "form-TOTAL_FORMS": "x"}):
            asked += 1
            if client.post(url, form, headers={"Host": host}).status_code >= 500:
                broken.append(f"POST {url} {form}")

    assert broken == []
    assert asked > 150


def _filters(page: Any) -> list[str]:
    named = [f"{each}__exact" for each in page.list_filter if isinstance(each, str)][:1]
    return [*named, *([f"{page.date_hierarchy}__year"] if page.date_hierarchy else [])]


def product(**more: str) -> dict[str, str]:
    tax_class = TaxClass.objects.get(name="Zero")
    return {
        "name": "Mug", "kind": "STOCKED", "tax_class": str(tax_class.pk), "variants-TOTAL_FORMS": "1",
        "variants-INITIAL_FORMS": "0", "variants-0-sku": "NEW", "variants-0-price": "100", "variants-0-active": "on",
        **more,
    }  # fmt: skip


@pytest.mark.parametrize("price", [10**12 + 1, 2**63 - 1, 2**63, 10**40])
def test_in03_a_price_in_the_admin_is_at_most_what_the_api_takes(shop: Tenant, price: int) -> None:
    client = people.owner()

    refused = client.post("/admin/pos/product/add/", product(**{"variants-0-price": in_major_units(price, "EUR")}))
    largest = client.post("/admin/pos/product/add/", product(**{"variants-0-price": in_major_units(10**12, "EUR")}))
    variant = Variant.objects.get()
    page = f"/admin/pos/variant/{variant.pk}/change/"
    changed = client.post(
        page, {**filled_form(client.get(page).content, "variant_form"), "price": in_major_units(price, "EUR")}
    )

    assert (refused.status_code, largest.status_code, changed.status_code) == (200, 302, 200)
    assert list(refused.context["inline_admin_formsets"][0].formset.errors[0]) == ["price"]
    assert list(changed.context["adminform"].form.errors) == ["price"]
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        Variant.objects.update(price=price)


@pytest.mark.parametrize("total", ["-1", "0", "-9", ""])
def test_in03_a_product_has_a_variant_whatever_is_sent_of_their_number(shop: Tenant, total: str) -> None:
    client = people.owner()

    added = client.post("/admin/pos/product/add/", product(**{"variants-TOTAL_FORMS": total}))

    assert added.status_code == 200
    assert Product.objects.count() == 0


@pytest.mark.parametrize("page", list(admin.site._registry.values()), ids=lambda page: page.model._meta.label)
def test_in03_no_rows_inside_a_page_can_number_less_than_none(shop: Tenant, page: Any) -> None:
    request = RequestFactory().get("/")
    request.user = hire_owner(username="ada", password=people.PASSWORD)
    for inline in page.get_inline_instances(request):
        formset = inline.get_formset(request)

        assert formset.validate_min, inline
        assert formset.validate_max or inline.max_num == 0, inline
