"""The tables of the event layer: partitions by month, row-level security for every tenant."""

from django.db import migrations

# The tenant of a session is the first schema that its search_path names, whether or not that schema exists:
# current_schema() would skip a dropped schema and answer 'public', which sees everything.
TENANT = """
CREATE FUNCTION public.events_tenant() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT trim(both ' "' from split_part(current_setting('search_path'), ',', 1)) $$;
"""

TABLES = """
CREATE TABLE public.events_event (
    tenant_id text NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    event_id uuid NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    category text NOT NULL,
    stream text NOT NULL,
    stream_version bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    actor text NOT NULL,
    traceparent text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (tenant_id, position, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE UNIQUE INDEX events_event_stream ON public.events_event (tenant_id, stream, stream_version, recorded_at);
CREATE INDEX events_event_id ON public.events_event (event_id);
CREATE INDEX events_event_correlation ON public.events_event (correlation_id);

CREATE TABLE public.events_processedevent (
    tenant_id text NOT NULL,
    subscriber text NOT NULL,
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    processed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subscriber, position, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE public.events_subscription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    subscriber text NOT NULL,
    start bigint NOT NULL,
    cursor bigint NOT NULL CHECK (cursor >= start),
    paused_at timestamptz,
    started_position bigint NOT NULL,
    starts integer NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, subscriber)
) WITH (fillfactor = 50);

CREATE TABLE public.events_parkedevent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    subscriber text NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    stream text NOT NULL,
    state text NOT NULL CHECK (state IN ('RETRYING', 'WAITING', 'DEAD', 'DISCARDED')),
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    error text NOT NULL,
    fingerprint text NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, subscriber, position)
);
CREATE INDEX events_parkedevent_stream ON public.events_parkedevent (tenant_id, subscriber, stream)
    WHERE state <> 'DISCARDED';
CREATE INDEX events_parkedevent_due ON public.events_parkedevent (next_attempt_at) WHERE state = 'RETRYING';

CREATE TABLE public.events_operatoraction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    subscriber text NOT NULL,
    action text NOT NULL,
    position bigint,
    operator text NOT NULL,
    reason text NOT NULL,
    acted_at timestamptz NOT NULL
);

CREATE TABLE public.events_outgoing (
    id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    kind text NOT NULL,
    key uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'SENDING', 'DELIVERED', 'FAILED', 'UNKNOWN')),
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    error text NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (tenant_id, kind, key)
);
CREATE INDEX events_outgoing_due ON public.events_outgoing (next_attempt_at) WHERE state IN ('PENDING', 'SENDING');

CREATE TABLE public.events_idempotencyrecord (
    tenant_id text NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer,
    body json,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, scope, key)
);
"""

# The log cannot be rewritten, by anyone who works inside a tenant's schema.
APPEND_ONLY = """
CREATE FUNCTION public.events_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF public.events_tenant() = 'public' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the event log is append-only: % of %', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER events_event_append_only BEFORE UPDATE OR DELETE ON public.events_event
    FOR EACH ROW EXECUTE FUNCTION public.events_refuse_rewrite();
CREATE TRIGGER events_processedevent_append_only BEFORE UPDATE OR DELETE ON public.events_processedevent
    FOR EACH ROW EXECUTE FUNCTION public.events_refuse_rewrite();
"""

PARTITIONS = """
CREATE FUNCTION public.events_make_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    month timestamptz;
    name text;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['events_event', 'events_processedevent'] LOOP
        FOR ahead IN 0..months_ahead LOOP
            month := date_trunc('month', now(), 'UTC') + make_interval(months => ahead);
            name := parent || to_char(month AT TIME ZONE 'UTC', '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                name, parent, month, month + interval '1 month'
            );
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
SELECT public.events_make_partitions(3);
"""

ISOLATED = ["event", "processedevent", "subscription", "parkedevent", "operatoraction", "outgoing", "idempotencyrecord"]
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
    "".join(f"DROP TABLE public.events_{table};" for table in ISOLATED)
    + """
DROP FUNCTION public.events_make_partitions(integer);
DROP FUNCTION public.events_refuse_rewrite();
DROP FUNCTION public.events_tenant();
"""
)


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(TENANT + TABLES + APPEND_ONLY + PARTITIONS + SECURITY, REVERSE)]
