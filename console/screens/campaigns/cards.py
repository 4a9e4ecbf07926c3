"""The cards of a campaign's overview. Each takes frozen records and keeps its widgets where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.core.campaigns.browse import CampaignDetail
from console.core.campaigns.holdout import in_words
from console.core.campaigns.messages import RuleNumber
from console.core.campaigns.progress import Failure, Progress
from console.core.campaigns.schedule_words import how_words, starts_words
from console.core.campaigns.timeline import Event
from console.core.campaigns.views import OUTCOME_TITLES, Outcome, Standing
from console.core.format import count, local_datetime, local_time
from console.core.i18n import sentences, tr
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.gauges import ProgressLine
from console.shell.widgets import Card, KeyValues, StateShape, clear, column, label, link_button, row


class ProgressCard(Card):
    """How far, how fast, when done; and one number for each outcome, which opens the messages behind it."""

    outcome_wanted = Signal(object)  # Outcome

    def __init__(self) -> None:
        super().__init__(tr("Progress"))
        self.line = ProgressLine()
        self.words = label("", "quiet", wrap=True)
        self.holdup = label("", "quiet", wrap=True)
        self.holdup.setAccessibleName(tr("Why nothing leaves now"))
        self._waits = row(StateShape("waiting"), self.holdup)
        self._waits.setStretch(1, 1)
        self._holding = QWidget()
        self._holding.setLayout(self._waits)
        self._holding.hide()
        self.alarm = label(tr("The numbers do not add up. Tell your administrator."), "error", wrap=True)
        self.alarm.hide()
        self._numbers = {outcome: link_button("0", self._opener(outcome)) for outcome in Outcome}
        cells = FlowLayout(16, 4)
        for outcome in Outcome:
            cells.addWidget(self._cell(outcome))
        self.add(self.line, self.words, self._holding, cells, self.alarm)

    def _cell(self, outcome: Outcome) -> QWidget:
        cell = QWidget()
        inside = row(StateShape(outcome.value), label(str(OUTCOME_TITLES[outcome])), self._numbers[outcome])
        inside.setStretch(1, 1)
        cell.setLayout(inside)
        cell.setFixedWidth(theme.current().px(190))
        return cell

    def show_progress(self, found: Progress) -> None:
        whole = tr("{done} of {total}", done=count(found.done), total=count(found.total))
        self.line.set_progress(found.done, found.total, whole)
        self.line.updateGeometry()
        self.words.setText(_speed(found))
        self.words.setVisible(bool(self.words.text()))
        self.holdup.setText(_holdup(found))
        self._holding.setVisible(bool(self.holdup.text()))
        for outcome, button in self._numbers.items():
            number = found.counts[outcome]
            button.setText(count(number))
            button.setEnabled(number > 0)
            button.setAccessibleName(f"{OUTCOME_TITLES[outcome]}: {number}")
        self.alarm.setVisible(not found.adds_up)

    def _opener(self, outcome: Outcome) -> Callable[[], None]:
        return lambda: self.outcome_wanted.emit(outcome)


def _speed(found: Progress) -> str:
    parts = [tr("{parts} parts", parts=count(found.parts))]
    if found.standing is Standing.SENDING and found.per_minute:
        parts.append(tr("{rate} a minute", rate=f"{found.per_minute:,.0f}"))
    if found.finish_at is not None:
        parts.append(tr("done at about {time}", time=_near(found.finish_at, found.at)))
    return " · ".join(parts)


def _holdup(found: Progress) -> str:
    """Why nothing leaves now, or that not everything will."""
    held = found.holdup
    words = []
    if held is not None:
        following = tr("Next at {time}.", time=_near(held.until, found.at)) if held.until is not None else ""
        words = [held.reason, held.advice, following]
    if found.left_over and (held is None or held.rule != "line.none"):
        words.append(
            tr("About {left} of them will not have left when it ends.", left=count(found.left_over)),
        )
    return sentences(*words)


def _near(moment: datetime, now: datetime) -> str:
    same_day = moment.astimezone().date() == now.astimezone().date()
    return local_time(moment) if same_day else local_datetime(moment)


class FailuresCard(Card):
    """What went wrong, by cause, with what to do about it."""

    again_wanted = Signal(str)  # a new campaign for those with this cause

    def __init__(self, *, may_edit: bool) -> None:
        super().__init__(tr("Failures and what to do"))
        self._may_edit = may_edit
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.add(self._rows)
        self._shown: Sequence[Failure] | None = None
        self.hide()

    def show_failures(self, failures: Sequence[Failure]) -> None:
        self.setVisible(bool(failures))
        if failures == self._shown:
            return
        self._shown = failures
        clear(self._rows)
        for failure in failures:
            head = row(
                StateShape(failure.outcome.value), label(str(failure.text), wrap=True), label(count(failure.count))
            )
            head.setStretch(1, 1)
            words = " · ".join(filter(None, (str(failure.group), str(failure.advice))))
            line = column(head, label(words, "small", wrap=True), spacing=2)
            if failure.again and self._may_edit:
                again = link_button(tr("New campaign for these"), partial(self.again_wanted.emit, failure.code))
                again.setAccessibleName(tr("New campaign for these: {cause}", cause=str(failure.text)))
                line.addLayout(row(again, None))
            self._rows.addLayout(line)


class LeftOutCard(Card):
    """Who was left out before approval, counted by rule; each number opens the list behind it."""

    rule_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Left out before approval"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.add(self._rows)
        self._shown: Sequence[RuleNumber] | None = None
        self.hide()

    def show_rules(self, rules: Sequence[RuleNumber]) -> None:
        self.setVisible(bool(rules))
        if rules == self._shown:
            return
        self._shown = rules
        clear(self._rows)
        for found in rules:
            number = link_button(count(found.count), partial(self.rule_wanted.emit, found.rule))
            number.setAccessibleName(f"{found.title}: {found.count}")
            line = row(StateShape("suppressed"), label(str(found.title), wrap=True), number)
            line.setStretch(1, 1)
            self._rows.addLayout(line)


class FactsCard(Card):
    def __init__(self) -> None:
        super().__init__(tr("About this campaign"))
        self._facts = KeyValues()
        self.add(self._facts)

    def show_facts(self, detail: CampaignDetail) -> None:
        pairs: list[tuple[str, str | QWidget]] = [
            (tr("Audience"), str(detail.audience)),
            (tr("Starts"), starts_words(detail.schedule, detail.not_before)),
        ]
        if detail.expires_at:
            pairs.append((tr("Ends at the latest"), local_datetime(detail.expires_at)))
        if how := how_words(detail.schedule):
            pairs.append((tr("Pace and priority"), how))
        pairs.append((tr("Line"), detail.line or tr("Any line")))
        if detail.hold_out:
            pairs.append((tr("Held out"), str(in_words(detail.hold_out))))
        pairs.append((tr("Made by"), tr("{name}, {time}", name=detail.maker, time=local_datetime(detail.created_at))))
        if detail.approver:
            approved = tr("{name}, {time}", name=detail.approver, time=local_datetime(detail.opened_at))
            pairs.append((tr("Approved by"), approved))
        if detail.body:
            pairs.append((tr("Text"), detail.body))
        pairs += [(each.title, each.told) for each in detail.texts]
        if not detail.texts:
            pairs += [(tr("Text “{name}”", name=each.name), each.body) for each in detail.variants]
        if detail.digest and detail.batch_id is not None:
            pairs.append((tr("Digest"), detail.digest[:16] + "…"))
        self._facts.set_pairs(pairs)


class StoryCard(Card):
    """What happened, newest first."""

    def __init__(self) -> None:
        super().__init__(tr("Time line"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self.add(self._rows)
        self._shown: Sequence[Event] | None = None

    def show_events(self, events: Sequence[Event]) -> None:
        if events == self._shown:
            return
        self._shown = events
        clear(self._rows)
        for event in events:
            who = event.actor or tr("the program")
            words = label(str(event.title), wrap=True)
            line = row(label(local_datetime(event.at), "small"), words, label(who, "quiet"), spacing=12)
            line.setStretch(1, 1)
            self._rows.addLayout(line)
            if event.comment:
                self._rows.addWidget(label(tr("“{comment}”", comment=event.comment), "small", wrap=True))
