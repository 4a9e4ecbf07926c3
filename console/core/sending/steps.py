"""The writer's verbs for one run of the dispatcher: what each step does to the rows, many at a time."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from console.core.clock import Clock
from console.core.compliance.policy import Policy
from console.core.compliance.recheck import barred
from console.core.inbound import receiving
from console.core.messages.classes import CLASSES
from console.core.sending import receipts
from console.core.sending.alarms import Alarm, raise_alarm
from console.core.sending.causes import explain
from console.core.sending.integrity import digest_fits
from console.core.sending.release import Releases
from console.core.sending.seals import Seals
from console.core.sending.writer import Haste, Verb
from db import audit, outbox, outbox_lines, outbox_receipts, outbox_recovery, outbox_results, outbox_sending
from db.models import BatchKind, DiscrepancyKind
from db.outbox import ClaimAsk, Claimed
from db.outbox_receipts import NewReceipt
from db.outbox_results import Acceptance, Failure
from db.outbox_sending import Cleared, Hindrance, SendingAsk
from gsm.messages import Inbound, Undecodable

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OutOfHours:
    """The hours of its class ended between the claim and the sending; it was put off."""

    until: datetime


@dataclass(frozen=True, kw_only=True)
class Barred:
    """Its number was suppressed between the claim and the sending; so is the message."""

    rule: str


Clearance = Cleared | Hindrance | OutOfHours | Barred


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What the rules say of claimed messages that must not leave now."""

    put_off: Sequence[tuple[int, datetime, str, str]]  # id, until, rule, text
    suppressed: Sequence[tuple[int, str, str]]  # id, rule, text


@dataclass(frozen=True, kw_only=True)
class LineShow:
    line_id: int
    values: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class LineEvent:
    """Something about a line for the audit trail."""

    line_id: int
    action: str
    detail: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A modem that answered at the line's port."""

    line_id: int
    address: str
    imei: str


@dataclass(frozen=True, kw_only=True)
class Move:
    """The line's modem was found at another port."""

    line_id: int
    old: str
    new: str


class Steps:
    """Verbs by the order in which they run in one transaction: facts before questions."""

    def __init__(self, run: str, clock: Clock, secret: bytes, policy: Policy) -> None:
        self.run = run
        self.lease = timedelta(seconds=60)
        self._clock = clock
        self._secret = secret
        self.seals = Seals(secret)
        self.policy = policy  # replaced while it runs, when another version comes into force
        self.releases = Releases()
        self._turn = 0
        self.accepted = Verb("accepted", 10, True, self._accepted, Haste.URGENT)
        self.failed = Verb("failed", 11, True, self._failed, Haste.URGENT)
        self.retry_part = Verb("retry part", 12, True, self._retry_part, Haste.URGENT)
        self.receipts = Verb("receipts", 20, True, self._receipts, Haste.RIDER)
        self.inbound = Verb("inbound", 21, True, self._inbound, Haste.RIDER)
        self.match_early = Verb("match early", 22, True, self._match_early, Haste.LAZY)
        self.match = Verb("match", 22, True, self._match, Haste.LAZY)
        self.match_again = Verb("match again", 23, False, self._match_again)
        self.give_back = Verb("give back", 30, True, self._give_back)
        self.verdicts = Verb("verdicts", 31, True, self._verdicts)
        self.alarm = Verb("alarm", 32, True, self._alarm)
        self.show = Verb("show line", 40, True, self._show)
        self.line_event = Verb("line event", 40, True, self._line_event)
        self.hold_line = Verb("hold line", 41, False, self._hold_line)
        self.let_line_go = Verb("let line go", 42, True, self._let_line_go)
        self.move_line = Verb("move line", 42, False, self._move_line)
        self.change_places = Verb("change places", 42, False, self._change_places)
        self.beat = Verb("beat", 43, False, self._beat)
        self.clear = Verb("clear to send", 60, False, self._clear, Haste.URGENT)
        self.free_forgotten = Verb("free forgotten", 65, False, self._free_forgotten)
        self.claim = Verb("claim", 70, False, self._claim)

    # Facts

    def _accepted(self, session: Session, facts: Sequence[Acceptance]) -> list[None]:
        outbox_results.record_accepted(session, facts)
        long = {fact.message_id for fact in facts if fact.last and fact.of_many}
        if long:
            receipts.refold(session, long, self._clock.now())
        return [None] * len(facts)

    def _failed(self, session: Session, facts: Sequence[Failure]) -> list[None]:
        outbox_results.record_failed(session, facts)
        return [None] * len(facts)

    def _retry_part(self, session: Session, items: Sequence[tuple[int, str]]) -> list[None]:
        for part_id, error in items:
            outbox_results.retry_part(session, part_id, error)
        return [None] * len(items)

    def _receipts(self, session: Session, items: Sequence[NewReceipt]) -> list[int]:
        return outbox_receipts.store(session, items)

    def _match_early(self, session: Session, references: Sequence[str]) -> list[None]:
        """Reports that came before the acceptances with these references were written down."""
        receipts.match_early(session, set(references), self._clock.now())
        return [None] * len(references)

    def _match(self, session: Session, receipt_ids: Sequence[int]) -> list[None]:
        receipts.match_stored(session, receipt_ids, self._clock.now())
        return [None] * len(receipt_ids)

    def _match_again(self, session: Session, afters: Sequence[int]) -> list[int]:
        now = self._clock.now()
        return [receipts.match_again(session, now, after=after, limit=200)[1] for after in afters]

    def _inbound(self, session: Session, items: Sequence[tuple[int, Inbound | Undecodable]]) -> list[int]:
        return receiving.store(session, items)

    def _give_back(self, session: Session, groups: Sequence[Sequence[int]]) -> list[None]:
        outbox.give_back(session, self.run, [message_id for group in groups for message_id in group])
        return [None] * len(groups)

    def _verdicts(self, session: Session, items: Sequence[Verdicts]) -> list[None]:
        now = self._clock.now()
        for item in items:
            for message_id, until, rule, text in item.put_off:
                outbox.put_off(session, self.run, [message_id], until, rule, text)
            for message_id, rule, text in item.suppressed:
                outbox.suppress(session, self.run, [message_id], now, rule, text)
        return [None] * len(items)

    def _alarm(self, session: Session, alarms: Sequence[Alarm]) -> list[None]:
        """What is stored is not what was approved: the batch is paused, and people are told."""
        for alarm in alarms:
            if alarm.message_id is not None:
                outbox.give_back(session, self.run, [alarm.message_id])
            raise_alarm(session, self._secret, alarm, self._clock.now())
        return [None] * len(alarms)

    # Lines

    def _show(self, session: Session, items: Sequence[LineShow]) -> list[None]:
        for item in items:
            outbox_lines.show_line(session, item.line_id, self.run, item.values)
        return [None] * len(items)

    def _line_event(self, session: Session, items: Sequence[LineEvent]) -> list[None]:
        for item in items:
            self._write_down(session, item.line_id, item.action, item.detail)
        return [None] * len(items)

    def _move_line(self, session: Session, moves: Sequence[Move]) -> list[bool]:
        moved = [outbox_lines.move_line(session, move.line_id, move.old, move.new) for move in moves]
        for move, done in zip(moves, moved, strict=True):
            if done:
                self._write_down(session, move.line_id, "line.moved", {"before": move.old, "after": move.new})
        return moved

    def _change_places(self, session: Session, found: Sequence[Found]) -> list[bool]:
        changed = []
        for each in found:
            other = outbox_lines.change_places(session, each.line_id, each.address, each.imei)
            changed.append(other is not None)
            if other not in (None, each.line_id):
                for line_id in (each.line_id, other):
                    self._write_down(session, line_id, "line.moved", {"exchanged": [each.line_id, other]})
        return changed

    def _write_down(self, session: Session, line_id: int, action: str, detail: Mapping[str, object]) -> None:
        audit.append(
            session,
            at=self._clock.now(),
            actor_id=None,
            actor="system",
            action=action,
            subject=f"line:{line_id}",
            detail=detail,
        )

    def _hold_line(self, session: Session, line_ids: Sequence[int]) -> list[bool]:
        now = self._clock.now()
        return [outbox_lines.acquire_line(session, line, self.run, now, now + self.lease) for line in line_ids]

    def _let_line_go(self, session: Session, line_ids: Sequence[int]) -> list[None]:
        for line in line_ids:
            outbox_lines.release_line(session, line, self.run)
        return [None] * len(line_ids)

    def _beat(self, session: Session, items: Sequence[None]) -> list[outbox_lines.Pulse]:
        now = self._clock.now()
        return [outbox_lines.beat(session, self.run, now, now + self.lease)] * len(items)

    # Questions

    def _clear(self, session: Session, asks: Sequence[SendingAsk]) -> list[Clearance]:
        now = self._clock.now()
        first = [ask.message for ask in asks if ask.sequence == 1]  # what has begun to leave is finished
        refusals: dict[int, Barred | OutOfHours | Hindrance] = {}
        for message in first:
            if (opening := self.opening(message, now)) is not None:
                text = explain("hours").text.dump()
                outbox.put_off(session, self.run, [message.message_id], opening, "hours", text)
                refusals[message.message_id] = OutOfHours(until=opening)
            elif (plan := self.releases.known(message.batch_id)) is not None and not plan.open_at(now):
                outbox.give_back(session, self.run, [message.message_id])
                refusals[message.message_id] = Hindrance.EARLY
        for message_id, verdict in (barred(session, first, self.policy, now) if first else {}).items():
            text = verdict.reason.dump() if verdict.reason else ""
            outbox.suppress(session, self.run, [message_id], now, verdict.rule, text)
            refusals.setdefault(message_id, Barred(rule=verdict.rule))
        allowed = [ask for ask in asks if ask.message.message_id not in refusals]
        answers = iter(
            outbox_sending.mark_sending(session, allowed, now, self.fits, self.seals.fits, self.seals.implausible)
            if allowed
            else []
        )
        return [refusals.get(ask.message.message_id) or next(answers) for ask in asks]

    def _free_forgotten(self, session: Session, groups: Sequence[Collection[int]]) -> list[int]:
        return [outbox_recovery.free_forgotten(session, self.run, held) for held in groups]

    def _claim(self, session: Session, asks: Sequence[ClaimAsk]) -> list[list[Claimed]]:
        now, self._turn = self._clock.now(), self._turn + 1
        claimed = outbox.claim(session, asks, now, self.releases.at(session, self.policy, now), self._turn)
        unsound = self.seals.unsound(session, {message.batch_id for each in claimed for message in each})
        return self._without(session, claimed, unsound) if unsound else claimed

    def _without(
        self, session: Session, claimed: Sequence[Sequence[Claimed]], unsound: Mapping[int, DiscrepancyKind]
    ) -> list[list[Claimed]]:
        back = [message.message_id for each in claimed for message in each if message.batch_id in unsound]
        outbox.give_back(session, self.run, back)
        for batch_id, kind in unsound.items():
            log.error("batch %d is not what was approved and is paused", batch_id)
            raise_alarm(session, self._secret, Alarm(kind=kind, batch_id=batch_id), self._clock.now())
        return [[message for message in each if message.batch_id not in unsound] for each in claimed]

    # Rules

    def fits(self, row: Claimed) -> bool:
        return digest_fits(self._secret, row.digest, row.batch_id, row.recipient, row.phone, row.body)

    def opening(self, message: Claimed, now: datetime) -> datetime | None:
        """When the contact hours of its class begin; None when they hold now. Tests leave at any hour."""
        class_ = CLASSES.get(message.class_key)
        contact = self.policy.hours_of(class_) if class_ is not None and message.kind is not BatchKind.TEST else None
        if contact is None:
            return None
        opens = contact.hours.opening(now, self.policy.zone, self.policy.calendar)
        return opens if opens > now else None
