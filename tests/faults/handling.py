"""What became of each event at each subscriber: applied once and in order, or visibly put aside for a reason."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from tests.faults.acts import Act
from tests.faults.declared import declared, family
from tests.faults.dice import may_be_dead
from tests.faults.evidence import Effect, Entry, Parked, Shop

Findings = Iterator[tuple[str, str]]
UNRESOLVED = ("RETRYING", "WAITING", "DEAD")
OPERATOR = "api-key:operator"
ON_DEMAND = ("events.queue_webhooks",)
CLOCK_SECONDS = 0.01


def findings(shop: Shop) -> Findings:
    yield from _bound(shop)
    yield from _accounts(shop)
    yield from _effects(shop)
    yield from _dead(shop)
    yield from _waiting(shop)
    yield from _discarded(shop)
    yield from _copies(shop)
    yield from _pauses(shop)


def is_copy(entry: Entry) -> bool:
    """Say whether an event was published by an operator, in place of a dead one."""
    return entry.actor == OPERATOR


def catalogued(catalogue: Path) -> dict[str, set[str]]:
    """Read who hears what from the written catalogue: subscriber → types."""
    heard: dict[str, set[str]] = {}
    for section in re.split(r"^## ", catalogue.read_text(), flags=re.MULTILINE)[1:]:
        listeners = re.search(r"^- heard by: (.*)$", section, flags=re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", listeners.group(1)) if listeners else []:
            heard.setdefault(name, set()).add(section.split("\n", 1)[0].strip())
    return heard


def _bound(shop: Shop) -> Findings:
    """Who is to hear a type is bound to it, from before the first event of that type that the declaration promises."""
    evidence = shop.evidence
    firsts: dict[str, int] = {}
    for entry in shop.log:
        firsts.setdefault(entry.type, entry.position)
    since: dict[tuple[str, str], int] = {}
    for binding in shop.bindings:
        key = (family(binding.subscriber), binding.type)
        since[key] = min(binding.since, since.get(key, binding.since))
    for name, kinds in {**catalogued(evidence.catalogue), **declared(evidence.generation, evidence.renamed)}.items():
        for kind in kinds:
            begun = since.get((family(name), kind))
            if kind in firsts and begun is None and name not in ON_DEMAND:
                yield "lost", f"{name} is not bound to {kind}"
            elif begun is not None and kind in firsts and begun >= max(firsts[kind], 1) and name not in ON_DEMAND:
                if not _bound_later(shop, name, kind, begun):
                    yield "lost", f"{name} hears {kind} from {begun} on, the first is at {firsts[kind]}"


def _bound_later(shop: Shop, name: str, kind: str, since: int) -> bool:
    """Say whether a release brought the type to a shop that had events of it: an older one of its was rolled back."""
    releases = [act for act in shop.evidence.done if act.act == "subscribe" and act.done and shop.name in act.heads]
    brought = [act for act in releases if kind in declared(act.generation, act.renamed).get(name, ())]
    return bool(brought) and since <= max(act.heads[shop.name] for act in brought)


def _accounts(shop: Shop) -> Findings:
    """Every event was applied, or visibly parked, by every subscriber that is bound to it, exactly once."""
    parked: dict[str, Counter[int]] = {}
    for each in shop.parked:
        parked.setdefault(family(each.subscriber), Counter())[each.position] += 1
    families = Counter(family(name) for name in shop.subscriptions)
    for name, cursor in shop.subscriptions.items():
        due = shop.due(name)
        processed, aside = shop.processed.get(family(name), Counter()), parked.get(family(name), Counter())
        for position in due:
            times = processed[position] + aside[position]
            if position > cursor or times == 0:
                yield "lost", f"{name} {position} was never applied"
            elif times > 1:
                yield "unaccounted", f"{name} {position} is accounted {times} times"
        for position in (processed + aside).keys() - due:
            yield "unaccounted", f"{name} {position} is accounted and was never due"
        if aside and not name.startswith("faults."):
            yield "unaccounted", f"{name} has parked events: {sorted(aside)[:5]}"
        if families[family(name)] > 1:
            yield "unaccounted", f"{name} has a subscription beside another of its names"
    for name in (shop.processed.keys() | parked.keys()) - families.keys():
        yield "unaccounted", f"{name} has accounts and no subscription"


def _effects(shop: Shop) -> Findings:
    """The troubled subscribers left one row for each event they applied, in the order of its stream."""
    by_family: dict[str, list[Effect]] = {}
    for effect in shop.effects:
        by_family.setdefault(family(effect.subscriber), []).append(effect)
    parked: dict[str, list[Parked]] = {}
    for each in shop.parked:
        parked.setdefault(family(each.subscriber), []).append(each)
    names = {name for name in {*shop.processed, *by_family, *parked} if name.startswith("faults.")}
    for name in sorted(names):
        yield from _effects_of(shop, name, by_family.get(name, []), parked.get(name, []))


def _effects_of(shop: Shop, name: str, effects: list[Effect], parked: list[Parked]) -> Findings:
    times = Counter(effect.position for effect in effects)
    processed, aside = set(shop.processed.get(name, ())), {each.position for each in parked}
    for position in processed - times.keys():
        yield "lost", f"{name} {position} is processed without an effect"
    for position, count in times.items():
        if count > 1 or position in aside or position not in processed:
            yield "repeated", f"{name} {position} took effect {count} times"
    last: dict[str, int] = {}
    for effect in effects:
        if effect.position < last.get(effect.stream, 0):
            yield "reordered", f"{name} {effect.stream}: {effect.position} after {last[effect.stream]}"
        last[effect.stream] = effect.position
    streams: dict[str, list[Effect]] = {}
    for effect in effects:
        streams.setdefault(effect.stream, []).append(effect)
    for each in parked:
        later = [effect.written_at for effect in streams.get(each.stream, ()) if effect.position > each.position]
        passed_at = min(later, default=0)
        if passed_at and (each.state in UNRESOLVED or passed_at + CLOCK_SECONDS < _given_up_at(shop, each)):
            yield "reordered", f"{name}: an event of {each.stream} passed {each.position}, which was parked"


def _given_up_at(shop: Shop, parked: Parked) -> float:
    """Return when somebody first asked for a parked event to be given up."""
    return min((act.asked for act in shop.acts if _gives_up(act, parked)), default=float("inf"))


def _gives_up(act: Act, parked: Parked) -> bool:
    meant = act.position == parked.position if act.position else act.fingerprint == parked.fingerprint
    return act.act in {"discard", "copy"} and act.subscriber == parked.subscriber and meant and act.perhaps_done


def _dead(shop: Shop) -> Findings:
    """What is dead has a reason to be: no storm makes a healthy event dead."""
    for each in shop.parked:
        if each.state == "DEAD" and not may_be_dead(each.subscriber, UUID(each.event_id)):
            yield "unaccounted", f"{each.subscriber} {each.position} is dead, and nothing is wrong with it"
        elif each.state == "RETRYING":
            yield "lost", f"{each.subscriber} {each.position} is still retried"


def _waiting(shop: Shop) -> Findings:
    """What waits, waits for an earlier event of its stream: otherwise it would never be released."""
    heads = {(each.subscriber, each.stream): each.position for each in reversed(shop.parked) if each.state == "DEAD"}
    for each in shop.parked:
        if each.state == "WAITING" and heads.get((each.subscriber, each.stream), each.position) >= each.position:
            yield "lost", f"{each.subscriber} {each.position} waits for nothing"


def _discarded(shop: Shop) -> Findings:
    """What was given up is what somebody asked for, and what was answered as given up is."""
    states = {(each.subscriber, each.position): each.state for each in shop.parked}
    for each in shop.parked:
        if each.state == "DISCARDED" and not any(_gives_up(act, each) for act in shop.acts):
            yield "unaccounted", f"{each.subscriber} {each.position} was given up, which nobody asked for"
    for act in shop.acts:
        if act.act in {"discard", "copy"} and act.position and act.done:
            state = states.get((act.subscriber, act.position), "applied")
            if state != "DISCARDED":
                yield "unaccounted", f"{act.subscriber} {act.position} was answered as given up and is {state}"


def _copies(shop: Shop) -> Findings:
    """An edited copy is there when it was answered, once, for its subscriber, and only where somebody asked for it."""
    asked = [act for act in shop.acts if act.act == "copy" and act.perhaps_done]
    originals = {entry.event_id: entry for entry in shop.log}
    copies = [entry for entry in shop.log if is_copy(entry)]
    for act in asked:
        if act.done and act.event_id not in originals:
            yield "lost", f"the copy {act.event_id} of {act.position} was answered and is not there"
    times: Counter[tuple[int, str]] = Counter()
    for copy in copies:
        original = originals.get(copy.causation_id or "")
        position = original.position if original else 0
        times[position, copy.audience or ""] += 1
        if copy.audience is None:
            yield "leaked", f"the copy {copy.position} of {position} is for everybody"
        if not any(act.position == position and copy.audience in {None, act.subscriber} for act in asked):
            yield "repeated", f"the copy {copy.position} of {position} was never asked for"
    for (position, name), count in times.items():
        if count > 1:
            yield "repeated", f"{position} was copied {count} times for {name}"


def _pauses(shop: Shop) -> Findings:
    """A paused subscriber applies nothing, from the answer to the pause until somebody asks to let it go on."""
    acts = sorted((act for act in shop.acts if act.act in {"pause", "resume"}), key=lambda act: act.asked)
    for act in acts:
        if act.act != "pause" or not act.done:
            continue
        resumes = [each.asked for each in acts if each.act == "resume" and each.subscriber == act.subscriber]
        if any(
            each.asked < act.answered and (each.answered or float("inf")) > act.asked
            for each in acts
            if each.act == "resume" and each.subscriber == act.subscriber
        ):
            continue
        until = min((asked for asked in resumes if asked > act.answered), default=float("inf"))
        for effect in shop.effects:
            if effect.subscriber == act.subscriber and act.answered + CLOCK_SECONDS < effect.written_at < until:
                yield "unaccounted", f"{effect.subscriber} {effect.position} was applied during a pause"
