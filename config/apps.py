from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Give every process the tasks, so that web processes and commands can ring for them."""
        from config.celery import register_tasks

        register_tasks()
