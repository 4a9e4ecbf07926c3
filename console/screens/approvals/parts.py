"""The cards that a checker reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.core.campaigns.approvals import ApprovalDetail, Difference
from console.core.campaigns.holdout import in_words
from console.core.campaigns.messages import RuleNumber
from console.core.campaigns.schedule_words import how_words, starts_words
from console.core.campaigns.second import Second
from console.core.compliance.sources import source_words
from console.core.format import count, duration, local_date, local_datetime, money, share
from console.core.i18n import ntr, sentences, tr
from console.core.messages.findings import Finding, placed
from console.core.sending.stops import told
from console.shell.flow import FlowLayout
from console.shell.widgets import Card, KeyValues, StateShape, clear, column, label, link_button, row


class Figures(QWidget):
    """Number of people, parts, who is left out, when it is done: the size of what is signed."""

    def __init__(self) -> None:
        super().__init__()
        self._row = FlowLayout(32, 8)
        self.setLayout(self._row)

    def show_figures(self, found: ApprovalDetail) -> None:
        clear(self._row)
        figures = [
            (count(found.messages), tr("messages")),
            (count(found.parts), tr("parts to pay for")),
            (count(found.excluded), tr("left out")),
        ]
        if found.cost is not None:
            figures.insert(2, (money(found.cost), tr("yuan")))
        if found.finish_at is not None and found.starts_at is not None:
            takes = duration(found.finish_at - found.starts_at)
            figures.append((takes, tr("until {time}", time=local_datetime(found.finish_at))))
        for number, words in figures:
            figure = QWidget()
            figure.setLayout(column(label(number, "figure"), label(words, "quiet"), spacing=0))
            self._row.addWidget(figure)


class ChangesCard(Card):
    """Against the last campaign that was approved with the same template."""

    compare_wanted = Signal(int)  # the campaign before it

    def __init__(self) -> None:
        super().__init__(tr("Since the last approved one"))
        self._pairs = KeyValues()
        self._before: int | None = None
        self.compare = link_button(tr("Compare them side by side"), self._compare)
        self.add(self._pairs, row(self.compare, None))
        self.hide()

    def show_difference(self, found: Difference | None, now: ApprovalDetail) -> None:
        self.setVisible(found is not None)
        self._before = found.campaign_id if found is not None else None
        if found is None:
            return
        pairs: list[tuple[str, str | QWidget]] = [
            (tr("Last one"), tr("{name}, {date}", name=found.name, date=local_date(found.opened_at))),
            (tr("Text"), tr("the same") if found.same_wording else tr("another version of the template")),
            (tr("Messages"), tr("{before} → {now}", before=count(found.messages), now=count(now.messages))),
            (tr("Parts"), tr("{before} → {now}", before=count(found.parts), now=count(now.parts))),
        ]
        if found.added is not None and found.dropped is not None:
            words = tr("{added} new, {dropped} gone", added=count(found.added), dropped=count(found.dropped))
            pairs.append((tr("Recipients"), words))
        self._pairs.set_pairs(pairs)

    def _compare(self) -> None:
        if self._before is not None:
            self.compare_wanted.emit(self._before)


class FindingsCard(Card):
    """What the content checks say of the text, and what will not work out."""

    def __init__(self) -> None:
        super().__init__(tr("To be looked at"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self.add(self._rows)
        self.hide()

    def show_findings(self, findings: Sequence[Finding], found: ApprovalDetail) -> None:
        clear(self._rows)
        notes = [("second_approver", _second(each)) for each in found.second]
        said = {str(each.why) for each in found.second}
        others = [finding for finding in findings if str(finding.why) not in said]
        notes += [(finding.level.value, sentences(placed(finding), finding.mend)) for finding in others]
        if found.campaign.stop is not None:
            waits = tr("It may be approved; its messages wait until the stop is lifted.")
            notes.insert(0, ("stopped", sentences(told(found.campaign.stop), waits)))
        for state, words in notes:
            shape = StateShape(state)
            line = row(shape, label(words, wrap=True))
            line.setAlignment(shape, Qt.AlignmentFlag.AlignTop)
            line.setStretch(1, 1)
            self._rows.addLayout(line)
        self.setVisible(bool(notes))


def _second(found: Second) -> str:
    number = ntr("It stands in {n} message; two people approve.", "It stands in {n} messages; two people approve.",
                 found.messages)  # fmt: skip
    return sentences(found.why, number, tr("Source: {place}", place=source_words(found.source)))


class LeftOutCard(Card):
    """Who is left out, by rule; each number opens the people behind it."""

    rule_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Left out, and why"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.add(self._rows)
        self.hide()

    def show_rules(self, rules: Sequence[RuleNumber], audience: int) -> None:
        clear(self._rows)
        self.setVisible(bool(rules))
        before: QWidget = self  # Tab comes to the numbers here, not after what was made earlier
        for found in rules:
            number = link_button(count(found.count), partial(self.rule_wanted.emit, found.rule))
            number.setAccessibleName(f"{found.title}: {found.count}")
            self.setTabOrder(before, number)
            before = number
            portion = label(share(found.count, audience), "small")
            self._rows.addLayout(row(StateShape("suppressed"), label(str(found.title)), number, portion, None))


class AboutCard(Card):
    def __init__(self) -> None:
        super().__init__(tr("What is signed"))
        self._pairs = KeyValues()
        self.add(self._pairs)

    def show_about(self, found: ApprovalDetail) -> None:
        told = found.campaign
        template = tr("{template}, version {number}", template=told.template, number=told.template_number or 0)
        starts = starts_words(told.schedule, told.not_before)
        pairs: list[tuple[str, str | QWidget]] = [
            (tr("Template"), template),
            *([(tr("Text"), told.body)] if not told.texts else []),
            *((each.title, "\n".join((each.told, each.body))) for each in told.texts),
            (tr("Audience"), str(told.audience)),
            (tr("Starts"), starts),
            (tr("Ends at the latest"), local_datetime(told.expires_at)),
            (tr("Pace and priority"), how_words(told.schedule) or tr("As fast as the lines go, normal priority")),
            (tr("Line"), told.line or tr("Any line")),
            (tr("Held out"), str(in_words(told.hold_out))),
            (
                tr("Submitted by"),
                tr("{name}, {time}", name=found.submitted_by, time=local_datetime(found.submitted_at)),
            ),
            (tr("Digest"), found.digest[:16] + "…"),
        ]
        self._pairs.set_pairs(pairs)
