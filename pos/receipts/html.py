"""The receipt as a page to print, without anything that is loaded from elsewhere."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from pos.receipts.codes import code_of
from pos.receipts.layout import rows_of, title_of
from pos.receipts.reports import Printed
from pos.receipts.rows import Row, Style

_STYLE = """
@page { margin: 4mm }
body { font: 12px sans-serif }
table { width: 80mm; margin: auto; border-collapse: collapse }
td, th { padding: 1px 0; text-align: left; vertical-align: top; overflow-wrap: anywhere }
td + td, th + th { text-align: right; white-space: nowrap; padding-left: 1em }
.centred, p { text-align: center }
hr { border: 0; border-top: 1px dashed }
"""
_CELLS = {
    Style.CENTRED: '<tr><td colspan="2" class="centred">{}{}</td></tr>\n',
    Style.PLAIN: "<tr><td>{}</td><td>{}</td></tr>\n",
    Style.STRONG: "<tr><th>{}</th><th>{}</th></tr>\n",
    Style.RULE: '<tr><td colspan="2">{}{}<hr></td></tr>\n',
}


def receipt_html(snapshot: Printed, *, copy: int = 0) -> str:
    """Write a receipt. :param copy: the number of the copy, which is marked; 0 for the first print."""
    drawn = code_of(snapshot).svg_inline(scale=3, border=2, title=snapshot.receipt)
    return format_html(
        '<!doctype html>\n<html><head><meta charset="utf-8"><title>{}</title><style>{}</style></head>\n'
        "<body><table>\n{}</table>\n<p>{}</p></body></html>\n",
        title_of(snapshot),
        _STYLE,
        format_html_join("", "{}", ((_written(row),) for row in rows_of(snapshot, copy=copy))),
        mark_safe(drawn),  # noqa: S308 - segno escapes the title
    )


def _written(row: Row) -> str:
    return format_html(_CELLS[row.style], row.left, row.right)
