"""The addresses that the pages of webhooks had while they belonged to the app `events`."""

from django.urls import re_path
from django.views.generic import RedirectView

OLD = r"^admin/events/(?P<page>webhook(?:endpoint|delivery)/.*)$"
moved_pages = re_path(OLD, RedirectView.as_view(url="/admin/integrations/%(page)s", query_string=True, permanent=True))
