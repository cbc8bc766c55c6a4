"""A variant's search text is folded as `icontains` folds: through capitals to small letters.

Some letters meet only as capitals: the final sigma and the sigma, the dotless i and the i. The functions name the
schema of their table, as one may be written from another one, and a variant may be written before its product is.
"""

from django.db import migrations

FUNCTIONS = r"""
CREATE OR REPLACE FUNCTION pos_variant_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE product_name text;
BEGIN
    EXECUTE format('SELECT name FROM %I.pos_product WHERE id = $1 FOR SHARE', TG_TABLE_SCHEMA)
        INTO product_name USING NEW.product_id;
    NEW.search := lower(upper(trim(coalesce(product_name, '') || ' ' || NEW.name) || E'\n' || NEW.sku));
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION pos_product_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %I.pos_variant SET search = '''' WHERE product_id = $1', TG_TABLE_SCHEMA) USING NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER pos_new_product_search AFTER INSERT ON pos_product
    FOR EACH ROW EXECUTE FUNCTION pos_product_search();
UPDATE pos_variant SET search = '' WHERE search <> lower(upper(search));
SET CONSTRAINTS ALL IMMEDIATE;
"""
OLD_FUNCTIONS = r"""
DROP TRIGGER pos_new_product_search ON pos_product;
CREATE OR REPLACE FUNCTION pos_variant_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT lower(trim(product.name || ' ' || NEW.name) || E'\n' || NEW.sku) INTO NEW.search
    FROM pos_product product WHERE product.id = NEW.product_id FOR SHARE;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION pos_product_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pos_variant SET search = '' WHERE product_id = NEW.id;
    RETURN NULL;
END $$;
UPDATE pos_variant SET search = '' WHERE search <> lower(search);
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0018_archive_and_barcodes")]
    operations = [migrations.RunSQL(FUNCTIONS, OLD_FUNCTIONS)]
