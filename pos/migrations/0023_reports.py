"""Figures that reports add up: a projection, made from the log when its subscriber first runs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pos", "0022_people_and_pairing"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReportFigure",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("SALES", "By register, staff and hour"),
                            ("TAXES", "By tax and rate"),
                            ("TENDERS", "By tender type"),
                            ("PRODUCTS", "By variant"),
                            ("REFUNDS", "By reason"),
                            ("DISCOUNTS", "By discount"),
                            ("OVER_SHORT", "By shift and tender type"),
                        ],
                        max_length=10,
                    ),
                ),
                ("direction", models.CharField(choices=[("SALE", "Sold"), ("RETURN", "Came back")], max_length=6)),
                ("business_date", models.DateField()),
                ("location_id", models.UUIDField()),
                ("register_id", models.UUIDField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("staff_id", models.UUIDField(null=True)),
                (
                    "hour",
                    models.PositiveSmallIntegerField(help_text="By the clock of the location, 0 to 23", null=True),
                ),
                ("variant_id", models.UUIDField(null=True)),
                ("shift_id", models.UUIDField(null=True)),
                (
                    "code",
                    models.CharField(help_text="Of a tax, tender type, discount, reason or variant", max_length=401),
                ),
                ("detail", models.CharField(help_text="What a code is told apart by: a tender's kind", max_length=64)),
                ("rate", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("name", models.CharField(help_text="As it was called last", max_length=401)),
                ("documents", models.BigIntegerField(help_text="Orders, returns or tenders in which it occurs")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=28)),
                ("gross", models.BigIntegerField(help_text="Quantity times unit price, before discounts")),
                ("discount", models.BigIntegerField()),
                ("base", models.BigIntegerField(help_text="What a tax is due on")),
                ("tax", models.BigIntegerField()),
                ("rounding", models.BigIntegerField(help_text="What the coins of cash added")),
                ("total", models.BigIntegerField(help_text="Money: tax and rounding included, change taken off")),
                ("expected", models.BigIntegerField(help_text="What a drawer should have held")),
                ("counted", models.BigIntegerField()),
                ("position", models.BigIntegerField(help_text="In the log, of the last event that is in it")),
            ],
            options={
                "verbose_name": "report",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "kind",
                            "business_date",
                            "location_id",
                            "direction",
                            "register_id",
                            "currency",
                            "staff_id",
                            "hour",
                            "variant_id",
                            "shift_id",
                            "code",
                            "detail",
                            "rate",
                        ),
                        name="report_figure_unique",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
