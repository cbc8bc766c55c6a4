from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Give every process the tasks, which web processes and commands ring for; no view answers `OPTIONS`."""
        from rest_framework.views import APIView

        from config.celery import register_tasks

        APIView.http_method_names = ["get", "post", "put", "patch", "delete", "head"]
        register_tasks()
