"""Lines keep how their amounts came about: list price, gross, discounts, and a row for each tax.

Exact for what is there: each line had one tax. Unit prices have fractions in a column beside the one that the release
before reads. While it still runs, a trigger adds to its lines what it does not know.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q, Value

LEVELS = [("LINE", "Each line and tax"), ("ORDER", "Each tax of an order, shared out over its lines")]
PRICE = {"max_digits": 19, "decimal_places": 6}

BEFORE = """
UPDATE pos_orderline SET exact_unit_price = unit_price,
    gross = total - CASE WHEN tax_inclusive THEN 0 ELSE tax_total END;
INSERT INTO pos_orderlinetax (line_id, number, code, name, rate, inclusive, base, amount)
SELECT id, 1, tax_name, tax_name, tax_rate, tax_inclusive, total - tax_total, tax_total FROM pos_orderline;
UPDATE pos_returnline r SET taxes = jsonb_build_array(jsonb_build_object(
    'code', l.tax_name, 'name', l.tax_name, 'rate', l.tax_rate::text, 'inclusive', l.tax_inclusive,
    'base', r.total - r.tax_total, 'amount', r.tax_total))
FROM pos_orderline l WHERE l.id = r.order_line_id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE pos_orderline ALTER exact_unit_price SET NOT NULL, ALTER gross SET NOT NULL;
"""
RELEASE_BEFORE = """
CREATE FUNCTION pos_orderline_of_release_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.exact_unit_price := NEW.unit_price;
    NEW.gross := NEW.total - CASE WHEN NEW.tax_inclusive THEN 0 ELSE NEW.tax_total END;
    RETURN NEW;
END $$;
CREATE FUNCTION pos_orderline_one_tax() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %I.pos_orderlinetax (line_id, number, code, name, rate, inclusive, base, amount)
        VALUES ($1, 1, $2, $2, $3, $4, $5, $6)', TG_TABLE_SCHEMA)
        USING NEW.id, NEW.tax_name, NEW.tax_rate, NEW.tax_inclusive, NEW.total - NEW.tax_total, NEW.tax_total;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_orderline_of_release_before BEFORE INSERT ON pos_orderline FOR EACH ROW
    WHEN (NEW.price_source IS NULL AND NEW.gross IS NULL) EXECUTE FUNCTION pos_orderline_of_release_before();
CREATE TRIGGER pos_orderline_one_tax AFTER INSERT ON pos_orderline FOR EACH ROW
    WHEN (NEW.price_source IS NULL) EXECUTE FUNCTION pos_orderline_one_tax();
"""
WITHOUT = """
DROP TRIGGER pos_orderline_one_tax ON pos_orderline;
DROP TRIGGER pos_orderline_of_release_before ON pos_orderline;
DROP FUNCTION pos_orderline_one_tax();
DROP FUNCTION pos_orderline_of_release_before();
"""


def level(help_text: str = "") -> "models.CharField[str, str]":
    return models.CharField(choices=LEVELS, db_default="LINE", default="LINE", max_length=5, help_text=help_text)


def amount(**more: object) -> "models.BigIntegerField[int, int]":
    return models.BigIntegerField(db_default=0, default=0, **more)  # type: ignore[arg-type]


class Migration(migrations.Migration):
    dependencies = [("pos", "0011_finding")]
    operations = [
        migrations.AddField(
            "location", "rounding_level", level("Where the taxes of its orders and returns are rounded")
        ),
        migrations.AddField("order", "rounding_level", level()),
        migrations.AddField(
            "order", "discounts", models.JSONField(db_default=Value([], models.JSONField()), default=list)
        ),
        migrations.AddField("order", "discount_total", amount(help_text="Of the lines and of the order")),
        migrations.AddField(
            "order", "rounding_adjustment", amount(help_text="What is added because cash has no smaller coins")
        ),
        migrations.AlterField(
            "order",
            "total",
            models.BigIntegerField(help_text="What the customer pays: the lines' totals and the rounding adjustment"),
        ),
        migrations.RemoveConstraint("order", "order_total_adds_up"),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("tax_total") + F("rounding_adjustment")),
                name="order_total_adds_up",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("orderline", "unit_price", "whole_unit_price"),
                migrations.AlterField(
                    "orderline",
                    "whole_unit_price",
                    models.BigIntegerField(
                        db_column="unit_price", editable=False, help_text="Rounded: read by the release before"
                    ),
                ),
                migrations.AddField(
                    "orderline",
                    "unit_price",
                    models.DecimalField(db_column="exact_unit_price", help_text="In minor units", **PRICE),
                    preserve_default=False,
                ),
                migrations.AddField(
                    "orderline",
                    "gross",
                    models.BigIntegerField(help_text="Quantity times unit price, rounded once"),
                    preserve_default=False,
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE pos_orderline ADD exact_unit_price numeric(19, 6), ADD gross bigint;",
                    "ALTER TABLE pos_orderline DROP exact_unit_price, DROP gross;",
                )
            ],
        ),
        migrations.AddField(
            "orderline",
            "list_price",
            models.DecimalField(
                help_text="Of the catalogue, in minor units; empty where it has none", null=True, **PRICE
            ),
        ),
        migrations.AddField(
            "orderline",
            "price_source",
            models.CharField(
                choices=[
                    ("LIST", "The catalogue's"),
                    ("MANUAL", "Sent with the line"),
                    ("WEIGHED", "Of a barcode that carries a weight or a price"),
                ],
                max_length=7,
                null=True,
            ),
        ),
        migrations.AddField("orderline", "line_discount", amount()),
        migrations.AddField("orderline", "order_discount_share", amount()),
        migrations.AddField(
            "orderline",
            "discounts",
            models.JSONField(db_default=Value([], models.JSONField()), default=list, help_text="Of the line"),
        ),
        migrations.AlterField(
            "orderline",
            "total",
            models.BigIntegerField(help_text="Gross minus both discounts, and the taxes that the price lacks"),
        ),
        migrations.CreateModel(
            name="OrderLineTax",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "line_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taxes",
                        to="pos.orderline",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=100)),
                ("rate", models.DecimalField(decimal_places=6, max_digits=9)),
                ("inclusive", models.BooleanField(help_text="Whether the price contains it")),
                (
                    "base",
                    models.BigIntegerField(
                        help_text="What the rate is applied to: the line without taxes, or with those below"
                    ),
                ),
                ("amount", models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            "returnline",
            "taxes",
            models.JSONField(
                help_text="As of an order's line, each with its share; null: not known, of returns without an order",
                null=True,
            ),
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(RELEASE_BEFORE, WITHOUT),
    ]
