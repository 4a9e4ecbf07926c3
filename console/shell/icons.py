"""Line icons (Lucide, ISC), tinted from the theme at the moment they are painted."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from console.shell import theme


@lru_cache(maxsize=512)
def _renderer(name: str, color: str) -> QSvgRenderer:
    source = resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(source.replace("currentColor", color).encode()))


def paint_icon(painter: QPainter, rect: QRectF, name: str, color: QColor) -> None:
    _renderer(name, color.name()).render(painter, rect)


class PaintedEngine(QIconEngine):
    """Whatever ``paint`` draws, on a ground that lets everything through."""

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap


class _TintedEngine(PaintedEngine):
    """In a rectangle wider than high the picture stands on the left: room before a button's word."""

    def __init__(self, name: str, color: str) -> None:
        super().__init__()
        self._name = name
        self._color = color

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        name = "disabled" if mode is QIcon.Mode.Disabled else self._color
        side = min(rect.width(), rect.height())
        left = rect.x() if rect.width() > rect.height() else rect.x() + (rect.width() - side) / 2
        square = QRectF(left, rect.y() + (rect.height() - side) / 2, side, side)
        paint_icon(painter, square, self._name, theme.current().color(name))

    def clone(self) -> QIconEngine:
        return _TintedEngine(self._name, self._color)


def icon(name: str, color: str = "quiet") -> QIcon:
    """An icon of ``resources/icons`` in a colour token of the theme in force. Raises FileNotFoundError at once."""
    if not resources.path("icons", f"{name}.svg").is_file():
        raise FileNotFoundError(name)
    return QIcon(_TintedEngine(name, color))
