from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from kernel.units import open_units_with


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = "Events"

    def ready(self) -> None:
        """Read every app's declarations, so that the registries are whole before anything is published."""
        from events.publishing.unit_of_work import unit_of_work

        open_units_with(unit_of_work)
        autodiscover_modules("events")
        autodiscover_modules("subscribers")
        autodiscover_modules("listeners")
        autodiscover_modules("senders")
        autodiscover_modules("checks")
