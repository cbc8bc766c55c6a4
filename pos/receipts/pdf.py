"""The receipt as PDF, on a roll of 80 mm that is cut into pages."""

import re
from io import BytesIO

from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from pos.receipts.codes import code_of
from pos.receipts.layout import rows_of, title_of
from pos.receipts.pdf_fonts import FONT, clusters, is_plain, runs, width_of
from pos.receipts.reports import Printed
from pos.receipts.rows import Row, Style

WIDTH, MARGIN = 80 * mm, 4 * mm
LONGEST = 250 * mm
SIZE, LEADING, CODE = 8, 11, 24 * mm


def receipt_pdf(snapshot: Printed, *, copy: int = 0) -> bytes:
    """Write a receipt. :param copy: the number of the copy, which is marked; 0 for the first print."""
    rows = [part for row in rows_of(snapshot, copy=copy) for part in _wrapped(row)]
    fits = int((LONGEST - CODE - 2 * MARGIN) / LEADING)
    pages = [rows[start : start + fits] for start in range(0, len(rows), fits)]
    file = BytesIO()
    canvas = Canvas(file, invariant=True)
    canvas.setTitle(title_of(snapshot))
    for number, page in enumerate(pages, start=1):
        last = number == len(pages)
        height = len(page) * LEADING + 2 * MARGIN + (CODE if last else 0)
        canvas.setPageSize((WIDTH, height))
        y = height - MARGIN - SIZE
        for row in page:
            _draw(canvas, row, y)
            y -= LEADING
        if last:
            _draw_code(canvas, snapshot)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _wrapped(row: Row) -> list[Row]:
    """Break a row that is wider than the roll; what stands at its right end is in the last part."""
    room = WIDTH - 2 * MARGIN - (_width(row.right) + SIZE if row.right else 0)
    if _width(row.left) <= room:
        return [row]
    parts = _broken(row.left, room)
    return [
        *(Row(left=part, style=row.style) for part in parts[:-1]),
        Row(left=parts[-1], right=row.right, style=row.style),
    ]


def _broken(text: str, room: float) -> list[str]:
    """Break a text between its words, and a word that is too long between its letters."""
    if is_plain(text):
        words = simpleSplit(text, FONT, SIZE, room)
        if all(_width(part) <= room for part in words):
            return list(words)
    parts = [""]
    for word in re.findall(r"\s*\S+", text):
        if _width(parts[-1] + word) <= room:
            parts[-1] += word
        elif _width(word.strip()) <= room:
            parts.append(word.strip())
        else:
            _break_word(parts, word, room)
    return parts


def _break_word(parts: list[str], word: str, room: float) -> None:
    for cluster in clusters(word):
        if _width(parts[-1] + cluster) > room:
            parts.append("")
        parts[-1] += cluster


def _width(text: str) -> float:
    return width_of(text, SIZE)


def _draw(canvas: Canvas, row: Row, y: float) -> None:
    if row.style is Style.RULE:
        canvas.line(MARGIN, y + SIZE / 3, WIDTH - MARGIN, y + SIZE / 3)
        return
    x = (WIDTH - _width(row.left)) / 2 if row.style is Style.CENTRED else MARGIN
    _write(canvas, row.left, x, y)
    _write(canvas, row.right, WIDTH - MARGIN - _width(row.right), y)


def _write(canvas: Canvas, text: str, x: float, y: float) -> None:
    for run in runs(text):
        run.draw(canvas, x, y, SIZE)
        x += run.width(SIZE)


def _draw_code(canvas: Canvas, snapshot: Printed) -> None:
    dots = code_of(snapshot).matrix
    size = CODE / len(dots)
    for line, row in enumerate(dots):
        for column, dark in enumerate(row):
            if dark:
                x, y = (WIDTH - CODE) / 2 + column * size, MARGIN + (len(dots) - 1 - line) * size
                canvas.rect(x, y, size, size, stroke=0, fill=1)
