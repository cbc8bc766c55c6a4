"""Each price list has a currency, so that no price is used in another one than it was written in.

The default list had none: its prices counted in whatever currency a location has. It gets the currency of the shop's
locations. Where they have several, it gets that of most documents, or of the oldest location, and the lists of the
others are split off it, with the prices that were charged there until now. They come after all other lists, as the
default list did: where one of the same place in the order exists, those of that currency move up by one.

A shop without a location has the currency EUR until it has one. From now on the default list follows the first
location, while it has no prices and the shop has no documents.

The release before reads lists of a currency, of which it had some already, and goes on selling by these.
"""

from django.db import migrations, models
from django.db.models import Q

import kernel.validators

MARGIN = "1 minute"
"""How long a process may go on selling by what it has read of the lists before."""
SPLIT = f"""
DO $$
DECLARE
    base pos_pricelist;
    main text;
    other text;
    free int;
    place int;
    made uuid;
    moment timestamptz := clock_timestamp() + interval '{MARGIN}';
BEGIN
    SELECT * INTO base FROM pos_pricelist WHERE is_default AND currency = '';
    IF base.id IS NULL THEN
        RETURN;
    END IF;
    SELECT l.currency INTO main FROM pos_location l GROUP BY l.currency ORDER BY
        (SELECT count(*) FROM pos_order o WHERE o.currency = l.currency)
            + (SELECT count(*) FROM pos_return r WHERE r.currency = l.currency) DESC,
        min(l.id::text) LIMIT 1;
    UPDATE pos_pricelist SET currency = coalesce(main, 'EUR') WHERE id = base.id;
    IF EXISTS (SELECT FROM pos_order WHERE currency <> main) THEN
        UPDATE pos_pricelist SET split_at = moment WHERE id = base.id;
    END IF;
    FOR other IN SELECT DISTINCT currency FROM pos_location WHERE currency <> main ORDER BY currency LOOP
        UPDATE pos_pricelist SET split_at = moment WHERE id = base.id;
        IF EXISTS (SELECT FROM pos_pricelist WHERE currency = other AND location_id IS NULL AND priority = 0) THEN
            SELECT min(g) INTO free FROM generate_series(0, 32767) g
                WHERE NOT EXISTS (SELECT FROM pos_pricelist WHERE currency = other AND priority = g);
            FOR place IN REVERSE free - 1 .. 0 LOOP
                UPDATE pos_pricelist SET priority = priority + 1 WHERE currency = other AND priority = place;
            END LOOP;
        END IF;
        made := uuidv7();
        INSERT INTO pos_pricelist (id, name, currency, tax_included, priority, split_at)
            SELECT made, CASE WHEN EXISTS (SELECT FROM pos_pricelist WHERE name = title) THEN title || ' ' || made
                ELSE title END, other, base.tax_included, 0, moment
            FROM (SELECT left(base.name, 150) || ' ' || other AS title) named;
        INSERT INTO pos_priceentry (id, price_list_id, variant_id, minimum_quantity, price)
            SELECT uuidv7(), made, variant_id, minimum_quantity, price FROM pos_priceentry
            WHERE price_list_id = base.id ORDER BY variant_id, minimum_quantity;
    END LOOP;
END $$;
SET CONSTRAINTS ALL IMMEDIATE;
"""
DOCUMENTS = """
CREATE FUNCTION pos_pricelist_was_sold_by(shop text, list uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.pos_order WHERE price_list_id = $1)
        OR EXISTS (SELECT FROM %1$I.pos_orderline WHERE price_list_id = $1)', shop) INTO found USING list;
    RETURN found;
END $$;

CREATE FUNCTION pos_shop_has_documents(shop text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.pos_order) OR EXISTS (SELECT FROM %1$I.pos_return)
        OR EXISTS (SELECT FROM %1$I.pos_heldcommand) OR EXISTS (SELECT FROM %1$I.pos_shift)
        OR EXISTS (SELECT FROM %1$I.pos_reportfigure)', shop) INTO found;
    RETURN found;
END $$;
"""
FIXED = """
CREATE OR REPLACE FUNCTION pos_pricelist_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_so boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.is_default THEN
            RAISE EXCEPTION 'The default list stays: it has the prices for which there is no other list.'
                USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist', CONSTRAINT = 'price_list_default_stays';
        END IF;
        EXECUTE format('SELECT %1$I.pos_pricelist_was_sold_by(%1$L, $1)', TG_TABLE_SCHEMA) INTO is_so USING OLD.id;
        IF is_so THEN
            RAISE EXCEPTION 'Goods were sold by %, so it stays on record: end it.', OLD.name
                USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist', CONSTRAINT = 'price_list_sold_by_stays';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.is_default AND NEW.is_default AND OLD.currency <> NEW.currency THEN
        EXECUTE format('SELECT count(*) FROM (SELECT id FROM %I.pos_register FOR UPDATE) register', TG_TABLE_SCHEMA);
        EXECUTE format('SELECT %1$I.pos_shop_has_documents(%1$L)', TG_TABLE_SCHEMA) INTO is_so;
        IF is_so THEN
            RAISE EXCEPTION 'The default list is in % since the first document of the shop: make another list for %.',
                OLD.currency, NEW.currency USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist',
                COLUMN = 'currency', CONSTRAINT = 'price_list_is_fixed';
        END IF;
    ELSIF OLD.is_default <> NEW.is_default OR OLD.currency <> NEW.currency
        OR OLD.tax_included <> coalesce(NEW.tax_included, NOT OLD.tax_included)
    THEN
        RAISE EXCEPTION 'The currency of a list, and whether its prices contain the taxes, are never changed: make'
            ' another list.' USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist', COLUMN = 'currency',
            CONSTRAINT = 'price_list_is_fixed';
    END IF;
    IF OLD.tax_included IS NULL AND NEW.tax_included IS NOT NULL AND NOT OLD.is_default THEN
        EXECUTE format('SELECT %1$I.pos_pricelist_was_sold_by(%1$L, $1)', TG_TABLE_SCHEMA) INTO is_so USING OLD.id;
        IF is_so THEN
            RAISE EXCEPTION 'Goods were sold by this list with the taxes of their rates: make another list that says'
                ' whether its prices contain them.' USING ERRCODE = 'check_violation', TABLE = 'pos_pricelist',
                COLUMN = 'tax_included', CONSTRAINT = 'price_list_is_fixed';
        END IF;
    END IF;
    RETURN NEW;
END $$;
"""
FOLLOWS = """
CREATE FUNCTION pos_location_lead_list() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sold boolean;
BEGIN
    EXECUTE format('SELECT %1$I.pos_shop_has_documents(%1$L)', TG_TABLE_SCHEMA) INTO sold;
    IF NOT sold THEN
        EXECUTE format('UPDATE %1$I.pos_pricelist list SET currency = $1 WHERE is_default AND currency <> $1
            AND NOT EXISTS (SELECT FROM %1$I.pos_priceentry WHERE price_list_id = list.id)
            AND NOT EXISTS (SELECT FROM %1$I.pos_location WHERE id < $2)', TG_TABLE_SCHEMA)
            USING NEW.currency, NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_location_leads_list AFTER INSERT OR UPDATE OF currency ON pos_location
    FOR EACH ROW EXECUTE FUNCTION pos_location_lead_list();
"""
BEFORE = """
DROP TRIGGER pos_location_leads_list ON pos_location;
DROP FUNCTION pos_location_lead_list();
CREATE OR REPLACE FUNCTION pos_pricelist_keep() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP FUNCTION pos_shop_has_documents(text);
DROP FUNCTION pos_pricelist_was_sold_by(text, uuid);
"""
KINDS = [
    ("clock-skew", "The device's clock is wrong"),
    ("price-drift", "Sold at another price than the catalogue's"),
    ("tax-drift", "Sold with other taxes than those that held"),
    ("no-price", "Goods without a price in this currency were sold"),
    ("withdrawn-variant", "Goods that are withdrawn were sold"),
    ("unknown-variant", "Goods that the shop does not know were sold"),
    ("no-shift", "Sold without an open shift"),
    ("late-order", "Arrived after its shift was closed"),
    ("sequence-reused", "The device used a sequence number twice"),
    ("cart-forked", "A parked order was sold by two tills, or while another one worked on it"),
    ("quarantined", "Held until a person decides"),
]


class Migration(migrations.Migration):
    dependencies = [("pos", "0036_facts_of_returns")]
    operations = [
        migrations.AddField(
            "pricelist",
            "split_at",
            models.DateTimeField(
                editable=False,
                help_text="When the default list, which had no currency before, was split into one list of each; empty:"
                " never",
                null=True,
            ),
        ),
        migrations.RemoveConstraint("pricelist", "price_list_says_what_its_prices_are"),
        migrations.RunSQL(SPLIT, migrations.RunSQL.noop),
        migrations.AlterField(
            "pricelist",
            "currency",
            models.CharField(
                help_text="Of its prices: locations of another one do not use it",
                max_length=3,
                validators=[kernel.validators.validate_currency],
            ),
        ),
        migrations.AlterField(
            "pricelist",
            "tax_included",
            models.BooleanField(
                help_text="Whether its prices contain all taxes; unknown, which only the default list may be, and those"
                " that were split off it: as the tax rate of the goods says",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            "pricelist", models.CheckConstraint(condition=~Q(currency=""), name="price_list_has_a_currency")
        ),
        migrations.AddConstraint(
            "pricelist",
            models.CheckConstraint(
                condition=Q(is_default=True) | Q(tax_included__isnull=False) | Q(split_at__isnull=False),
                name="price_list_says_what_its_prices_are",
            ),
        ),
        migrations.AlterField("exceptioncase", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.RunSQL(DOCUMENTS + FIXED + FOLLOWS, BEFORE),
    ]
