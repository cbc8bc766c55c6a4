"""The version of what processes remember of the shop: another one in each transaction that changes it.

The triggers are deferred, so that the row is locked for the length of the COMMIT only. They also fire in sessions whose
`session_replication_role` is `replica`. TRUNCATE has no deferred triggers, and locks its table in any case.
"""

from django.db import migrations

# As their writers lock them, from the tax rate to the barcode.
COLUMNS = {
    "location": "",
    "register": "id, location_id, code, name",
    "device": "id, register_id, name, token_hash, previous_hash, previous_until, status, paired_at, expires_at",
    "shift": "",
    "tendertype": "",
    "taxrate": "",
    "product": "",
    "variant": "",
    "barcode": "",
}
"""Of which columns an update counts; of all where none is named. Counters and the last use change with each order."""

VERSION = """
CREATE TABLE pos_shopversion (
    id smallint PRIMARY KEY DEFAULT 1 CONSTRAINT shop_version_is_one CHECK (id = 1),
    version uuid NOT NULL DEFAULT gen_random_uuid()
);
COMMENT ON TABLE pos_shopversion IS 'written by triggers';
INSERT INTO pos_shopversion DEFAULT VALUES;

CREATE FUNCTION pos_shop_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Once in a transaction is enough. At COMMIT the search_path may be another one than at the change.
    IF current_setting('pos.changed_shop', true) IS DISTINCT FROM TG_TABLE_SCHEMA THEN
        EXECUTE format(
            'INSERT INTO %I.pos_shopversion DEFAULT VALUES ON CONFLICT (id) DO UPDATE SET version = excluded.version',
            TG_TABLE_SCHEMA
        );
        PERFORM set_config('pos.changed_shop', TG_TABLE_SCHEMA, true);
    END IF;
    RETURN NULL;
END $$;
"""
TRIGGERS = "".join(
    f"""
CREATE CONSTRAINT TRIGGER pos_{table}_shop_changed
    AFTER INSERT OR DELETE OR UPDATE {f"OF {columns}" if columns else ""} ON pos_{table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pos_shop_changed();
CREATE TRIGGER pos_{table}_shop_truncated AFTER TRUNCATE ON pos_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION pos_shop_changed();
ALTER TABLE pos_{table} ENABLE ALWAYS TRIGGER pos_{table}_shop_changed;
ALTER TABLE pos_{table} ENABLE ALWAYS TRIGGER pos_{table}_shop_truncated;
"""
    for table, columns in COLUMNS.items()
)
WITHOUT = (
    "".join(
        f"""
DROP TRIGGER pos_{table}_shop_changed ON pos_{table};
DROP TRIGGER pos_{table}_shop_truncated ON pos_{table};
"""
        for table in COLUMNS
    )
    + """
DROP FUNCTION pos_shop_changed();
DROP TABLE pos_shopversion;
"""
)


class Migration(migrations.Migration):
    dependencies = [("pos", "0007_largest_price")]
    operations = [migrations.RunSQL(VERSION + TRIGGERS, WITHOUT)]
