"""Pages that rows are imported on, and exported from: a preview, errors row by row in plain words, then a yes.

Whoever confirms imports what the preview has shown: the file is read and compared once more then, so that what others
have changed meanwhile counts. A second import of a file changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from import_export.admin import ImportExportMixin
from import_export.exceptions import ImportError as RowRefused
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import Result, RowResult
from tablib import Dataset
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from web.admin.cells import as_cell
from web.admin.files import FileRefused, SignedUpload, delimited
from web.admin.saving import REFUSED, sentence_of, violation

MOST_SHOWN = 200
"""How many rows of a preview, and how many errors, a page shows."""
ARROW = " → "


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the import of a row does.

    :param kind: `new`, `update` or `skip`: everything is as the row says. :param shown: its columns, as people read
        them. :param errors: sentences by column; where there are any, nothing is imported.
    """

    kind: str
    shown: Sequence[str] = ()
    errors: Mapping[str, list[str]] = field(default_factory=dict)


def changed_to(old: str, new: str) -> str:
    return new if old == new else f"{old or '(nothing)'}{ARROW}{new or '(nothing)'}"


class Preview(Result):  # type: ignore[misc]
    """Shows the first rows that change something, and the first that are wrong; `totals` counts all of them."""

    def valid_rows(self) -> list[RowResult]:
        return [row for row in super().valid_rows() if not row.is_skip()][:MOST_SHOWN]

    def append_invalid_row(self, number: int, row: Any, validation_error: ValidationError) -> None:
        if len(self.invalid_rows) < MOST_SHOWN:
            super().append_invalid_row(number + 1, row, validation_error)

    @property
    def summary(self) -> str:
        new, changed, same, wrong = (self.totals[kind] for kind in ("new", "update", "skip", "invalid"))
        counts = f"{new} new, {changed} changed, {same} as they are"
        counts = f"{wrong} of {self.total_rows} rows cannot be imported; nothing is" if wrong else counts
        return (
            f"{counts}." if max(wrong, new + changed) <= MOST_SHOWN else f"{counts}. The first {MOST_SHOWN} are shown."
        )


class Rows(Resource):  # type: ignore[misc]
    """A file of rows: what they mean, and what is done with all of them at once."""

    columns: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    outcomes: Sequence[Outcome] = ()

    class Meta:
        use_transactions = False
        instance_loader_class = BaseInstanceLoader
        using_db = DEFAULT_DB_ALIAS

    def plan(self, rows: Sequence[Mapping[str, str]]) -> Sequence[Outcome]:
        """Compare rows with what the shop has; write nothing.

        :param rows: cells by column, without blanks around them; `from_cell` returns their texts.
        """
        raise NotImplementedError

    def write(self, *, file_name: str) -> None:
        """Do what was planned. All rows were found right."""
        raise NotImplementedError

    def before_import(self, dataset: Any, **_options: Any) -> None:
        self.outcomes = self.plan([dict(zip(dataset.headers, row, strict=True)) for row in dataset])

    def import_row(self, row: Any, _loader: Any, **options: Any) -> RowResult:
        outcome = self.outcomes[options["row_number"] - 1]
        result = self.get_row_result_class()()
        result.import_type, result.diff = outcome.kind, list(outcome.shown)
        if outcome.errors:
            result.import_type = RowResult.IMPORT_TYPE_INVALID
            result.validation_error = ValidationError(dict(outcome.errors))
        return result

    def after_import(self, _dataset: Any, result: Result, **options: Any) -> None:
        if not options["dry_run"] and not result.has_validation_errors():
            self.write(file_name=str(options.get("file_name") or ""))

    def handle_import_error(self, _result: Result, error: Exception, raise_errors: bool = False) -> None:  # noqa: FBT001, FBT002
        raise error

    def lines(self, rows: Any) -> Iterable[Sequence[str]]:
        """Return what a file holds of rows that are exported, in the order of the columns: each is made a cell."""
        raise NotImplementedError

    def export(self, queryset: Any = None, **_options: Any) -> Dataset:
        dataset = Dataset(headers=self.columns)
        for line in self.lines(queryset):
            dataset.append([as_cell(text) for text in line])
        return dataset

    def get_user_visible_fields(self) -> list[Field]:
        return [Field(column_name=name) for name in self.columns]

    @classmethod
    def get_result_class(cls) -> type[Result]:
        return Preview

    def get_diff_headers(self) -> list[str]:
        return list(self.columns)

    @classmethod
    def get_display_name(cls) -> str:
        return "CSV"


class ImportPage(ImportExportMixin):  # type: ignore[misc]
    """A page with the buttons "Import" and "Export". `rows` says what its files hold."""

    rows: type[Rows]
    import_form_class = ImportForm
    export_form_class = ExportForm
    tmp_storage_class = SignedUpload
    to_encoding = "utf-8-sig"
    skip_admin_log = True

    def get_resource_classes(self, _request: HttpRequest) -> list[type[Rows]]:
        return [self.rows]

    get_import_resource_classes = get_export_resource_classes = get_resource_classes

    def get_import_formats(self) -> list[Any]:
        return [delimited(self.rows.columns, self.rows.required)]

    def get_export_formats(self) -> list[Any]:
        return self.get_import_formats()

    def has_import_permission(self, request: HttpRequest) -> bool:
        page: Any = self
        return bool(page.has_add_permission(request) and page.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        page: Any = self
        return bool(page.has_view_permission(request))

    def import_action(self, request: HttpRequest, **options: Any) -> HttpResponse:
        response = super().import_action(request, **options)
        result = response.context_data.get("result")
        if result is not None:
            messages.info(request, result.summary)
        return response

    def add_data_read_fail_error_to_form(self, form: Any, error: Exception) -> None:
        if not isinstance(error, FileRefused):
            raise error
        form.add_error("import_file", sentence_of(error))

    def process_import(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """Import what was previewed, or say why not: also of what was changed since then."""
        page: Any = self
        if not self.has_import_permission(request):
            raise PermissionDenied
        try:
            return super().process_import(request, **options)
        except RowRefused as refused:
            reasons = refused.error.messages if isinstance(refused.error, ValidationError) else [str(refused.error)]
            messages.error(request, f"Line {refused.number + 1}: {' '.join(reasons)} Nothing was imported.")
        except REFUSED as error:
            messages.error(request, violation(error, page.model).sentence)
        return HttpResponseRedirect(reverse("admin:{}_{}_import".format(*self.get_model_info())))

    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **_options: Any) -> Result:
        file_name = form.cleaned_data.get("original_file_name")
        return self.rows().import_data(dataset, dry_run=False, raise_errors=True, file_name=file_name)

    def add_success_message(self, result: Preview, request: HttpRequest) -> None:
        messages.success(request, f"Imported: {result.summary}")
