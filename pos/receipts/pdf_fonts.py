"""Texts of a PDF: the font of each character, and the order and the forms in which a script writes its letters.

Noto Sans has Latin, Greek, Cyrillic and Devanagari; Noto Sans Thai and Arabic have theirs; a part of DejaVu Sans has
Hebrew, Armenian and Georgian. All of these are embedded. Chinese, Japanese and Korean are in fonts that readers have.
A character that none of them has is written as `?`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock

import fontpkg_noto_sans
import fontpkg_noto_sans_arabic
import fontpkg_noto_sans_thai
from bidi import get_display
from bidi.mirror import MIRRORED
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import ShapedStr, TTFont, shapeStr
from reportlab.pdfgen.canvas import Canvas

FONT, ARABIC, THAI, OTHERS = "NotoSans", "NotoSansArabic", "NotoSansThai", "DejaVuSans"
JAPANESE, CHINESE, KOREAN = "HeiseiMin-W3", "STSong-Light", "HYSMyeongJo-Medium"
UNKNOWN = "?"
PER_EM = 1000
EAST_ASIAN = (
    ("\u1100", "\u11ff"),
    ("\u2e80", "\ua4cf"),
    ("\uac00", "\ud7ff"),
    ("\uf900", "\ufaff"),
    ("\ufe30", "\uffef"),
)
DEVANAGARI = ("\u0900", "\u097f")
FROM_RIGHT = {"R", "AL"}
_MARK = "\u034f"
_BRACKET = f"[{re.escape(''.join(MIRRORED))}]"
_MARKED = re.compile(f"{_MARK}({_BRACKET})|({_BRACKET}){_MARK}")
_shaping = Lock()
"""The fonts of a process remember the forms that were shaped."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one font, as they follow one another from left to right.

    :param text: of a run that is shaped, in the order in which it is spoken.
    """

    text: str
    font: str
    is_shaped: bool

    def width(self, size: float) -> float:
        text = self._written(size)
        if isinstance(text, ShapedStr):
            return float(sum(each.x_advance for each in text.__shapeData__) * size / PER_EM)  # type: ignore[attr-defined]
        return float(stringWidth(text, self.font, size))

    def draw(self, canvas: Canvas, x: float, y: float, size: float) -> None:
        canvas.setFont(self.font, size)
        canvas.drawString(x, y, self._written(size))

    def _written(self, size: float) -> str:
        if not self.is_shaped:
            return self.text
        with _shaping:
            return shapeStr(self.text, self.font, size, force=True)  # type: ignore[no-any-return]


def runs(text: str) -> list[Run]:
    """Return the runs of one line."""
    seen = _from_left(text) if any(map(_is_from_right, text)) else text
    return [_run("".join(part), *key) for key, part in groupby(_drawn(seen), key=_kind)]


def width_of(text: str, size: float) -> float:
    return sum(run.width(size) for run in runs(text))


def is_plain(text: str) -> bool:
    """Say whether all of a text is in the first font, one character after another."""
    return all(_kind(character) == (FONT, False, False) for character in _drawn(text))


def clusters(text: str) -> Iterator[str]:
    """Cut a text into what is not cut further: a letter with the marks on it."""
    cluster = ""
    for character in text:
        if cluster and not unicodedata.category(character).startswith("M"):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


@cache
def _fonts() -> dict[str, frozenset[int]]:
    """Register the fonts, once in a process, and return what each of the embedded ones has."""
    own = Path(__file__).parent / "fonts" / "DejaVuSans-HebrewArmenianGeorgian.ttf"
    files = {
        FONT: _file_of(fontpkg_noto_sans.ROOT, "NotoSans[[]*.ttf"),
        ARABIC: _file_of(fontpkg_noto_sans_arabic.ROOT, "NotoSansArabic[[]*.ttf"),
        THAI: _file_of(fontpkg_noto_sans_thai.ROOT, "NotoSansThai[[]*.ttf"),
        OTHERS: own,
    }
    found = {}
    for name, file in files.items():
        font = TTFont(name, str(file), shapable=True)
        registerFont(font)
        found[name] = frozenset(font.face.charToGlyph)
    for name in (JAPANESE, CHINESE, KOREAN):
        registerFont(UnicodeCIDFont(name))
    return found


def _file_of(root: Path, pattern: str) -> Path:
    (file,) = (root / "files").glob(pattern)
    return file


def _from_left(text: str) -> str:
    """Return the characters of a line as they stand from left to right; brackets that are read from the right, turned.

    A mark without a form follows each bracket: one that is read from the right has it on its left then.
    """
    marked = "".join(f"{each}{_MARK}" if each in MIRRORED else each for each in text.replace(_MARK, ""))
    return _MARKED.sub(lambda found: MIRRORED[found[1]] if found[1] else found[2], get_display(marked))


def _drawn(text: str) -> Iterator[str]:
    """Yield what is drawn of a text: no format characters, and what no font has as such."""
    for character in text:
        if unicodedata.category(character) != "Cf":
            yield character if _font_of(character) else UNKNOWN


def _kind(character: str) -> tuple[str, bool, bool]:
    """Return the font of a character, whether it is shaped, and whether its run is drawn from the right."""
    font = _font_of(character)
    is_shaped = font in {ARABIC, THAI, OTHERS} or DEVANAGARI[0] <= character <= DEVANAGARI[1]
    direction = unicodedata.bidirectional(character)
    is_from_right = _is_from_right(character) or (font == ARABIC and direction == "NSM")
    return font, is_shaped and direction not in {"AN", "EN"}, is_from_right


def _run(text: str, font: str, is_shaped: bool, is_from_right: bool) -> Run:  # noqa: FBT001
    return Run(text=text[::-1] if is_from_right else text, font=font, is_shaped=is_shaped)


def _is_from_right(character: str) -> bool:
    if unicodedata.bidirectional(character) in FROM_RIGHT:
        return True
    return "\u0591" <= character <= "\u05c7"  # the points of Hebrew


def _font_of(character: str) -> str:
    """Return the font that has a character; none for one that none has."""
    for name, glyphs in _fonts().items():
        if ord(character) in glyphs:
            return name
    if not any(first <= character <= last for first, last in EAST_ASIAN):
        return ""
    if "\u3040" <= character <= "\u30ff":
        return JAPANESE
    return KOREAN if "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7ff" else CHINESE
