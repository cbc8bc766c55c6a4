"""Files of rows that people bring and take: text with commas, semicolons or tabs, as spreadsheets write it."""

import csv
import io
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from typing import Any, ClassVar

from django.core.signing import BadSignature, TimestampSigner
from import_export.formats.base_formats import CSV
from import_export.tmp_storages import BaseStorage
from tablib import Dataset

from kernel.refusals import Refusal
from kernel.tenancy import current_tenant

MOST_ROWS = 10_000
SECONDS_TO_CONFIRM = 3600
DELIMITERS = ",;\t"


class FileRefused(Refusal):
    code = "file-refused"
    title = "File refused"
    status = 422


class Delimited(CSV):  # type: ignore[misc]
    """A file with a line of headers. `columns` are those that it may have, `required` those that it must have."""

    columns: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()

    def get_title(self) -> str:
        return "csv"

    def create_dataset(self, in_stream: bytes, **_options: Any) -> Dataset:
        """:raises FileRefused: when it is no such file, has other columns, or too many rows."""
        rows = _read(in_stream)
        headers = [header.strip().lower().replace(" ", "_") for header in rows[0]] if rows else []
        self._require_columns(headers)
        if len(rows) - 1 > MOST_ROWS:
            message = f"the file has {len(rows) - 1} rows: bring at most {MOST_ROWS} at once"
            raise FileRefused(message)
        dataset = Dataset(headers=headers)
        for number, row in enumerate(rows[1:], start=2):
            if len(row) > len(headers):
                message = f"line {number} has {len(row)} cells, the headers are {len(headers)}: put texts into quotes"
                raise FileRefused(message)
            dataset.append([cell.strip() for cell in row] + [""] * (len(headers) - len(row)))
        return dataset

    def _require_columns(self, headers: list[str]) -> None:
        known = f"it may have {', '.join(self.columns)}"
        for header in headers:
            if header not in self.columns:
                message = f"the file has a column {header[:40]!r}: {known}"
                raise FileRefused(message)
            if headers.count(header) > 1:
                message = f"the file has the column {header!r} twice"
                raise FileRefused(message)
        for name in self.required:
            if name not in headers:
                message = f"the file has no column {name!r} in its first line: {known}"
                raise FileRefused(message)


def delimited(columns: tuple[str, ...], required: tuple[str, ...]) -> type[Delimited]:
    return type("CSV", (Delimited,), {"columns": columns, "required": required})


class SignedUpload(BaseStorage):  # type: ignore[misc]
    """What was uploaded, between its preview and its confirmation: it travels in the page, signed for the shop.

    No file and no cache holds it, so that any process may go on with it, and nobody reads another one's.
    """

    def save(self, data: bytes) -> None:
        self.name = self._signer().sign(urlsafe_b64encode(zlib.compress(data, 9)).decode())

    def read(self) -> bytes:
        """:raises FileRefused: when it was not previewed in this shop within the last hour."""
        try:
            packed = self._signer().unsign(self.name, max_age=SECONDS_TO_CONFIRM)
        except BadSignature:
            raise FileRefused("the preview is more than an hour old: choose the file again") from None
        return zlib.decompress(urlsafe_b64decode(packed))

    def remove(self) -> None:
        """Nothing is kept."""

    def _signer(self) -> TimestampSigner:
        return TimestampSigner(salt=f"web.admin.files {current_tenant()}")


def _read(data: bytes) -> list[list[str]]:
    text = _decoded(data)
    first = text.replace("\r", "\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        message = f"the file is not readable as text with {delimiter!r} between its cells: {error}"
        raise FileRefused(message) from None


def _decoded(data: bytes) -> str:
    """Read UTF-8, or what older spreadsheets write."""
    if b"\0" in data:
        raise FileRefused("the file is no text: save it as CSV, in UTF-8")
    for encoding in ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    raise FileRefused("the file is neither UTF-8 nor Windows-1252: save it as CSV, in UTF-8")
