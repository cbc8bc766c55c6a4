from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = "Staff"

    def ready(self) -> None:
        """Hear of sign-ins."""
        from staff import sign_in  # noqa: F401
