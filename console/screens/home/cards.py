"""The cards of the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from console.core.campaigns.browse import CampaignRow
from console.core.campaigns.views import BADGES, Outcome
from console.core.format import count, when
from console.core.home import Day, Hour, ToApprove
from console.core.i18n import ntr, sentences, tr
from console.core.lines.browse import LineCard
from console.core.lines.diagnosis import Level
from console.core.sending.stops import said
from console.shell import theme
from console.shell.charts import BarChart, Legend, Series
from console.shell.gauges import ProgressLine, SignalBars
from console.shell.rows import KeyedRows
from console.shell.widgets import Card, ElidedLabel, StateShape, column, label, link_button, row


def _even(card: Card) -> None:
    """Its title stands as high as that of the card beside it, which has a link."""
    card.head.addStrut(theme.current().px(22))


class Figure(QWidget):
    """A large number with its name under it."""

    def __init__(self, name: str, tone: str = "") -> None:
        super().__init__()
        self._name = name
        self.number = label("–", "figure")
        caption = row(spacing=6)
        if tone:
            caption.addWidget(StateShape(tone, theme.current().px(10)))
        caption.addWidget(label(name, "quiet"))
        caption.addStretch(1)
        self.setLayout(column(self.number, caption, spacing=0))

    def set_number(self, number: int) -> None:
        self.number.setText(count(number))
        self.setAccessibleName(f"{self._name}: {count(number)}")


class TodayCard(Card):
    """Sent, delivered and failed, hour by hour."""

    def __init__(self) -> None:
        super().__init__(tr("Today"), spacing=12)
        self.sent = Figure(tr("Sent"))
        self.delivered = Figure(tr("Delivered"), "delivered")
        self.failed = Figure(tr("Failed"), "failed")
        self.queued = Figure(tr("In the queue"), "waiting")
        figures = row(self.sent, self.delivered, self.failed, self.queued, spacing=16)
        for place in range(4):
            figures.setStretch(place, 1)
        self.chart = BarChart(tr("Messages by hour"), each=3)
        self.head.addWidget(Legend(self._series([])))
        _even(self)
        self.add(figures, self.chart)
        self.body.setStretchFactor(self.chart, 1)

    @staticmethod
    def _series(hours: Sequence[Hour]) -> list[Series]:
        return [
            Series(tr("Delivered"), "good", [hour.delivered for hour in hours]),
            Series(tr("Awaiting receipt"), "busy", [hour.open for hour in hours], "hollow"),
            Series(tr("Failed"), "bad", [hour.failed for hour in hours], "striped"),
        ]

    def show_day(self, day: Day) -> None:
        self.sent.set_number(day.status.accepted_today)
        self.delivered.set_number(day.status.delivered_today)
        self.failed.set_number(day.status.failed_today)
        self.queued.set_number(day.status.queued)
        self.chart.set_data([f"{hour.hour:02}:00" for hour in day.hours], self._series(day.hours))


class _Row(QWidget):
    """Shape, title that opens something, and quiet words."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.shape = StateShape("waiting", theme.current().px(11))
        self.title: QPushButton = link_button("", self.opened.emit)
        self.words = ElidedLabel("", "small")
        under = row(theme.current().px(11) + 12, self.words, spacing=0)
        head = row(self.shape, self.title, None, spacing=8)
        self.setLayout(column(head, under, spacing=0, margins=(0, 4, 0, 4)))

    def fill(self, state: str, title: str, words: str) -> None:
        self.shape.set_state(state)
        self.title.setText(title)
        self.title.setAccessibleName(f"{title}. {words}")
        self.words.setText(words)


class WaitingCard(Card):
    """What needs me."""

    approval_opened = Signal(int)
    campaign_opened = Signal(int)
    unknown_opened = Signal()
    lines_opened = Signal()
    campaigns_opened = Signal()
    series_opened = Signal()
    odd_opened = Signal()
    rules_opened = Signal()
    reviews_opened = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Waits for you"), spacing=2)
        self.checked = link_button(tr("Check the records"), self.odd_opened.emit)
        self.head.addWidget(self.checked)
        self._now: datetime | None = None
        self.problems = KeyedRows[tuple[str, str, str, str], _Row](lambda it: it[0], self._problem, self._show_problem)
        self.approvals = KeyedRows[ToApprove, _Row](lambda it: it.campaign_id, self._approval, self._show_approval)
        self.returned = KeyedRows[CampaignRow, _Row](lambda it: it.id, self._campaign, self._show_returned)
        self.nothing = label(tr("Nothing waits for you."), "quiet")
        self.add(self.problems, self.approvals, self.returned, self.nothing)
        self.body.addStretch(1)

    def show_day(self, day: Day) -> None:
        self._now = day.at
        if day.reconciled is not None:
            self.checked.setText(tr("Records checked: {when}", when=when(day.reconciled.at, day.at)))
        problems = _problems(day)
        self.problems.set_records(problems)
        self.approvals.set_records(day.to_approve)
        self.returned.set_records(day.returned)
        self.nothing.setVisible(not (problems or day.to_approve or day.returned))

    def _problem(self, problem: tuple[str, str, str, str]) -> _Row:
        made = _Row()
        kind = problem[0].split()[0]
        opens = {
            "unknown": self.unknown_opened,
            "stop": self.campaigns_opened,
            "odd": self.odd_opened,
            "series": self.series_opened,
            "rules": self.rules_opened,
            "reviews": self.reviews_opened,
        }
        made.opened.connect(opens.get(kind, self.lines_opened))
        return made

    def _show_problem(self, made: _Row, problem: tuple[str, str, str, str]) -> None:
        made.fill(*problem[1:])

    def _approval(self, waiting: ToApprove) -> _Row:
        made = _Row()
        made.opened.connect(lambda id_=waiting.campaign_id: self.approval_opened.emit(id_))
        return made

    def _show_approval(self, made: _Row, waiting: ToApprove) -> None:
        people = ntr("{n} message", "{n} messages", waiting.messages)
        since = when(waiting.since, self._now) if self._now is not None else ""
        words = tr("To approve: {people}, made by {maker}, {since}", people=people, maker=waiting.maker, since=since)
        made.fill("pending", waiting.name, words)

    def _campaign(self, campaign: CampaignRow) -> _Row:
        made = _Row()
        made.opened.connect(lambda id_=campaign.id: self.campaign_opened.emit(id_))
        return made

    def _show_returned(self, made: _Row, campaign: CampaignRow) -> None:
        made.fill("returned", campaign.name, tr("Returned to you with a comment"))


def _problems(day: Day) -> list[tuple[str, str, str, str]]:
    """(key, state, title, words) of what a person has to look at."""
    status, lines = day.status, day.lines
    found = []
    if day.status.discrepancies:
        title = ntr("{n} thing does not add up", "{n} things do not add up", day.status.discrepancies)
        found.append(("odd", "failed", title, tr("Something was changed past the program: look at it today.")))
    for stop in status.stops:
        if stop.class_key:
            found.append((f"stop {stop.class_key}", "stopped", tr("{kind} is stopped", kind=stop.title), said(stop)))
    if status.unknown:
        title = ntr("{n} outcome is not known", "{n} outcomes are not known", status.unknown)
        found.append(("unknown", "unknown", title, tr("Decide: has it arrived, shall it go again, or be dropped?")))
    for place, (name, why) in enumerate(day.series):
        found.append((f"series {place}", "paused", tr("{name} does not repeat any more", name=name), str(why)))
    for line in lines:
        if line.diagnosis.level in (Level.STOPPED, Level.FAULT):
            state = "stopped" if line.diagnosis.level is Level.STOPPED else "fault"
            words = sentences(line.diagnosis.text, line.diagnosis.advice)
            found.append((f"line{line.id}", state, tr("Line {name} cannot send", name=line.name), words))
    if day.rules:
        title = tr("A draft of the rules")
        found.append(("rules", "pending", title, tr("It counts once you or another supervisor approve it.")))
    if day.reviews:
        title = ntr("{n} template to review", "{n} templates to review", day.reviews)
        found.append(("reviews", "pending", title, tr("Campaigns use it once a supervisor has approved it.")))
    return found


class LineRow(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.shape = StateShape("off", theme.current().px(11))
        self.name = ElidedLabel("")
        self.signal = SignalBars()
        self.words = ElidedLabel("", "small")
        head = row(self.shape, self.name, self.signal, spacing=8)
        head.setStretch(1, 1)
        under = row(theme.current().px(11) + 8, self.words, spacing=0)
        self.setLayout(column(head, under, spacing=2, margins=(0, 4, 0, 4)))

    def fill(self, card: LineCard) -> None:
        level = card.diagnosis.level
        self.shape.set_state("warn" if level is Level.WARN else level.value)
        self.name.setText(" · ".join(filter(None, (card.name, card.health.operator))))
        self.signal.set_signal(card.health.bars, card.health.signal_dbm)
        self.words.setText(str(card.diagnosis.text))
        self.setAccessibleName(f"{card.name}: {card.diagnosis.text} {self.signal.accessibleName()}")


class LinesCard(Card):
    opened = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Lines"), spacing=2)
        self.head.addWidget(link_button(tr("All lines"), self.opened.emit))
        self.rows = KeyedRows[LineCard, LineRow](lambda card: card.id, lambda _card: LineRow(), LineRow.fill)
        self.none = label(tr("No line is attached yet."), "quiet")
        self.add(self.rows, self.none)
        self.body.addStretch(1)

    def show_lines(self, cards: Sequence[LineCard]) -> None:
        self.rows.set_records(cards)
        self.none.setVisible(not cards)


class CampaignLine(QWidget):
    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.shape = StateShape("sending", theme.current().px(11))
        self.title = link_button("", self.opened.emit)
        self.figures = label("", "small")
        self.bar = ProgressLine()
        head = row(self.shape, self.title, None, self.figures, spacing=8)
        self.setLayout(column(head, self.bar, spacing=4, margins=(0, 4, 0, 8)))

    def fill(self, campaign: CampaignRow) -> None:
        self.shape.set_state(BADGES[campaign.standing])
        self.title.setText(campaign.name)
        failed = campaign.counts[Outcome.FAILED]
        words = tr("{done} of {total}", done=count(campaign.done), total=count(campaign.total))
        if failed:
            words = tr("{progress}, {failed} failed", progress=words, failed=count(failed))
        self.figures.setText(words)
        self.bar.set_progress(campaign.done, campaign.total)
        self.bar.setAccessibleName(words)
        self.title.setAccessibleName(f"{campaign.name}. {words}")


class RunningCard(Card):
    opened = Signal(int)

    def __init__(self) -> None:
        super().__init__(tr("On their way"), spacing=2)
        _even(self)
        self.rows = KeyedRows[CampaignRow, CampaignLine](lambda it: it.id, self._make, CampaignLine.fill)
        self.none = label(tr("No campaign is being sent."), "quiet")
        self.add(self.rows, self.none)
        self.body.addStretch(1)

    def _make(self, campaign: CampaignRow) -> CampaignLine:
        made = CampaignLine()
        made.opened.connect(lambda id_=campaign.id: self.opened.emit(id_))
        return made

    def show_campaigns(self, campaigns: Sequence[CampaignRow]) -> None:
        self.rows.set_records(campaigns)
        self.none.setVisible(not campaigns)


class Headline(QWidget):
    """Is everything all right? One sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.shape = StateShape("good", theme.current().px(14))
        self.words = label("", "heading")
        self.setLayout(row(self.shape, self.words, None, spacing=10))

    def show_day(self, day: Day) -> None:
        state, words = _headline(day)
        self.shape.set_state(state)
        self.words.setText(words)
        self.setAccessibleName(words)


def _headline(day: Day) -> tuple[str, str]:
    status = day.status
    waits = len(_problems(day)) + len(day.to_approve) + len(day.returned)
    if status.stopped:
        return "stopped", tr("All sending is stopped.")
    if day.status.discrepancies:
        return "failed", tr("The records do not add up.")
    if waits:
        return "warn", ntr("{n} thing waits for you.", "{n} things wait for you.", waits)
    if not status.lines_total:
        return "info", tr("Attach a line, and sending can begin.")
    if not status.dispatcher_alive:
        return "info", tr("Everything is in order. Sending is not running at the moment.")
    if status.queued:
        return "good", tr("Everything is in order; messages are on their way.")
    return "good", tr("Everything is in order.")
