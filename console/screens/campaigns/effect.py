"""What a campaign, or the runs of a series, did, told by those who were held out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout

from console.core.campaigns.effect import DAYS, Effect, Measure
from console.core.campaigns.series_effect import SeriesEffect
from console.core.format import count, local_datetime, share
from console.core.i18n import ntr, sentences, tr
from console.shell.widgets import Card, clear, label


class EffectCard(Card):
    days_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(tr("Effect against those who were held out"))
        self.days = QComboBox()
        self.days.setAccessibleName(tr("Days that are watched"))
        for number in DAYS:
            self.days.addItem(ntr("within {n} day", "within {n} days", number), number)
        self.days.currentIndexChanged.connect(lambda _index: self.days_chosen.emit(self.watched))
        self.head.addWidget(self.days)
        self.state = label("", "quiet", wrap=True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.add(self.state, self._grid)
        self._shown: Effect | SeriesEffect | None = None
        self.hide()

    @property
    def watched(self) -> int:
        """Days after the first message left."""
        return int(self.days.currentData())

    def show_effect(self, found: Effect | None) -> None:
        self.setVisible(found is not None)
        if found is None or found == self._shown:
            return
        self._shown = found
        self.days.setVisible(found.starts_at is not None)
        self.state.setText(_state(found))
        self._show_measures(found.measures)

    def show_series(self, found: SeriesEffect | None) -> None:
        """Of all its runs."""
        self.setVisible(found is not None)
        if found is None or found == self._shown:
            return
        self._shown = found
        self.days.setVisible(found.runs > 0)
        self.state.setText(_state_of_series(found))
        self._show_measures(found.measures)

    def _show_measures(self, measures: Sequence[Measure]) -> None:
        clear(self._grid)
        if measures:
            for place, words in enumerate((tr("written to"), tr("held out")), 1):
                self._grid.addWidget(label(words, "small"), 0, place)
        for measure in measures:
            self._measure(measure)

    def _measure(self, measure: Measure) -> None:
        place = self._grid.rowCount()
        self._grid.addWidget(label(str(measure.title)), place, 0)
        for column, part in ((1, measure.sent), (2, measure.held)):
            told = tr("{part} of {whole}", part=count(part.part), whole=count(part.whole))
            self._grid.addWidget(label(f"{share(part.part, part.whole)} · {told}"), place, column)
        self._grid.addWidget(label(measure.words, "quiet", wrap=True), place + 1, 0, 1, 3)


def _state_of_series(found: SeriesEffect) -> str:
    if not found.runs:
        return tr("No run has been sent yet.")
    how = tr(
        "Each run is compared by itself, and the differences are put together by the size of the groups. "
        "Whoever was in several runs counts in each; the interval allows for that."
    )
    return sentences(
        ntr("{n} run is counted.", "{n} runs are counted.", found.runs),
        how if found.runs > 1 else "",
        "" if found.over else tr("The last days are still being watched."),
    )


def _state(found: Effect) -> str:
    people = ntr("{count} customer is held out", "{count} customers are held out", found.held, count=count(found.held))
    if found.starts_at is None or found.ends_at is None:
        return tr("{people}. Nothing has been sent yet.", people=people)
    if not found.over:
        return tr("{people}. Watched until {time}.", people=people, time=local_datetime(found.ends_at))
    return tr(
        "{people}. Watched from {start} to {end}.",
        people=people,
        start=local_datetime(found.starts_at),
        end=local_datetime(found.ends_at),
    )
