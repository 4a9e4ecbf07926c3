"""Section 4: the pre-flight. Who gets it, who does not and why, how it reads, and a test to one number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from console.core.campaigns.preflight import Preflight, RuleCount, Sample, VariantCount
from console.core.campaigns.results import text_title
from console.core.format import count, duration, local_datetime, masked_phone, money, share, yuan
from console.core.i18n import ntr, sentences, tr
from console.core.messages.cost import cost
from console.core.messages.findings import Finding, placed
from console.screens.campaigns.people import PeopleDialog
from console.screens.campaigns.sections import Section
from console.shell import theme
from console.shell.flow import FlowLayout
from console.shell.services import Services
from console.shell.tabbing import tab_in_order
from console.shell.widgets import (
    StateShape,
    clear,
    column,
    label,
    link_button,
    quiet_button,
    row,
)

SHOWN_AT_FIRST = 3


class CheckSection(Section):
    check_wanted = Signal()
    trial_wanted = Signal(str, int)  # phone number, and which text: a variant's number, 0 for the main one

    def __init__(self, services: Services) -> None:
        super().__init__(4, tr("Check"))
        self._services = services
        self.result: Preflight | None = None
        self._settings = services.ctx.settings
        self.button = quiet_button(tr("Check now"), self.check_wanted.emit, "list-checks")
        self.hint = label("", "quiet", wrap=True)
        self.stale = label(tr("Something was changed since this check."), "error")
        self.stale.hide()
        top = row(self.button, self.hint, None)
        top.setStretch(1, 1)
        self._figures = FlowLayout(32, 8)
        self._findings = QVBoxLayout()
        self._rules = QVBoxLayout()
        self._samples = QVBoxLayout()
        for layout in (self._findings, self._rules, self._samples):
            layout.setSpacing(6)
        self._found = QWidget()
        self._found.setLayout(column(self.stale, self._figures, self._findings, self._rules, self._samples, spacing=12))
        self._found.hide()
        self.phone = QLineEdit(services.ctx.settings.text("bank.test_phone"))
        self.phone.setPlaceholderText(tr("A mobile number of the office"))
        self.phone.setAccessibleName(tr("Number for the test message"))
        self.phone.setFixedWidth(theme.current().px(240))
        self.trial = quiet_button(tr("Send a test message"), self._trial, "smartphone")
        self.phone.returnPressed.connect(self._trial)
        self.text = QComboBox()
        self.text.setAccessibleName(tr("Text of the test message"))
        self.text.setToolTip(tr("Text of the test message"))
        self.text.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.text.setMaximumWidth(theme.current().px(260))
        self._variants: tuple[str, ...] = ()
        self.offer_texts(())
        self.trial_state = label("", "quiet", wrap=True)
        self.trial_state.hide()
        self.add(top, self._found, row(self.phone, self.text, self.trial, None), self.trial_state)

    def say(self, text: str) -> None:
        """Why there is nothing to check yet, or what is going on."""
        self.hint.setText(text)

    def say_of_trial(self, text: str) -> None:
        self.trial_state.setText(text)
        self.trial_state.setVisible(bool(text))

    def offer_texts(self, variants: Sequence[str]) -> None:
        """Their names, in the order of their numbers; where there are none there is nothing to choose."""
        if not self.text.count() or self._variants != tuple(variants):
            self._variants = tuple(variants)
            self.text.clear()
            self.text.addItems(list(map(text_title, ("", *variants))))
            self.text.setVisible(bool(variants))

    def _trial(self) -> None:
        self.trial_wanted.emit(self.phone.text(), self.text.currentIndex())

    def set_stale(self, stale: bool) -> None:
        self.stale.setVisible(stale and self.result is not None)

    def show_result(self, found: Preflight) -> None:
        self.result = found
        self._found.show()
        self.stale.hide()
        self._show_figures(found)
        self._show_findings(found.findings)
        self._show_rules(found.excluded)
        self._show_samples(found)
        tab_in_order(self.body)

    def _show_figures(self, found: Preflight) -> None:
        clear(self._figures)
        figures = [
            (count(found.gets), tr("get it")),
            (count(found.left_out), tr("do not")),
            (count(found.parts), tr("parts to pay for")),
        ]
        price = cost(self._settings, found.parts)
        if price is not None:
            figures.append((money(price), tr("yuan")))
        if found.finish_at is not None:
            takes = duration(found.finish_at - found.starts_at)
            figures.append((takes, tr("until {time}", time=local_datetime(found.finish_at))))
        for number, words in figures:
            figure = QWidget()
            figure.setLayout(column(label(number, "figure"), label(words, "quiet"), spacing=0))
            self._figures.addWidget(figure)

    def _show_findings(self, findings: Sequence[Finding]) -> None:
        clear(self._findings)
        found = self.result
        if found is None:
            return
        said = {str(each.why) for each in found.second}
        for each in found.second:
            number = ntr("It stands in {n} message; two people approve.",
                         "It stands in {n} messages; two people approve.", each.messages)  # fmt: skip
            self._note("second_approver", sentences(each.why, number))
        for finding in findings:
            if str(finding.why) not in said:
                self._note(finding.level.value, sentences(placed(finding), finding.mend))
        for finding in found.obstacles:
            self._note(finding.level.value, sentences(finding.why, finding.mend))
        if found.later:
            words = ntr(
                "{n} of them will wait for permitted hours or for a limit per person.",
                "{n} of them will wait for permitted hours or for a limit per person.",
                found.later,
            )
            self._note("info", words)
        if not found.gets:
            self._note("block", tr("Nobody would get this message."))

    def _note(self, state: str, words: str) -> None:
        line = row(StateShape(state), label(words, wrap=True))
        line.setStretch(1, 1)
        self._findings.addLayout(line)

    def _show_rules(self, rules: Sequence[RuleCount]) -> None:
        clear(self._rules)
        if not rules or self.result is None:
            return
        self._rules.addWidget(label(tr("Who does not get it, and why"), "heading"))
        for found in rules:
            number = link_button(count(found.count), partial(self._open, found))
            number.setAccessibleName(f"{found.title}: {found.count}")
            portion = label(share(found.count, self.result.audience), "small")
            line = row(StateShape("suppressed"), label(str(found.title)), number, portion, None)
            self._rules.addLayout(line)

    def _open(self, rule: RuleCount) -> None:
        PeopleDialog(self, self._services, str(rule.title), rule.listed, rule.count).open()

    def _show_samples(self, found: Preflight) -> None:
        clear(self._samples)
        if not found.samples:
            return
        for each in found.variants:
            self._show_text(each)
        self._samples.addWidget(label(tr("The longest message"), "heading"))
        for sample in found.longest[:1]:
            self._samples.addWidget(_Sample(sample))
        self._samples.addSpacing(8)
        self._samples.addWidget(label(tr("By chance"), "heading"))
        for sample in found.samples[:SHOWN_AT_FIRST]:
            self._samples.addWidget(_Sample(sample))
        self._offer_more(self._samples, (*found.samples[SHOWN_AT_FIRST:], *found.longest[1:]))

    def _show_text(self, found: VariantCount) -> None:
        """One of the template's texts: who gets it, what it costs, its longest message; the others on request."""
        title = text_title(found.name)
        figures = [
            ntr("{n} person", "{n} people", found.gets),
            ntr("{n} part", "{n} parts", found.parts),
        ]
        price = cost(self._settings, found.parts)
        if price is not None and found.parts:
            figures.append(yuan(price))
        box = column(label(title, "heading"), label(" · ".join(figures), "quiet"), spacing=2)
        if found.longest is not None:
            box.addWidget(_Sample(found.longest))
            self._offer_more(box, [each for each in found.samples if each != found.longest])
        self._samples.addLayout(box)
        self._samples.addSpacing(8)

    def _offer_more(self, box: QVBoxLayout, samples: Sequence[Sample]) -> None:
        if samples:
            more = link_button(ntr("Show {n} more", "Show {n} more", len(samples)))
            more.clicked.connect(lambda _checked=False: self._show_more(box, more, samples))
            box.addWidget(more)

    def _show_more(self, box: QVBoxLayout, more: QWidget, samples: Sequence[Sample]) -> None:
        place = box.indexOf(more)
        more.hide()
        for after, sample in enumerate(samples, place + 1):
            box.insertWidget(after, _Sample(sample))


class _Sample(QWidget):
    """One message as it would arrive."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        who = f"{sample.name} {masked_phone(sample.phone)}"
        size = ntr("{n} part", "{n} parts", sample.parts)
        if sample.variant:
            size = f"{size} · {sample.variant}"
        text = label(sample.body, wrap=True, selectable=True)
        text.setAccessibleName(who)
        self.setLayout(column(label(f"{who} · {size}", "small"), text, spacing=2))
