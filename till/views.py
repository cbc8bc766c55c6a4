"""The till in the browser: one page, whose modules ask the public API and nothing else."""

from csp.constants import SELF
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

POLICY = {"script-src": [SELF], "style-src": [SELF]}
"""Stricter than the admin's: the till evaluates nothing and has no style in a page."""


@method_decorator(csp_replace(POLICY), name="dispatch")
class TillView(TemplateView):
    http_method_names = ["get", "head"]
    template_name = "till/till.html"
