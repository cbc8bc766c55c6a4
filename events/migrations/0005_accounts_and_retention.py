"""How far the accounts were checked; and what is left of events whose partition was archived and dropped."""

from django.db import migrations

TABLES = """
CREATE TABLE public.events_account (
    tenant_id text NOT NULL,
    subscriber text NOT NULL,
    checked bigint NOT NULL,
    unaccounted bigint NOT NULL,
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subscriber)
);

CREATE TABLE public.events_floor (
    tenant_id text PRIMARY KEY,
    position bigint NOT NULL,
    dropped_at timestamptz NOT NULL
);

CREATE TABLE public.events_streamfloor (
    tenant_id text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, stream)
);

CREATE TABLE public.events_archive (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition text NOT NULL UNIQUE,
    path text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    archived_at timestamptz NOT NULL,
    dropped_at timestamptz
);
"""
ISOLATED = ["account", "floor", "streamfloor"]
SECURITY = "".join(
    f"""
ALTER TABLE public.events_{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_{table}
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""
    for table in ISOLATED
)
REVERSE = "".join(f"DROP TABLE public.events_{table};" for table in [*ISOLATED, "archive"])


class Migration(migrations.Migration):
    dependencies = [("events", "0004_outward")]
    operations = [migrations.RunSQL(TABLES + SECURITY, REVERSE)]
