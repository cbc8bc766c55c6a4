"""What older versions of events told of people and cards may be taken out of the log, once; nothing else of it changes.

The types are named here because what is stored of them is history: no version that is published now holds such a thing.
"""

from django.db import migrations

# An address, a text and a token become an empty text, as consumers of the older version get it from newer events; where
# the version knows null, null. What is redacted stays as it is.
REDACTED = r"""
CREATE FUNCTION public.events_redacted_types() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT ARRAY[
    'notifications.alert_sent', 'notifications.receipt_sent', 'pos.card_charge_requested', 'pos.receipt_requested',
    'tenants.tenant_provisioned'
]
$$;
CREATE FUNCTION public.events_redacted(type text, version integer, data jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN type = 'tenants.tenant_provisioned'
        THEN jsonb_set(data, '{owner_email}', CASE WHEN version = 1 THEN '""'::jsonb ELSE 'null' END, false)
    WHEN type IN ('notifications.alert_sent', 'notifications.receipt_sent')
        THEN jsonb_set(data, '{recipient}', '""', false)
    WHEN type = 'pos.receipt_requested'
        THEN jsonb_set(jsonb_set(data, '{recipient}', '""', false), '{text}', '""', false)
    WHEN type = 'pos.card_charge_requested' AND version = 1
        THEN jsonb_set(data, '{charge,card_token}', '""', false)
    WHEN type = 'pos.card_charge_requested' AND data #>> '{charge,card_reference}' LIKE 'token:%'
        THEN jsonb_set(data, '{charge,card_reference}', '"token:"', false)
    ELSE data
END
$$;
"""

ALLOW = """
CREATE OR REPLACE FUNCTION public.events_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    expected record;
BEGIN
    IF public.events_tenant() = 'public' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        IF TG_TABLE_NAME ~ '^events_event(_[0-9]{4}_[0-9]{2})?$' THEN
            expected := OLD;
            expected.data := public.events_redacted(OLD.type, OLD.version, OLD.data);
            IF NEW IS NOT DISTINCT FROM expected THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'the event log is append-only: % of %', TG_OP, TG_TABLE_NAME;
END $$;
"""
REFUSE = """
CREATE OR REPLACE FUNCTION public.events_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF public.events_tenant() = 'public' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the event log is append-only: % of %', TG_OP, TG_TABLE_NAME;
END $$;
DROP FUNCTION public.events_redacted(text, integer, jsonb);
DROP FUNCTION public.events_redacted_types();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0023_backlogs")]
    operations = [migrations.RunSQL(REDACTED + ALLOW, REFUSE)]
