"""The first two sections of the campaign page: what they read, and who."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QRadioButton, QSizePolicy, QWidget

from console.core.campaigns.audience import Audience, AudienceKind, Ending
from console.core.campaigns.choices import Choices, ImportChoice, SegmentOption, example
from console.core.customers.filters import CustomerFilter
from console.core.format import count, local_datetime
from console.core.i18n import ntr, tr
from console.core.messages.classes import CLASSES, MessageClass
from console.core.messages.library import TemplateChoice
from console.core.messages.template import measure, parse
from console.core.messages.values import campaign_variables
from console.core.messages.variables import Variable
from console.screens.campaigns.filterform import AudienceFilter
from console.screens.campaigns.without import WithoutRows, none_yet
from console.shell import theme
from console.shell.forms import Form
from console.shell.services import Services
from console.shell.widgets import Card, FilterBox, clear, column, label, row


class Section(Card):
    """A numbered card whose answers stay visible."""

    changed = Signal()

    def __init__(self, number: int, title: str) -> None:
        super().__init__(tr("{number}  {title}", number=number, title=title), spacing=10)


class TemplateSection(Section):
    """Which template, the values that are the same for everybody, and how it will look."""

    def __init__(self, services: Services) -> None:
        super().__init__(1, tr("What they read"))
        self._services = services
        self._templates: Sequence[TemplateChoice] = ()
        self.class_box = FilterBox(tr("Class"))
        self.class_box.chosen.connect(lambda _value: self._fill())
        self.template = QComboBox()
        self.template.setAccessibleName(tr("Template"))
        self.template.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.template.setMaximumWidth(theme.current().px(480))
        self.template.currentIndexChanged.connect(self._chosen)
        self.preview = label("", wrap=True, selectable=True)
        self.preview.setAccessibleName(tr("Preview"))
        self.measured = label("", "small")
        self.renewed = label(tr("The template was changed since; this draft now uses its newest version."), "quiet")
        self.renewed.hide()
        self.paper = Card()
        self.paper.add(self.preview, self.measured)
        self.paper.hide()
        self._values = Form()
        self._values_box = column(spacing=4)
        self.class_box.setMaximumWidth(theme.current().px(180))
        chooser = row(self.class_box, self.template, None)
        chooser.setStretch(1, 3)
        self.add(chooser, self.renewed, self._values_box, self.paper)

    def begin(self, templates: Sequence[TemplateChoice], template_id: int | None, version_id: int | None) -> None:
        """``version_id``: what the draft has, which may be older than the newest version."""
        self._templates = templates
        used = [key for key in CLASSES if any(choice.class_key == key for choice in templates)]
        self.class_box.set_choices([(key, str(CLASSES[key].title)) for key in used])
        self._fill(template_id)
        renewed = self.choice is not None and version_id not in (None, self.choice.version_id)
        self.renewed.setVisible(renewed)

    @property
    def choice(self) -> TemplateChoice | None:
        found = self.template.currentData()
        return found if isinstance(found, TemplateChoice) else None

    @property
    def message_class(self) -> MessageClass | None:
        return CLASSES.get(self.choice.class_key) if self.choice else None

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the other texts of what is chosen, by their number."""
        return tuple(each.name for each in self.choice.variants) if self.choice is not None else ()

    def values(self) -> dict[str, str]:
        """The campaign's own values, by variable; empty ones left out."""
        return {key: str(value) for key, value in self._values.values().items() if value}

    def set_values(self, values: dict[str, str]) -> None:
        known = self._values.values()
        self._values.set_values({key: value for key, value in values.items() if key in known})

    @property
    def parts(self) -> int:
        """Of a message with made-up values; 1 while none is chosen."""
        if self.choice is None:
            return 1
        settings, values = self._services.ctx.settings, self.values()
        return max(1, *(measure(example(body, settings, values)).parts for body in self.choice.bodies))

    def missing(self) -> list[str]:
        """Titles of the values that are still to be given."""
        return [str(each.title) for each in self._wanted() if not self._values.value(each.key)]

    def _wanted(self) -> Sequence[Variable]:
        if self.choice is None or self.message_class is None:
            return ()
        used = dict.fromkeys(key for body in self.choice.bodies for key in parse(body).variables)
        return campaign_variables(used, self.message_class)

    def _fill(self, template_id: int | None = None) -> None:
        before = template_id or (self.choice.template_id if self.choice else None)
        class_key = self.class_box.value()
        self.template.blockSignals(True)
        self.template.clear()
        self.template.addItem(tr("Choose a template"), None)
        for choice in self._templates:
            if class_key in ("", choice.class_key):
                self.template.addItem(f"{CLASSES[choice.class_key].title} · {choice.name}", choice)
                if choice.template_id == before:
                    self.template.setCurrentIndex(self.template.count() - 1)
        self.template.blockSignals(False)
        self._chosen()

    def _chosen(self) -> None:
        before = self.values()
        clear(self._values_box)
        self._values = Form()
        for each in self._wanted():
            value = before.get(each.key, "")
            self._values.add_text(each.key, str(each.title), value, placeholder=each.sample, max_length=35)
        self._values.changed.connect(self._typed)
        self._values_box.addWidget(self._values)
        self._typed()

    def _typed(self) -> None:
        self.paper.setVisible(self.choice is not None)
        if self.choice is not None:
            text = example(self.choice.body, self._services.ctx.settings, self.values())
            size = measure(text)
            self.preview.setText(text)
            parts = ntr("{n} part", "{n} parts", size.parts)
            units = ntr("{n} character", "{n} characters", size.units)
            self.measured.setText(tr("With made-up values: {units}, {parts}", units=units, parts=parts))
        self.changed.emit()


class AudienceSection(Section):
    """Everybody, some by their fields, or the people of an imported file."""

    def __init__(self, today: date) -> None:
        super().__init__(2, tr("Who gets it"))
        self._kept: Audience | None = None  # chosen elsewhere: it cannot be put together here
        self.everybody = QRadioButton(tr("All customers"))
        self.by_filter = QRadioButton(tr("Customers who have all of this"))
        self.by_import, self.by_segment = QRadioButton(), QRadioButton()
        self.by_hand = QRadioButton("")
        self.by_hand.hide()
        self._group = QButtonGroup(self)
        for button in (self.everybody, self.by_segment, self.by_filter, self.by_import, self.by_hand):
            self._group.addButton(button)
        self.everybody.setChecked(True)
        self.filter = AudienceFilter(today)
        self.imports = QComboBox()
        self.imports.setAccessibleName(tr("Imported file"))
        self.segments = QComboBox()
        self.segments.setAccessibleName(tr("Segment"))
        self.segments.setMaximumWidth(theme.current().px(480))
        self.said = label("", "quiet", wrap=True)
        self._segment = QWidget()
        self._segment.setLayout(column(row(self.segments, None), self.said, spacing=4, margins=(24, 0, 0, 0)))
        self.reach = label("", "quiet")
        self.without = WithoutRows()
        self.add(
            self.everybody, self.by_segment, self._segment, self.by_filter, self.filter,
            self.by_import, row(24, self.imports, None), self.by_hand, self.reach, self.without,
        )  # fmt: skip
        self._group.buttonToggled.connect(self._switched)
        self.filter.changed.connect(self.changed)
        self.without.changed.connect(self.changed)
        self.imports.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.segments.currentIndexChanged.connect(lambda _index: self._segment_chosen())
        self._show_fields()

    def begin(self, choices: Choices, audience: Audience) -> None:
        self._group.blockSignals(True)
        self.everybody.setText(tr("All customers ({count})", count=count(choices.customers)))
        self.filter.offer(choices.facets)
        self.without.begin(choices, audience.without)
        self._offer_imports(choices.imports, audience.filter.import_id)
        self._offer_segments(choices.segments, audience)
        _offer(self.by_import, tr("The people of an imported file"), bool(choices.imports))
        _offer(self.by_segment, tr("The customers of a segment"), bool(choices.segments))
        elsewhere = audience.kind in (AudienceKind.CUSTOMERS, AudienceKind.OUTCOME)
        if audience.kind is AudienceKind.FILTER and not self.filter.set_filter(audience.filter):
            self.filter.set_filter(CustomerFilter())
            elsewhere = True
        self._kept = audience.plain if elsewhere else None
        self.by_hand.setVisible(elsewhere)
        self.by_hand.setText(_kept_words(audience))
        (self.by_hand if elsewhere else self._button(audience.kind)).setChecked(True)
        self._group.blockSignals(False)
        self._show_fields()

    def audience(self) -> Audience:
        return replace(self._chosen(), without=self.without.value())

    def _chosen(self) -> Audience:
        if self.by_filter.isChecked():
            return Audience(kind=AudienceKind.FILTER, filter=self.filter.value())
        option = self.segments.currentData()
        if self.by_segment.isChecked() and isinstance(option, SegmentOption):
            return option.audience
        if self.by_import.isChecked() and isinstance(self.imports.currentData(), int):
            return Audience.of_import(self.imports.currentData())
        if self.by_hand.isChecked() and self._kept is not None:
            return self._kept
        return Audience()

    def show_reach(self, number: int, per_loan: bool) -> None:
        words = (
            ntr("{count} loan", "{count} loans", number, count=count(number))
            if per_loan
            else ntr("{count} customer", "{count} customers", number, count=count(number))
        )
        self.reach.setText(tr("{who} before the rules are applied", who=words))

    def _button(self, kind: AudienceKind) -> QRadioButton:
        buttons = {
            AudienceKind.ALL: self.everybody,
            AudienceKind.FILTER: self.by_filter,
            AudienceKind.IMPORT: self.by_import,
            AudienceKind.SEGMENT: self.by_segment,
        }
        return buttons[kind]

    def _offer_imports(self, imports: Sequence[ImportChoice], chosen: int | None) -> None:
        self.imports.blockSignals(True)
        self.imports.clear()
        for each in imports:
            words = tr(
                "{file} · {rows} rows · {time}",
                file=each.file_name,
                rows=count(each.rows),
                time=local_datetime(each.at),
            )
            self.imports.addItem(words, each.import_id)
            if each.import_id == chosen:
                self.imports.setCurrentIndex(self.imports.count() - 1)
        self.imports.blockSignals(False)

    def _offer_segments(self, options: Sequence[SegmentOption], chosen: Audience) -> None:
        self.segments.blockSignals(True)
        self.segments.clear()
        for option in options:
            self.segments.addItem(option.title, option)
            if option.audience == chosen.plain:
                self.segments.setCurrentIndex(self.segments.count() - 1)
        self.segments.blockSignals(False)
        self._say_segment()

    def _segment_chosen(self) -> None:
        self._say_segment()
        self.changed.emit()

    def _say_segment(self) -> None:
        option = self.segments.currentData()
        self.said.setText(option.said if isinstance(option, SegmentOption) else "")
        self.said.setVisible(bool(self.said.text()))

    def _switched(self, _button: QWidget, checked: bool) -> None:
        if checked:
            self._show_fields()
            self.changed.emit()

    def _show_fields(self) -> None:
        self.filter.setVisible(self.by_filter.isChecked())
        self.imports.setVisible(self.by_import.isChecked())
        self._segment.setVisible(self.by_segment.isChecked())


def _offer(button: QRadioButton, words: str, any_: bool) -> None:
    """What there is none of yet says so."""
    button.setText(words if any_ else none_yet(words))
    button.setEnabled(any_)


def _kept_words(audience: Audience) -> str:
    if audience.kind is AudienceKind.CUSTOMERS:
        return ntr("{n} picked customer", "{n} picked customers", len(audience.customer_ids))
    if audience.kind is AudienceKind.FILTER:
        return tr("Customers with {filter}", filter=audience.filter.describe())
    match audience.ending:
        case Ending.FAILED:
            return tr("Those whom an earlier campaign did not reach")
        case Ending.REPLIED:
            return tr("Those who replied to an earlier campaign")
        case Ending.SILENT:
            return tr("Those who got an earlier campaign and did not reply")
        case Ending.TOLD:
            return tr("Those who get an earlier campaign")
