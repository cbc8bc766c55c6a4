"""What became of events at a subscriber is judged by tables and journals that are given here in memory."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from tests.faults import handling
from tests.faults.acts import Act
from tests.faults.dice import way_of
from tests.faults.evidence import Effect, Entry, Parked

HEALTHY = next(str(id_) for id_ in map(lambda n: UUID(int=n), range(1000)) if way_of(id_) == "")
SWALLOWER = next(str(id_) for id_ in map(lambda n: UUID(int=n), range(5000)) if way_of(id_) == "swallows")


@dataclass
class Told:
    """A shop as the checker sees it, where only what a test gives is there."""

    parked: list[Parked] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    processed: dict[str, Counter[int]] = field(default_factory=dict)


def kinds(judge: Callable[..., Iterator[tuple[str, str]]], told: Told) -> list[str]:
    return [kind for kind, _sentence in judge(told)]


def put_aside(
    position: int, state: str, *, subscriber: str = "faults.misbehaving", event_id: str = SWALLOWER
) -> Parked:
    return Parked(
        subscriber=subscriber, position=position, event_id=event_id, stream="a", state=state, fingerprint="kind"
    )


def asked(act: str, *, position: int | None = None, status: int = 200, **options: object) -> Act:
    subscriber = "faults.misbehaving"
    return Act(act=act, subscriber=subscriber, position=position, asked=10, answered=11, status=status, **options)  # type: ignore[arg-type]


def effect(position: int, at: float) -> Effect:
    return Effect(subscriber="faults.misbehaving", position=position, stream="a", event_id=HEALTHY, written_at=at)


def entry(position: int, event_id: str, **options: object) -> Entry:
    values = {"causation_id": None, "actor": "device:1", "audience": None, **options}
    return Entry(position=position, event_id=event_id, type="t", stream="a", stream_version=position, **values)  # type: ignore[arg-type]


def test_what_is_dead_has_a_reason_in_its_id() -> None:
    assert kinds(handling._dead, Told(parked=[put_aside(1, "DEAD")])) == []
    assert kinds(handling._dead, Told(parked=[put_aside(1, "DEAD", event_id=HEALTHY)])) == ["unaccounted"]
    assert kinds(handling._dead, Told(parked=[put_aside(1, "DEAD", subscriber="faults.steady")])) == ["unaccounted"]
    assert kinds(handling._dead, Told(parked=[put_aside(1, "RETRYING")])) == ["lost"]


def test_what_waits_has_an_earlier_dead_event_on_its_stream() -> None:
    assert kinds(handling._waiting, Told(parked=[put_aside(1, "DEAD"), put_aside(2, "WAITING")])) == []
    assert kinds(handling._waiting, Told(parked=[put_aside(1, "DISCARDED"), put_aside(2, "WAITING")])) == ["lost"]
    assert kinds(handling._waiting, Told(parked=[put_aside(1, "WAITING"), put_aside(2, "DEAD")])) == ["lost"]


def test_what_was_given_up_was_asked_for_by_position_or_by_kind() -> None:
    given_up = [put_aside(4, "DISCARDED")]

    assert kinds(handling._discarded, Told(parked=given_up, acts=[asked("discard", position=4)])) == []
    assert kinds(handling._discarded, Told(parked=given_up, acts=[asked("discard", fingerprint="kind")])) == []
    assert kinds(handling._discarded, Told(parked=given_up, acts=[asked("discard", position=4, status=0)])) == []
    assert kinds(handling._discarded, Told(parked=given_up, acts=[asked("discard", position=5, status=0)])) == [
        "unaccounted"
    ]
    assert kinds(handling._discarded, Told(parked=given_up, acts=[asked("discard", position=4, status=409)])) == [
        "unaccounted"
    ]


def test_what_was_answered_as_given_up_is() -> None:
    assert kinds(handling._discarded, Told(acts=[asked("discard", position=4)])) == ["unaccounted"]
    assert kinds(handling._discarded, Told(parked=[put_aside(4, "DEAD")], acts=[asked("copy", position=4)])) == [
        "unaccounted"
    ]


def test_nothing_passes_an_event_before_somebody_asks_for_it_to_be_given_up() -> None:
    def judged(state: str, at: float) -> list[str]:
        told = Told(acts=[asked("discard", position=4)], processed={"faults.misbehaving": Counter([5])})
        found = handling._effects_of(told, "faults.misbehaving", [effect(5, at)], [put_aside(4, state)])  # type: ignore[arg-type]
        return [kind for kind, _sentence in found]

    assert judged("DISCARDED", 12) == []
    assert judged("DISCARDED", 9) == ["reordered"]
    assert judged("DEAD", 12) == ["reordered"]


def test_a_copy_is_there_once_for_the_one_who_was_asked_for() -> None:
    copied = [asked("copy", position=4, status=201, event_id="copy")]
    original = entry(4, "original")
    copy = entry(9, "copy", causation_id="original", actor=handling.OPERATOR, audience="faults.misbehaving")
    for_all = entry(9, "copy", causation_id="original", actor=handling.OPERATOR)
    again = entry(10, "again", causation_id="original", actor=handling.OPERATOR, audience="faults.misbehaving")

    assert kinds(handling._copies, Told(acts=copied, log=[original, copy])) == []
    assert kinds(handling._copies, Told(acts=copied, log=[original])) == ["lost"]
    assert kinds(handling._copies, Told(acts=copied, log=[original, for_all])) == ["leaked"]
    assert kinds(handling._copies, Told(acts=copied, log=[original, copy, again])) == ["repeated"]
    assert kinds(handling._copies, Told(log=[original, copy])) == ["repeated"]


def test_nothing_is_applied_during_a_pause() -> None:
    pause = asked("pause")
    resume = Act(act="resume", subscriber="faults.misbehaving", asked=20, answered=21, status=204)
    crossing = Act(act="resume", subscriber="faults.misbehaving", asked=10.5, answered=10.8, status=204)

    assert kinds(handling._pauses, Told(acts=[pause, resume], effects=[effect(1, 9), effect(2, 20.5)])) == []
    assert kinds(handling._pauses, Told(acts=[pause, resume], effects=[effect(1, 15)])) == ["unaccounted"]
    assert kinds(handling._pauses, Told(acts=[pause, crossing], effects=[effect(1, 15)])) == []
