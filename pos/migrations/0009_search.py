"""What a variant is found by, in one column that the database keeps, and an index of all its parts.

A part is a run of one, two or three characters. A longer text is found by its runs of three, and then looked for in
what they found. The row of the product is locked, so that a variant that is being made and a new name of its product
do not pass each other unseen.
"""

from django.db import migrations, models

FUNCTIONS = r"""
CREATE FUNCTION pos_parts(whole text, shortest integer, longest integer) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
    SELECT coalesce(array_agg(DISTINCT substr(whole, at, size)), '{}')
    FROM generate_series(1, length(whole)) AS at, generate_series(shortest, longest) AS size
    WHERE at + size - 1 <= length(whole)
);
CREATE FUNCTION pos_variant_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT lower(trim(product.name || ' ' || NEW.name) || E'\n' || NEW.sku) INTO NEW.search
    FROM pos_product product WHERE product.id = NEW.product_id FOR SHARE;
    RETURN NEW;
END $$;
CREATE FUNCTION pos_product_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pos_variant SET search = '' WHERE product_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_variant_search BEFORE INSERT OR UPDATE OF product_id, name, sku, search ON pos_variant
    FOR EACH ROW EXECUTE FUNCTION pos_variant_search();
CREATE TRIGGER pos_product_search AFTER UPDATE OF name ON pos_product
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION pos_product_search();
UPDATE pos_variant SET search = '';
SET CONSTRAINTS ALL IMMEDIATE;
CREATE INDEX pos_variant_search_parts ON pos_variant USING gin (pos_parts(search, 1, 3)) WITH (fastupdate = off);
"""
NO_FUNCTIONS = """
DROP INDEX pos_variant_search_parts;
DROP TRIGGER pos_product_search ON pos_product;
DROP TRIGGER pos_variant_search ON pos_variant;
DROP FUNCTION pos_product_search();
DROP FUNCTION pos_variant_search();
DROP FUNCTION pos_parts(text, integer, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0008_shop_version")]
    operations = [
        migrations.AddField(
            "variant",
            "search",
            models.TextField(
                db_default="",
                default="",
                editable=False,
                help_text="Title and SKU in small letters: the database writes it",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]
