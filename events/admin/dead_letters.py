"""Dead letters in the admin: grouped, with what is blocked; dry run, retry, discard, edited copy."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from events.models import ParkedEvent
from events.operations import dead_letters
from events.operations.parked import data_in_newest_version, discard_parked, publish_edited_copy, retry_parked
from events.operations.rehearsing import rehearse
from events.subscriptions.parking import State
from kernel.refusals import Refusal
from web.admin import ReadOnlyAdmin, acting_on, operator_of


class GroupForm(forms.Form):
    """Which group, named by one event of it that is parked now, and the action on all of them."""

    parked = forms.IntegerField(min_value=1)
    action = forms.ChoiceField(choices=[("retry", "retry"), ("discard", "discard")])
    reason = forms.CharField(required=False)


class OneForm(forms.Form):
    """The action on one event."""

    action = forms.ChoiceField(choices=[("retry", "retry"), ("discard", "discard")])
    reason = forms.CharField(required=False)


class IndentedJSONField(forms.JSONField):
    def prepare_value(self, value: Any) -> Any:
        """Write data for a person to edit."""
        return (
            json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else super().prepare_value(value)
        )


class CopyForm(forms.Form):
    payload = IndentedJSONField(widget=forms.Textarea(attrs={"rows": 24, "cols": 100, "class": "boxed"}))
    reason = forms.CharField(max_length=500, widget=forms.TextInput(attrs={"size": 60, "class": "boxed"}))


@admin.register(ParkedEvent)
class ParkedEventAdmin(ReadOnlyAdmin):
    list_display = ("tenant_id", "subscriber", "position", "type", "state", "attempts", "last_line", "next_attempt_at")
    list_filter = ("state", "subscriber", "fingerprint")
    search_fields = ("stream", "event_id")
    ordering = ("tenant_id", "subscriber", "position")
    actions = ("retry",)
    readonly_fields = ("what_can_be_done", "blocked")
    fields = (
        "what_can_be_done", "tenant_id", "subscriber", "position", "type", "stream", "state", "attempts", "blocked",
        "error", "reason", "event_id", "fingerprint", "next_attempt_at", "parked_at", "updated_at",
    )  # fmt: skip

    @admin.display(description="error")
    def last_line(self, parked: ParkedEvent) -> str:
        return dead_letters.last_line(parked.error)[:120]

    @admin.display(description="blocked by it")
    def blocked(self, parked: ParkedEvent) -> str:
        behind = ParkedEvent.objects.filter(
            tenant_id=parked.tenant_id, subscriber=parked.subscriber, stream=parked.stream, state=State.WAITING
        )
        positions = [str(position) for position in behind.order_by("position").values_list("position", flat=True)]
        return ", ".join(positions) or "nothing"

    @admin.display(description="what can be done")
    def what_can_be_done(self, parked: ParkedEvent) -> str:
        if parked.state not in {State.DEAD, State.RETRYING}:
            return "nothing: it is not the one that failed" if parked.state == State.WAITING else "nothing any more"
        return format_html(
            '<a href="{}">Dry run, retry or discard</a> · <a href="{}">Publish an edited copy</a>',
            reverse("admin:events_parkedevent_dry_run", args=[parked.pk]),
            reverse("admin:events_parkedevent_copy", args=[parked.pk]),
        )

    @admin.action(description="Retry now, with new attempts", permissions=["operate"])
    def retry(self, request: HttpRequest, parked: QuerySet[ParkedEvent]) -> None:
        for event in parked:
            self._try(request, lambda event=event: self._act_on_one(request, event, {"action": "retry"}))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_parkedevent")

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("groups/", self.admin_site.admin_view(self.groups), name="events_parkedevent_groups"),
            path("<int:pk>/dry-run/", self.admin_site.admin_view(self.dry_run), name="events_parkedevent_dry_run"),
            path("<int:pk>/edited-copy/", self.admin_site.admin_view(self.copy), name="events_parkedevent_copy"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        self.list_before_template = "events/groups_link.html"
        return super().changelist_view(request, extra_context)

    def groups(self, request: HttpRequest) -> HttpResponse:
        """The dead letters by kind of error; a group can be retried, or discarded with a reason."""
        self._require_operator(request)
        if request.method == "POST":
            form = GroupForm(request.POST)
            if not form.is_valid():
                raise Http404
            self._try(request, lambda: self._act_on_group(request, form.cleaned_data))
            return HttpResponseRedirect(request.path)
        return self._page(request, "events/dead_letters.html", "Dead letters", groups=dead_letters.groups())

    def dry_run(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Offer to show what a retry would do, all of it rolled back; retry it, or discard it with a reason.

        Only a POST runs the handler: a page that is opened, fetched ahead or reloaded runs nothing.
        """
        self._require_operator(request)
        parked = get_object_or_404(ParkedEvent, pk=pk)
        shown: dict[str, Any] = {"parked": parked}
        if request.POST.get("action") == "try":
            if self._try(request, lambda: self._rehearse(parked, shown)):
                return self._page(request, "events/dry_run.html", f"Dry run: {parked}", **shown)
            return HttpResponseRedirect(request.path)
        if request.method == "POST":
            form = OneForm(request.POST)
            if form.is_valid() and self._try(request, lambda: self._act_on_one(request, parked, form.cleaned_data)):
                return HttpResponseRedirect(reverse("admin:events_parkedevent_changelist"))
            return HttpResponseRedirect(request.path)
        return self._page(request, "events/dry_run.html", f"Dry run: {parked}", **shown)

    def _rehearse(self, parked: ParkedEvent, shown: dict[str, Any]) -> str:
        with acting_on(parked):
            found = rehearse(subscriber=parked.subscriber, position=parked.position)
        changes = [
            (change.table, _pretty(change.before), _pretty(change.after), _kind(change.before, change.after))
            for change in found.changes
        ]
        publishes = [(type_name, _pretty(data)) for type_name, data in found.publishes]
        shown |= {"found": found, "changes": changes, "publishes": publishes}
        return f"position {parked.position} was tried, and nothing of it was kept"

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let an operator correct the data of a dead event, and publish it for the subscriber that failed."""
        self._require_operator(request)
        parked = get_object_or_404(ParkedEvent, pk=pk)
        try:
            with acting_on(parked):
                stored = data_in_newest_version(position=parked.position)
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:events_parkedevent_changelist"))
        form = CopyForm(request.POST or None, initial={"payload": stored})
        if request.method == "POST" and form.is_valid():
            copied = self._try(request, lambda: self._publish_copy(request, parked, form.cleaned_data))
            if copied:
                return HttpResponseRedirect(reverse("admin:events_parkedevent_changelist"))
        return self._page(request, "events/edited_copy.html", f"Edited copy: {parked}", parked=parked, form=form)

    def _act_on_group(self, request: HttpRequest, chosen: dict[str, Any]) -> str:
        parked, operator = get_object_or_404(ParkedEvent, pk=chosen["parked"]), operator_of(request)
        subscriber, fingerprint = parked.subscriber, parked.fingerprint
        with acting_on(parked):
            if chosen["action"] == "retry":
                count = retry_parked(subscriber=subscriber, fingerprint=fingerprint, operator=operator)
                return f"{count} events are tried again"
            count = discard_parked(
                subscriber=subscriber, fingerprint=fingerprint, operator=operator, reason=chosen["reason"]
            )
            return f"{count} events are discarded"

    def _act_on_one(self, request: HttpRequest, parked: ParkedEvent, chosen: dict[str, str]) -> str:
        subscriber, position, operator = parked.subscriber, parked.position, operator_of(request)
        with acting_on(parked):
            if chosen["action"] == "retry":
                retry_parked(subscriber=subscriber, position=position, operator=operator)
                return f"position {position} is tried again"
            discard_parked(subscriber=subscriber, position=position, operator=operator, reason=chosen["reason"])
            return f"position {position} is discarded"

    def _publish_copy(self, request: HttpRequest, parked: ParkedEvent, chosen: dict[str, Any]) -> str:
        with acting_on(parked):
            event_id = publish_edited_copy(
                subscriber=parked.subscriber,
                position=parked.position,
                data=chosen["payload"],
                operator=operator_of(request),
                reason=chosen["reason"],
            )
        return f"the copy is event {event_id}"

    def _try(self, request: HttpRequest, act: Any) -> bool:
        try:
            self.message_user(request, act(), messages.SUCCESS)
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
            return False
        return True

    def _require_operator(self, request: HttpRequest) -> None:
        if not self.has_operate_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, title: str, **shown: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.model._meta, "title": title, **shown}
        return render(request, template, context)


def _kind(before: Any, after: Any) -> str:
    return "created" if before is None else "deleted" if after is None else "changed"


def _pretty(row: Any) -> str:
    return "" if row is None else json.dumps(row, indent=1, ensure_ascii=False)
