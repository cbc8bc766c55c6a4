"""What goes outward: webhook endpoints, their secrets, deliveries and attempts; versions that consumers are pinned to.

Bridges hold a lease on their subscription while they send, in place of a lock that would need a transaction.
"""

from django.db import migrations

TABLES = """
CREATE TABLE public.events_versionpin (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    type text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    UNIQUE (tenant_id, type)
);

CREATE TABLE public.events_webhookendpoint (
    id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    types text[] NOT NULL,
    pins jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('ACTIVE', 'PAUSED', 'DELETED')),
    pause_reason text NOT NULL,
    start bigint NOT NULL,
    failing_since timestamptz,
    failures integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX events_webhookendpoint_tenant ON public.events_webhookendpoint (tenant_id) WHERE state <> 'DELETED';

CREATE TABLE public.events_webhooksecret (
    id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    endpoint_id uuid NOT NULL REFERENCES public.events_webhookendpoint (id),
    sealed text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX events_webhooksecret_endpoint ON public.events_webhooksecret (endpoint_id);

CREATE TABLE public.events_webhookdelivery (
    id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    endpoint_id uuid NOT NULL REFERENCES public.events_webhookendpoint (id),
    replay text NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    stream text NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'SENDING', 'DELIVERED', 'PARKED', 'SKIPPED')),
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    first_attempt_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (endpoint_id, replay, position)
);
CREATE INDEX events_webhookdelivery_order ON public.events_webhookdelivery (endpoint_id, replay, stream, position)
    WHERE state IN ('PENDING', 'SENDING', 'PARKED');
CREATE INDEX events_webhookdelivery_due ON public.events_webhookdelivery (next_attempt_at)
    WHERE state IN ('PENDING', 'SENDING');
CREATE INDEX events_webhookdelivery_newest ON public.events_webhookdelivery (tenant_id, created_at);

CREATE TABLE public.events_webhookattempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    delivery_id uuid NOT NULL REFERENCES public.events_webhookdelivery (id),
    number integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    status integer,
    milliseconds integer,
    error text NOT NULL,
    response text NOT NULL
);
CREATE INDEX events_webhookattempt_delivery ON public.events_webhookattempt (delivery_id);

ALTER TABLE public.events_subscription ADD COLUMN lease uuid, ADD COLUMN leased_until timestamptz;
"""

ISOLATED = ["versionpin", "webhookendpoint", "webhooksecret", "webhookdelivery", "webhookattempt"]
SECURITY = "".join(
    f"""
ALTER TABLE public.events_{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_{table}
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""
    for table in ISOLATED
)
REVERSE = (
    "".join(f"DROP TABLE public.events_{table};" for table in reversed(ISOLATED))
    + "ALTER TABLE public.events_subscription DROP COLUMN lease, DROP COLUMN leased_until;"
)


class Migration(migrations.Migration):
    dependencies = [("events", "0003_parked_starts")]
    operations = [migrations.RunSQL(TABLES + SECURITY, REVERSE)]
