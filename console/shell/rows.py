"""Widgets that stand for records and stay when the records are read again: focus and open menus survive."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

R = TypeVar("R")
W = TypeVar("W", bound=QWidget)


class KeyedRows(QWidget, Generic[R, W]):
    """One widget a record, in the order of the records."""

    def __init__(
        self,
        key: Callable[[R], Hashable],
        make: Callable[[R], W],
        show: Callable[[W, R], None],
        *,
        spacing: int = 0,
    ) -> None:
        """``make`` builds the widget of a new record, ``show`` fills it, now and whenever the record changed."""
        super().__init__()
        self._key, self._make, self._show = key, make, show
        self._rows: dict[Hashable, tuple[R, W]] = {}
        self._box: QBoxLayout = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(spacing)

    @property
    def widgets(self) -> list[W]:
        return [widget for _record, widget in self._rows.values()]

    def set_records(self, records: Sequence[R]) -> None:
        fresh: dict[Hashable, tuple[R, W]] = {}
        for place, record in enumerate(records):
            known = self._rows.pop(self._key(record), None)
            widget = known[1] if known is not None else self._make(record)
            if known is None or known[0] != record:
                self._show(widget, record)
            if self._box.indexOf(widget) != place:
                self._box.insertWidget(place, widget)
            fresh[self._key(record)] = (record, widget)
        for _record, widget in self._rows.values():
            self._box.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._rows = fresh
        self.setVisible(bool(fresh))
