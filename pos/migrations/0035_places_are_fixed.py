"""Registers, drawers and locations stay what documents and open work took them for.

The currency of a location is fixed by each document that was made there, with a shift or without one. A register moves
neither to another currency once it has documents, nor away from what is open: the shift of its drawer, and, to another
location, its orders and held sales. A drawer stays where its registers are.

Registers are locked, to which an order or a return that is being made refers, and drawers, of which a shift that is
being opened takes its number, so that neither passes the other unseen.
"""

from django.db import migrations

DOCUMENTS = """
CREATE FUNCTION pos_register_has_documents(register uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM pos_order WHERE register_id = register)
        OR EXISTS (SELECT FROM pos_return WHERE register_id = register)
        OR EXISTS (SELECT FROM pos_heldcommand WHERE register_id = register)
        OR EXISTS (SELECT FROM pos_shift WHERE register_id = register)
$$;
"""
LOCATION = """
CREATE OR REPLACE FUNCTION pos_location_keep_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pos_register WHERE location_id = OLD.id FOR UPDATE;
    PERFORM 1 FROM pos_cashdrawer WHERE location_id = OLD.id FOR UPDATE;
    IF EXISTS (SELECT FROM pos_register WHERE location_id = OLD.id AND pos_register_has_documents(id))
        OR EXISTS (
            SELECT FROM pos_shift JOIN pos_cashdrawer ON pos_cashdrawer.id = pos_shift.drawer_id
            WHERE pos_cashdrawer.location_id = OLD.id
        )
        OR EXISTS (SELECT FROM pos_reportfigure WHERE location_id = OLD.id)
    THEN
        RAISE EXCEPTION 'The currency is % since the first document here: make another location for %.',
            OLD.currency, NEW.currency USING ERRCODE = 'check_violation', TABLE = 'pos_location',
            COLUMN = 'currency', CONSTRAINT = 'location_currency_is_fixed';
    END IF;
    RETURN NEW;
END $$;
"""
REGISTER = """
CREATE OR REPLACE FUNCTION pos_register_keep_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pos_register WHERE id = OLD.id FOR UPDATE;
    IF pos_register_has_documents(OLD.id)
        AND (SELECT count(DISTINCT currency) FROM pos_location WHERE id IN (OLD.location_id, NEW.location_id)) > 1
    THEN
        RAISE EXCEPTION
            'The register has documents in another currency than this location has: make another register.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'location',
            CONSTRAINT = 'register_currency_is_fixed';
    END IF;
    IF EXISTS (SELECT FROM pos_order WHERE register_id = OLD.id AND status IN ('PARKED', 'PLACED'))
        OR EXISTS (SELECT FROM pos_heldcommand WHERE register_id = OLD.id AND state = 'HELD')
    THEN
        RAISE EXCEPTION 'The register has open orders, or held sales, which would end at another location: complete,'
            ' cancel or discard them, and decide what is held, before you move it.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'location',
            CONSTRAINT = 'register_orders_end_here';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION pos_register_keep_open_shift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pos_cashdrawer WHERE id = OLD.drawer_id FOR UPDATE;
    IF EXISTS (SELECT FROM pos_shift WHERE drawer_id = OLD.drawer_id AND closed_at IS NULL) THEN
        RAISE EXCEPTION 'The drawer of this register has an open shift: close it before you move the register.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_register',
            COLUMN = CASE WHEN NEW.location_id <> OLD.location_id THEN 'location' ELSE 'drawer' END,
            CONSTRAINT = 'register_shift_is_closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_register_keeps_open_shift BEFORE UPDATE ON pos_register FOR EACH ROW
    WHEN (OLD.location_id <> NEW.location_id OR OLD.drawer_id IS DISTINCT FROM NEW.drawer_id)
    EXECUTE FUNCTION pos_register_keep_open_shift();
"""
DRAWER = """
CREATE FUNCTION pos_cashdrawer_keep_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pos_register WHERE drawer_id = OLD.id) THEN
        RAISE EXCEPTION 'The cash of a register goes into this drawer: choose another one for the register first.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_cashdrawer', COLUMN = 'location',
            CONSTRAINT = 'cash_drawer_has_no_register';
    END IF;
    IF EXISTS (SELECT FROM pos_shift WHERE drawer_id = OLD.id AND closed_at IS NULL) THEN
        RAISE EXCEPTION 'The drawer has an open shift: close it first.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_cashdrawer', COLUMN = 'location',
            CONSTRAINT = 'cash_drawer_shift_is_closed';
    END IF;
    IF EXISTS (SELECT FROM pos_shift WHERE drawer_id = OLD.id)
        AND (SELECT count(DISTINCT currency) FROM pos_location WHERE id IN (OLD.location_id, NEW.location_id)) > 1
    THEN
        RAISE EXCEPTION 'The drawer has shifts in another currency than this location has: make another drawer.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_cashdrawer', COLUMN = 'location',
            CONSTRAINT = 'cash_drawer_currency_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pos_cashdrawer_keeps_place BEFORE UPDATE ON pos_cashdrawer FOR EACH ROW
    WHEN (OLD.location_id <> NEW.location_id) EXECUTE FUNCTION pos_cashdrawer_keep_place();
"""
BEFORE = """
DROP TRIGGER pos_cashdrawer_keeps_place ON pos_cashdrawer;
DROP FUNCTION pos_cashdrawer_keep_place();
DROP TRIGGER pos_register_keeps_open_shift ON pos_register;
DROP FUNCTION pos_register_keep_open_shift();
CREATE OR REPLACE FUNCTION pos_register_keep_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pos_shift WHERE register_id = OLD.id)
        AND (SELECT count(DISTINCT currency) FROM pos_location WHERE id IN (OLD.location_id, NEW.location_id)) > 1
    THEN
        RAISE EXCEPTION 'The register has shifts in another currency than this location has: make another register.'
            USING ERRCODE = 'check_violation', TABLE = 'pos_register', COLUMN = 'location',
            CONSTRAINT = 'register_currency_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION pos_location_keep_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pos_register WHERE location_id = OLD.id FOR UPDATE;
    IF EXISTS (
        SELECT 1 FROM pos_shift JOIN pos_register ON pos_register.id = pos_shift.register_id
        WHERE pos_register.location_id = OLD.id
    ) THEN
        RAISE EXCEPTION 'The currency is % since the first shift here: make another location for %.',
            OLD.currency, NEW.currency USING ERRCODE = 'check_violation', TABLE = 'pos_location',
            COLUMN = 'currency', CONSTRAINT = 'location_currency_is_fixed';
    END IF;
    RETURN NEW;
END $$;
DROP FUNCTION pos_register_has_documents(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("pos", "0034_cart_forked")]
    operations = [migrations.RunSQL(DOCUMENTS + LOCATION + REGISTER + DRAWER, BEFORE)]
