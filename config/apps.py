from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Give every process the tasks, which web processes and commands ring for; no view answers `OPTIONS`.

        This app is the last one: what it hears of a migration comes after Django has made the permissions.
        """
        from rest_framework.views import APIView

        from config.celery import register_tasks

        APIView.http_method_names = ["get", "post", "put", "patch", "delete", "head"]
        register_tasks()
        last = [app for app in apps.get_app_configs() if app.models_module is not None][-1]
        post_migrate.connect(_complete_roles, sender=last)


def _complete_roles(*, apps: Any, **_signal: Any) -> None:
    """Give a schema's roles what is new, once it is migrated as far as that needs."""
    from staff.services import complete_roles

    if ("staff", "offeredpermissions") in {
        (model._meta.app_label, model._meta.model_name) for model in apps.get_models()
    }:
        complete_roles()
