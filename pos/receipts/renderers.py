"""The forms in which the API answers a receipt, chosen by `Accept`. Each renders the member of its name."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from pos.receipts.html import receipt_html
from pos.receipts.pdf import receipt_pdf
from pos.receipts.reports import Printed
from pos.receipts.text import receipt_text

Forms = Mapping[str, Callable[[], bytes]]
"""What to render, by format: made when it is asked for."""


class _FormRenderer(BaseRenderer):
    def render(self, data: Any, *_arguments: Any, **_options: Any) -> bytes:
        made: bytes = data["forms"][self.format]()
        return made


class TextRenderer(_FormRenderer):
    media_type = "text/plain"
    format = "txt"


class HtmlRenderer(_FormRenderer):
    media_type = "text/html"
    format = "html"


class PdfRenderer(_FormRenderer):
    media_type = "application/pdf"
    format = "pdf"
    charset = None
    render_style = "binary"


def forms_of(printed: Printed, *, columns: int, copy: int = 0) -> dict[str, Forms]:
    """Return what the renderers take. :param columns: of the text."""
    return {
        "forms": {
            "txt": lambda: receipt_text(printed, columns=columns, copy=copy).encode(),
            "html": lambda: receipt_html(printed, copy=copy).encode(),
            "pdf": lambda: receipt_pdf(printed, copy=copy),
        }
    }
