"""What a subscription is bound to, since which position; and what the last release declared, for tenants to come."""

from django.db import migrations, models

TABLES = """
CREATE TABLE public.events_binding (
    tenant_id text NOT NULL,
    subscriber text NOT NULL,
    type text NOT NULL,
    since bigint NOT NULL,
    until bigint CHECK (until >= since),
    bound_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subscriber, type, since),
    FOREIGN KEY (tenant_id, subscriber) REFERENCES public.events_subscription (tenant_id, subscriber)
        ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX events_binding_open ON public.events_binding (tenant_id, subscriber, type) WHERE until IS NULL;

CREATE TABLE public.events_release (
    subscriber text NOT NULL,
    type text NOT NULL,
    platform boolean NOT NULL,
    on_demand boolean NOT NULL,
    from_beginning boolean NOT NULL,
    PRIMARY KEY (subscriber, type)
);
"""
SECURITY = """
ALTER TABLE public.events_binding ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events_binding FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON public.events_binding
    USING (tenant_id = (SELECT public.events_tenant()) OR (SELECT public.events_tenant()) = 'public');
"""
REVERSE = "DROP TABLE public.events_release; DROP TABLE public.events_binding;"


class Migration(migrations.Migration):
    dependencies = [("events", "0010_forgiven_attempts")]
    operations = [
        migrations.RunSQL(TABLES + SECURITY, REVERSE),
        migrations.CreateModel(
            name="Binding",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "subscriber",
                        "type",
                        "since",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.TextField()),
                ("subscriber", models.TextField()),
                ("type", models.TextField()),
                ("since", models.BigIntegerField()),
                ("until", models.BigIntegerField(null=True)),
                ("bound_at", models.DateTimeField()),
            ],
            options={"db_table": "events_binding", "managed": False},
        ),
    ]
