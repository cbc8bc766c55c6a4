"""What was sold or stocked is archived, not deleted; barcodes are unique among what is sold.

GTINs are compared by 14 digits. Whether a barcode is `live` follows its variant, whose row is locked, so that a barcode
that is being added and a variant that is being withdrawn do not pass each other unseen. Of codes that are one GTIN in
two lengths, a variant keeps the older; of two variants that are sold, the older keeps it, and the other is found by its
SKU until the codes are put right.
"""

from decimal import Decimal

from django.db import migrations, models

KEY = """
CREATE FUNCTION pos_barcode_key(code text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN code ~ '^([0-9]{8}|[0-9]{12,14})$' THEN
        CASE WHEN (
            SELECT sum(substr(lpad(code, 14, '0'), n, 1)::integer * CASE n % 2 WHEN 1 THEN 3 ELSE 1 END) % 10
            FROM generate_series(1, 14) AS n
        ) = 0 THEN lpad(code, 14, '0') ELSE code END
    ELSE code END;
"""
NO_KEY = "DROP FUNCTION pos_barcode_key(text);"

LIVE = """
DELETE FROM pos_barcode twin USING pos_barcode older
WHERE older.variant_id = twin.variant_id AND older.key = twin.key AND older.id < twin.id;
UPDATE pos_barcode SET live = false FROM pos_variant v
WHERE v.id = pos_barcode.variant_id AND (NOT v.active OR EXISTS (
    SELECT 1 FROM pos_barcode older JOIN pos_variant w ON w.id = older.variant_id
    WHERE older.key = pos_barcode.key AND w.active AND older.id < pos_barcode.id
));
SET CONSTRAINTS ALL IMMEDIATE;
"""

TRIGGERS = """
CREATE FUNCTION pos_barcode_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT active INTO NEW.live FROM pos_variant WHERE id = NEW.variant_id FOR SHARE;
    NEW.live := coalesce(NEW.live, false);
    RETURN NEW;
END $$;
CREATE TRIGGER pos_barcode_live BEFORE INSERT OR UPDATE OF variant_id, live ON pos_barcode
    FOR EACH ROW EXECUTE FUNCTION pos_barcode_live();

CREATE FUNCTION pos_variant_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pos_barcode SET live = NEW.active WHERE variant_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_variant_live AFTER UPDATE OF active ON pos_variant
    FOR EACH ROW WHEN (OLD.active <> NEW.active) EXECUTE FUNCTION pos_variant_live();

CREATE FUNCTION pos_variant_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pos_shelflevel WHERE variant_id = OLD.id)
        OR EXISTS (SELECT 1 FROM pos_orderline WHERE variant_id = OLD.id)
        OR EXISTS (SELECT 1 FROM pos_returnline WHERE variant_id = OLD.id)
    THEN
        RAISE EXCEPTION '% was sold or stocked, so it stays on record: archive it.', OLD.sku
            USING ERRCODE = 'check_violation', TABLE = 'pos_variant', COLUMN = 'sku',
            CONSTRAINT = 'variant_sold_or_stocked_stays';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER pos_variant_keep BEFORE DELETE ON pos_variant
    FOR EACH ROW EXECUTE FUNCTION pos_variant_keep();
"""
NO_TRIGGERS = """
DROP TRIGGER pos_variant_keep ON pos_variant;
DROP FUNCTION pos_variant_keep();
DROP TRIGGER pos_variant_live ON pos_variant;
DROP FUNCTION pos_variant_live();
DROP TRIGGER pos_barcode_live ON pos_barcode;
DROP FUNCTION pos_barcode_live();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0017_categories"),
    ]

    operations = [
        migrations.RunSQL(KEY, NO_KEY),
        migrations.AddField(
            model_name="barcode",
            name="key",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func("code", function="pos_barcode_key"),
                output_field=models.CharField(max_length=64),
            ),
        ),
        migrations.AddField(
            model_name="barcode",
            name="kind",
            field=models.CharField(
                choices=[("PLAIN", "Plain"), ("WEIGHT", "Carries a weight"), ("PRICE", "Carries a price")],
                db_default="PLAIN",
                default="PLAIN",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="barcode",
            name="live",
            field=models.BooleanField(
                db_default=True,
                default=True,
                editable=False,
                help_text="Whether its variant is sold: the database writes it",
            ),
        ),
        migrations.AddField(
            model_name="barcode",
            name="quantity",
            field=models.DecimalField(
                db_default=1, decimal_places=3, default=1, help_text="Of a scan: 6 of a pack", max_digits=14
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="archived_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="variant",
            name="archived_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="barcode",
            name="code",
            field=models.CharField(max_length=64),
        ),
        migrations.RunSQL(LIVE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="barcode",
            constraint=models.UniqueConstraint(
                condition=models.Q(("live", True)), fields=("key",), name="barcode_active_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="barcode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "PLAIN"), models.Q(("code__regex", "^2[0-9]{6}$"), ("quantity", 1)), _connector="OR"
                ),
                name="barcode_of_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="barcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0), ("quantity__lte", Decimal(100000000))),
                name="barcode_quantity_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.CheckConstraint(
                condition=models.Q(("archived_at__isnull", True), ("active", False), _connector="OR"),
                name="variant_archived_is_not_active",
            ),
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
