"""Whether this process can serve: it answers, and its database does."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views import View


class HealthView(View):
    def get(self, _request: HttpRequest) -> JsonResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return JsonResponse({"status": "ok"})
