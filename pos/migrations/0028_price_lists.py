"""Price lists, and a default list that holds the price of each variant.

`pos_variant.price` goes on being written, by the release before as well. Two triggers keep it equal to the default
list's price from any quantity on, rounded to whole minor units, whichever of the two is written. The functions name the
schema of their table, as it may be written from another one.
"""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import kernel.ids
import kernel.local_moments
import kernel.validators

RULES = """
ALTER TABLE pos_pricelist ADD CONSTRAINT price_list_one_at_a_time EXCLUDE USING gist (
    numrange(hashtextextended(coalesce(location_id::text, currency) || '/' || priority::text, 0)::numeric,
        hashtextextended(coalesce(location_id::text, currency) || '/' || priority::text, 0)::numeric, '[]') WITH &&,
    tsrange(valid_from, valid_to) WITH &&
) WHERE (NOT is_default);

CREATE FUNCTION pos_pricelist_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.is_default THEN
            RAISE EXCEPTION 'The default list stays: it has the prices for which there is no other list.'
                USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist', CONSTRAINT = 'price_list_default_stays';
        END IF;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %1$I.pos_order WHERE price_list_id = $1)
            OR EXISTS (SELECT 1 FROM %1$I.pos_orderline WHERE price_list_id = $1)', TG_TABLE_SCHEMA)
            INTO named USING OLD.id;
        IF named THEN
            RAISE EXCEPTION 'Goods were sold by %, so it stays on record: end it.', OLD.name
                USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist', CONSTRAINT = 'price_list_sold_by_stays';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.is_default <> NEW.is_default OR OLD.currency NOT IN ('', NEW.currency)
        OR OLD.tax_included <> coalesce(NEW.tax_included, NOT OLD.tax_included)
    THEN
        RAISE EXCEPTION 'The currency of a list, and whether its prices contain the taxes, are never changed: make'
            ' another list.' USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist', COLUMN = 'currency',
            CONSTRAINT = 'price_list_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_pricelist_keep BEFORE UPDATE OR DELETE ON pos_pricelist
    FOR EACH ROW EXECUTE FUNCTION pos_pricelist_keep();
"""
EQUAL = """
CREATE FUNCTION pos_pricelist_fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %1$I.pos_priceentry (id, price_list_id, variant_id, price)
        SELECT uuidv7(), $1, id, price FROM %1$I.pos_variant ORDER BY id ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA)
        USING NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_pricelist_fill AFTER INSERT ON pos_pricelist
    FOR EACH ROW WHEN (NEW.is_default) EXECUTE FUNCTION pos_pricelist_fill();

CREATE FUNCTION pos_variant_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %1$I.pos_priceentry AS entry (id, price_list_id, variant_id, price)
        SELECT uuidv7(), id, $1, $2 FROM %1$I.pos_pricelist WHERE is_default
        ON CONFLICT (price_list_id, variant_id, minimum_quantity) DO UPDATE SET price = excluded.price
        WHERE round(entry.price) <> excluded.price', TG_TABLE_SCHEMA) USING NEW.id, NEW.price;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_variant_list AFTER INSERT OR UPDATE OF price ON pos_variant
    FOR EACH ROW EXECUTE FUNCTION pos_variant_list();

CREATE FUNCTION pos_variant_unlist() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I.pos_priceentry WHERE variant_id = $1', TG_TABLE_SCHEMA) USING OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_variant_unlist AFTER DELETE ON pos_variant
    FOR EACH ROW EXECUTE FUNCTION pos_variant_unlist();

CREATE FUNCTION pos_priceentry_equal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %1$I.pos_variant SET price = round($2), updated_at = now()
        WHERE id = $1 AND price <> round($2)
        AND EXISTS (SELECT 1 FROM %1$I.pos_pricelist WHERE id = $3 AND is_default)', TG_TABLE_SCHEMA)
        USING NEW.variant_id, NEW.price, NEW.price_list_id;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_priceentry_equal AFTER INSERT OR UPDATE ON pos_priceentry
    FOR EACH ROW WHEN (NEW.minimum_quantity = 0) EXECUTE FUNCTION pos_priceentry_equal();

CREATE FUNCTION pos_priceentry_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    needed boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %1$I.pos_pricelist WHERE id = $1 AND is_default)
        AND EXISTS (SELECT 1 FROM %1$I.pos_variant WHERE id = $2)', TG_TABLE_SCHEMA)
        INTO needed USING OLD.price_list_id, OLD.variant_id;
    IF needed AND (TG_OP = 'DELETE' OR (OLD.price_list_id, OLD.variant_id, OLD.minimum_quantity)
        IS DISTINCT FROM (NEW.price_list_id, NEW.variant_id, NEW.minimum_quantity))
    THEN
        RAISE EXCEPTION 'The default list has a price of each variant from any quantity on: change that price.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_priceentry', COLUMN = 'price',
            CONSTRAINT = 'price_entry_of_default_stays';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER pos_priceentry_keep BEFORE UPDATE OR DELETE ON pos_priceentry
    FOR EACH ROW WHEN (OLD.minimum_quantity = 0) EXECUTE FUNCTION pos_priceentry_keep();

INSERT INTO pos_pricelist (id, name, currency, priority, is_default) VALUES (uuidv7(), 'Default', '', 0, true);
SET CONSTRAINTS ALL IMMEDIATE;
"""
NOT_EQUAL = """
DROP TRIGGER pos_variant_unlist ON pos_variant;
DROP FUNCTION pos_variant_unlist();
DROP TRIGGER pos_variant_list ON pos_variant;
DROP FUNCTION pos_variant_list();
DROP TRIGGER pos_priceentry_keep ON pos_priceentry;
DROP FUNCTION pos_priceentry_keep();
DROP TRIGGER pos_priceentry_equal ON pos_priceentry;
DROP FUNCTION pos_priceentry_equal();
DROP TRIGGER pos_pricelist_fill ON pos_pricelist;
DROP FUNCTION pos_pricelist_fill();
"""
WITHOUT_RULES = """
DROP TRIGGER pos_pricelist_keep ON pos_pricelist;
DROP FUNCTION pos_pricelist_keep();
ALTER TABLE pos_pricelist DROP CONSTRAINT price_list_one_at_a_time;
"""
TABLES = ("pricelist", "priceentry")
TRIGGERS = "".join(
    f"""
CREATE CONSTRAINT TRIGGER pos_{table}_shop_changed AFTER INSERT OR DELETE OR UPDATE ON pos_{table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
CREATE TRIGGER pos_{table}_shop_truncated AFTER TRUNCATE ON pos_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_{table} ENABLE ALWAYS TRIGGER pos_{table}_shop_changed;
ALTER TABLE pos_{table} ENABLE ALWAYS TRIGGER pos_{table}_shop_truncated;
"""
    for table in TABLES
)
WITHOUT_TRIGGERS = "".join(
    f"""
DROP TRIGGER pos_{table}_shop_changed ON pos_{table};
DROP TRIGGER pos_{table}_shop_truncated ON pos_{table};
"""
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("pos", "0027_drawers_are_not_locked")]
    operations = [
        migrations.CreateModel(
            name="PriceList",
            fields=[
                (
                    "id",
                    models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=200, unique=True)),
                (
                    "currency",
                    models.CharField(
                        blank=True,
                        help_text="Empty, which only the default list may be: that of the location where something is"
                        " sold",
                        max_length=3,
                        validators=[kernel.validators.validate_currency],
                    ),
                ),
                (
                    "tax_included",
                    models.BooleanField(
                        help_text="Whether its prices contain all taxes; unknown, which only the default list may be:"
                        " as the tax rate of the goods says",
                        null=True,
                    ),
                ),
                (
                    "valid_from",
                    kernel.local_moments.LocalMomentField(
                        blank=True,
                        help_text="By the location's clock; empty: since ever",
                        null=True,
                        verbose_name="from",
                    ),
                ),
                (
                    "valid_to",
                    kernel.local_moments.LocalMomentField(
                        blank=True, help_text="From this moment on no more; empty: on", null=True, verbose_name="until"
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="The larger one wins; of the same one, a location's own list before those of all",
                    ),
                ),
                ("is_default", models.BooleanField(db_default=False, default=False, editable=False)),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: all that sell in its currency",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pos.location",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(is_default=True), fields=("is_default",), name="price_list_one_default"
                    ),
                    models.CheckConstraint(
                        condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lt=F("valid_to")),
                        name="price_list_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=Q(is_default=True) | (~Q(currency="") & Q(tax_included__isnull=False)),
                        name="price_list_says_what_its_prices_are",
                    ),
                    models.CheckConstraint(
                        condition=Q(is_default=False)
                        | Q(location=None, valid_from=None, valid_to=None, priority=0, is_default=True),
                        name="price_list_default_holds_always",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=kernel.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "minimum_quantity",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=3,
                        default=0,
                        help_text="Of one line; 0: any",
                        max_digits=14,
                        verbose_name="from a quantity of",
                    ),
                ),
                (
                    "price",
                    models.DecimalField(decimal_places=6, help_text="Of one unit, in minor units", max_digits=19),
                ),
                (
                    "price_list",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="pos.pricelist",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="price_entries", to="pos.variant"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "price entries",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("price_list", "variant", "minimum_quantity"), name="price_entry_one_per_quantity"
                    ),
                    models.CheckConstraint(
                        condition=Q(price__gte=0) & Q(price__lte=10**12), name="price_entry_is_an_amount"
                    ),
                    models.CheckConstraint(
                        condition=Q(minimum_quantity__gte=0) & Q(minimum_quantity__lte=Decimal(100000000)),
                        name="price_entry_quantity_not_negative",
                    ),
                ],
            },
        ),
        migrations.AddField(
            "order",
            "price_list_id",
            models.UUIDField(
                help_text="Asked first where and when it was sold; empty: of before there were lists", null=True
            ),
        ),
        migrations.AddField(
            "orderline",
            "price_list_id",
            models.UUIDField(help_text="Of the list price", null=True),
        ),
        migrations.AlterField(
            "orderline",
            "list_price",
            models.DecimalField(
                decimal_places=6,
                help_text="Of the price list, in minor units; empty where none has one",
                max_digits=19,
                null=True,
            ),
        ),
        migrations.AlterField(
            "orderline",
            "price_source",
            models.CharField(
                choices=[
                    ("LIST", "The price list's"),
                    ("MANUAL", "Sent with the line"),
                    ("WEIGHED", "Of a barcode that carries a weight or a price"),
                ],
                max_length=7,
                null=True,
            ),
        ),
        migrations.RunSQL(RULES, WITHOUT_RULES),
        migrations.RunSQL(TRIGGERS, WITHOUT_TRIGGERS),
        migrations.RunSQL(EQUAL, NOT_EQUAL),
    ]
