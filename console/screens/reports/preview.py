"""What the workbook will hold: a tab a sheet, the first rows of each, and a chart of the days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStackedWidget, QTabBar, QTableView, QWidget

from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.reports.preview import Day, Preview, PreviewSheet
from console.shell import theme
from console.shell.charts import BarChart, Legend, Series
from console.shell.widgets import EmptyState, clear, column, label, row

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
MOST_BARS = 62


class PreviewModel(QAbstractTableModel):
    """One sheet; its line of totals, if any, is the last row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sheet: PreviewSheet | None = None
        self._rows: list[tuple[str, ...]] = []

    def set_sheet(self, sheet: PreviewSheet) -> None:
        self.beginResetModel()
        self._sheet = sheet
        self._rows = [*sheet.rows, *([sheet.closing] if sheet.closing else [])]
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() or self._sheet is None else len(self._sheet.headers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._sheet is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(self._sheet.numeric[index.column()])
        if role == Qt.ItemDataRole.FontRole and self._sheet.closing and index.row() == len(self._rows) - 1:
            font = QFont(QGuiApplication.font())
            font.setBold(True)
            return font
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or self._sheet is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._sheet.headers[section]
        return _alignment(self._sheet.numeric[section]) if role == Qt.ItemDataRole.TextAlignmentRole else None


def _alignment(numeric: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if numeric else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class PreviewTable(QTableView):
    """Ctrl+C copies the selection as tab-separated text."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Preview"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme.current().row_height)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    def fit(self, sheet: PreviewSheet) -> None:
        for place, (title, width) in enumerate(zip(sheet.headers, sheet.widths, strict=True)):
            words = self.fontMetrics().horizontalAdvance(title) + theme.current().px(24)
            most = min(width, 40) * self.fontMetrics().averageCharWidth()
            self.setColumnWidth(place, max(words, min(most, self.sizeHintForColumn(place) + theme.current().px(12))))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        super().keyPressEvent(event)

    def copy(self) -> None:
        model = self.model()
        lines = [
            "\t".join(
                str(index.siblingAtColumn(place).data()).replace("\t", " ").replace("\n", " ")
                for place in range(model.columnCount())
            )
            for index in sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))


class PreviewPane(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._shown: Preview | None = None
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(tr("Sheets"))
        self.tabs.currentChanged.connect(self._show_sheet)
        self.model = PreviewModel(self)
        self.table = PreviewTable()
        self.table.setModel(self.model)
        self.empty = EmptyState("file-spreadsheet", tr("Nothing to report"), tr("Choose another period or report."))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.empty)
        self.stack.setMinimumHeight(theme.current().row_height * 5)
        self.note = label("", "quiet")
        self.chart = DayChart()
        layout = column(self.chart, self.tabs, self.stack, self.note, spacing=8)
        layout.setStretchFactor(self.stack, 1)
        self.setLayout(layout)
        self.set_preview(None)

    def set_preview(self, shown: Preview | None) -> None:
        before = self.tabs.tabText(self.tabs.currentIndex())
        self._shown = shown
        names = [sheet.name for sheet in shown.sheets] if shown else []
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for name in names:
            self.tabs.addTab(name)
        self.tabs.setCurrentIndex(names.index(before) if before in names else 0)
        self.tabs.blockSignals(False)
        self.tabs.setVisible(len(names) > 1)
        self.chart.set_days(shown.days if shown else ())
        self._show_sheet(self.tabs.currentIndex())

    def _show_sheet(self, place: int) -> None:
        sheet = self._shown.sheets[place] if self._shown and 0 <= place < len(self._shown.sheets) else None
        if sheet is None or not sheet.rows:
            self.stack.setCurrentWidget(self.empty)
            self.note.setText("")
            return
        self.model.set_sheet(sheet)
        self.table.fit(sheet)
        self.stack.setCurrentWidget(self.table)
        self.note.setText(_note(sheet))


def _note(sheet: PreviewSheet) -> str:
    if len(sheet.rows) < sheet.total:
        shown, total = count(len(sheet.rows)), count(sheet.total)
        return tr("The first {shown} of {total} rows; the workbook has them all.", shown=shown, total=total)
    return ntr("{count} row", "{count} rows", sheet.total, count=count(sheet.total))


class DayChart(QWidget):
    """Stacked bars of what left each day; not there when there is nothing to see."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: BarChart | None = None
        self._inside = column(spacing=4)
        self.setLayout(self._inside)

    def set_days(self, days: Sequence[Day]) -> None:
        clear(self._inside)
        self.bars = None
        seen = 1 < len(days) <= MOST_BARS and any(day.counts.handed for day in days)
        self.setVisible(seen)
        if not seen:
            return
        series = [
            Series(tr("Delivered"), "good", [day.counts.delivered for day in days]),
            Series(
                tr("Awaiting receipt"), "busy", [day.counts.awaiting + day.counts.sending for day in days], "hollow"
            ),
            Series(tr("Outcome unknown"), "warn", [day.counts.unknown for day in days], "hollow"),
            Series(tr("Failed"), "bad", [day.counts.failed for day in days], "striped"),
        ]
        self.bars = BarChart(tr("Messages by day"), each=max(1, len(days) // 10))
        self.bars.set_data([f"{day.day:%m-%d}" for day in days], series)
        self.bars.setMaximumHeight(theme.current().px(170))
        self.bars.setMinimumHeight(theme.current().px(90))  # the rows are what is read
        self._inside.addLayout(row(Legend(series), None))
        self._inside.addWidget(self.bars)
