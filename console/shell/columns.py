"""Which columns of a list are seen, in what order and how wide: the person's choice, and what there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from console.core.context import Context
from console.core.i18n import tr
from console.core.listing import Layout, load_layout, save_layout
from console.shell import theme
from console.shell.records import Column
from console.shell.services import Services

LEAST = 140  # design pixels of the column that takes what the others leave
SAVE_AFTER = 400  # milliseconds without another change


class Columns(QObject):
    """Looks after the header of one list. Without a ``name`` nothing is kept."""

    def __init__(self, table: QTableView, services: Services, columns: Sequence[Column[Any]], name: str) -> None:
        super().__init__(table)
        self._table, self._services, self._columns, self._name = table, services, list(columns), name
        self._head = table.horizontalHeader()
        self._wanted = [column.shown for column in columns]
        self._own_widths: dict[str, int] = {}
        self._busy = False
        self._later = QTimer(self, interval=SAVE_AFTER, singleShot=True)
        self._later.timeout.connect(self._save)
        self._dress()
        if name:
            services.tasks.query(partial(_load, name), self._take, owner=self)

    def menu(self, parent: QMenu) -> QMenu:
        """The columns to choose from, and to move the one that the cursor is in."""
        made = parent.addMenu(tr("Columns"))
        shown = [place for place, wanted in enumerate(self._wanted) if wanted]
        for place, column in enumerate(self._columns):
            action = made.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(self._wanted[place])
            action.setEnabled(not self._wanted[place] or len(shown) > 1)
            action.triggered.connect(lambda on, at=place: self.show_column(at, on))
        made.addSeparator()
        place = self._table.currentIndex().column()
        if place >= 0:
            title = self._columns[place].title
            left = made.addAction(tr("Move {column} to the left", column=title), lambda: self.move(place, -1))
            right = made.addAction(tr("Move {column} to the right", column=title), lambda: self.move(place, 1))
            seen = self.visible()
            left.setEnabled(place in seen and seen[0] != place)
            right.setEnabled(place in seen and seen[-1] != place)
        made.addAction(tr("As it was at first"), self.reset)
        return made

    def visible(self) -> list[int]:
        """Places of the columns that are seen, from left to right."""
        order = (self._head.logicalIndex(at) for at in range(self._head.count()))
        return [place for place in order if not self._head.isSectionHidden(place)]

    def show_column(self, place: int, on: bool) -> None:
        self._wanted[place] = on
        self.fit()
        self._keep()

    def move(self, place: int, steps: int) -> None:
        """Past the next column that is seen on that side."""
        seen = self.visible()
        there = seen.index(place) + steps
        if 0 <= there < len(seen):
            self._head.moveSection(self._head.visualIndex(place), self._head.visualIndex(seen[there]))

    def reset(self) -> None:
        """As the list came, for this person from now on."""
        self._apply(Layout())
        self._later.stop()
        if self._name:
            self._services.tasks.query(partial(_store, self._name, None), owner=self)

    def fit(self) -> None:
        """The widest column takes what the others leave, or the last one where that is not seen.

        What has no room drops out, the least important first. A list that has nothing to drop scrolls.
        """
        now, room = theme.current(), self._table.viewport().width()
        least = now.px(LEAST)
        shown = [place for place, wanted in enumerate(self._wanted) if wanted]
        needed = sum(self._width(place) or least for place in shown)
        for place in sorted(shown, key=lambda place: -self._columns[place].drop):
            if needed <= room or not self._columns[place].drop:
                break
            shown.remove(place)
            needed -= self._width(place) or least
        self._busy = True
        self._head.setStretchLastSection(all(self._columns[place].width for place in shown))
        for place, column in enumerate(self._columns):
            self._head.setSectionHidden(place, place not in shown)
            if column.width:
                self._head.resizeSection(place, self._width(place))
            else:
                mode = QHeaderView.ResizeMode.Stretch if needed <= room else QHeaderView.ResizeMode.Interactive
                self._head.setSectionResizeMode(place, mode)
                if needed > room:
                    self._head.resizeSection(place, least)
        self._busy = False

    # Inside

    def _dress(self) -> None:
        self._head.setSectionsMovable(True)
        self._head.setFirstSectionMovable(True)
        self._head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._head.customContextMenuRequested.connect(self._open_menu)
        self._head.sectionMoved.connect(lambda *_: self._keep())
        self._head.sectionResized.connect(self._resized)
        self.fit()

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self._table)
        chooser = self.menu(menu)
        chooser.exec(self._head.mapToGlobal(at))
        menu.deleteLater()

    def _width(self, place: int) -> int:
        column = self._columns[place]
        return theme.current().px(self._own_widths.get(column.key, column.width))

    def _resized(self, place: int, _before: int, after: int) -> None:
        column = self._columns[place]
        dragged = self._head.sectionResizeMode(place) is QHeaderView.ResizeMode.Interactive and column.width
        last = self._head.stretchLastSection() and self.visible()[-1:] == [place]
        if self._busy or not dragged or not after or last:
            return
        self._own_widths[column.key] = max(1, round(after * 100 / theme.current().px(100)))
        self._keep()

    def _keep(self) -> None:
        if not self._busy and self._name:
            self._later.start()

    def _save(self) -> None:
        order = [self._head.logicalIndex(at) for at in range(self._head.count())]
        layout = Layout(
            shown=tuple(self._columns[place].key for place in order if self._wanted[place]),
            hidden=tuple(self._columns[place].key for place in order if not self._wanted[place]),
            widths=dict(self._own_widths),
        )
        self._services.tasks.query(partial(_store, self._name, layout), owner=self)

    def _take(self, stored: Layout | None) -> None:
        if stored is not None:
            self._apply(stored)

    def _apply(self, layout: Layout) -> None:
        self._busy = True
        places = {column.key: place for place, column in enumerate(self._columns)}
        first = [places[key] for key in layout.shown if key in places]
        order = first + [place for place in range(len(self._columns)) if place not in first]
        for at, place in enumerate(order):
            self._head.moveSection(self._head.visualIndex(place), at)
        self._wanted = [
            column.key in layout.shown or (column.shown and column.key not in layout.hidden) for column in self._columns
        ]
        self._own_widths = {key: size for key, size in layout.widths.items() if key in places}
        self._busy = False
        self.fit()


def _load(name: str, ctx: Context) -> Layout | None:
    return load_layout(ctx, name)


def _store(name: str, layout: Layout | None, ctx: Context) -> None:
    save_layout(ctx, name, layout)
