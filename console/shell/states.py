"""One look for each state, everywhere: a colour, a shape that can be told without colour, and a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QIcon, QIconEngine, QPainter, QPen

from console.core.i18n import T, Text
from console.shell import theme
from console.shell.icons import PaintedEngine


class Shape(StrEnum):
    DOT = "dot"  # ●
    RING = "ring"  # ○
    HALF = "half"  # ◐
    CROSS = "cross"  # ✕
    QUESTION = "question"  # ?
    BARRED = "barred"  # ⊘
    PAUSE = "pause"
    DASH = "dash"
    BANG = "bang"  # !
    TICK = "tick"  # a check mark on a filled circle


@dataclass(frozen=True)
class Look:
    tone: str  # a colour token; its pale partner is ``<tone>_soft``
    shape: Shape
    title: Text


STATES: Mapping[str, Look] = {
    "waiting": Look("calm", Shape.RING, T("Waiting")),
    "claimed": Look("calm", Shape.RING, T("Waiting")),
    "sending": Look("busy", Shape.HALF, T("Being sent")),
    "accepted": Look("busy", Shape.DOT, T("Sent, awaiting receipt")),
    "delivered": Look("good", Shape.DOT, T("Delivered")),
    "failed": Look("bad", Shape.CROSS, T("Failed")),
    "undelivered": Look("bad", Shape.CROSS, T("Not delivered")),
    "refused": Look("bad", Shape.CROSS, T("Refused")),
    "expired": Look("bad", Shape.CROSS, T("Expired")),
    "unknown": Look("warn", Shape.QUESTION, T("Outcome unknown")),
    "suppressed": Look("held", Shape.BARRED, T("Held back")),
    "left_out": Look("held", Shape.BARRED, T("Not sent")),
    "cancelled": Look("calm", Shape.BARRED, T("Cancelled")),
    "paused": Look("warn", Shape.PAUSE, T("Paused")),
    "draft": Look("calm", Shape.RING, T("Draft")),
    "freezing": Look("busy", Shape.HALF, T("Being prepared")),
    "preparing": Look("busy", Shape.HALF, T("Being prepared")),
    "pending": Look("busy", Shape.HALF, T("Waiting for approval")),
    "in_review": Look("busy", Shape.HALF, T("In review")),
    "returned": Look("warn", Shape.BANG, T("Returned")),
    "approved": Look("good", Shape.DOT, T("Approved")),
    "scheduled": Look("busy", Shape.RING, T("Scheduled")),
    "finished": Look("good", Shape.DOT, T("Finished")),
    "ready": Look("good", Shape.DOT, T("Ready")),
    "starting": Look("busy", Shape.HALF, T("Starting")),
    "fault": Look("bad", Shape.CROSS, T("Fault")),
    "stopped": Look("bad", Shape.BARRED, T("Stopped")),
    "off": Look("calm", Shape.RING, T("Off")),
    "active": Look("good", Shape.DOT, T("Active")),
    "retired": Look("calm", Shape.BARRED, T("Retired")),
    "overdue": Look("bad", Shape.CROSS, T("Overdue")),
    "settled": Look("calm", Shape.BARRED, T("Settled")),
    "applying": Look("busy", Shape.HALF, T("Applying")),
    "granted": Look("good", Shape.DOT, T("Granted")),
    "block": Look("bad", Shape.CROSS, T("Must be changed")),
    "second_approver": Look("warn", Shape.BANG, T("Two people approve")),
    "warn": Look("warn", Shape.BANG, T("Please check")),
    "hint": Look("calm", Shape.RING, T("Hint")),
    "good": Look("good", Shape.TICK, T("In order")),
    "info": Look("calm", Shape.RING, T("Note")),
    "none": Look("calm", Shape.DASH, T("None")),
}


def look(state: str) -> Look:
    """The look of a state; an unlisted one is a bug of the caller and raises KeyError."""
    return STATES[state]


def state_title(state: str) -> str:
    return str(STATES[state].title)


def paint_state(painter: QPainter, rect: QRectF, state: str) -> None:
    """Paint the shape of a state, centred in ``rect``."""
    seen = look(state)
    color = theme.current().color(seen.tone)
    side = min(rect.width(), rect.height())
    box = QRectF(rect.center().x() - side / 2, rect.center().y() - side / 2, side, side)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = max(1.6, side * 0.15)
    painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _PAINTERS[seen.shape](painter, box.adjusted(width / 2, width / 2, -width / 2, -width / 2))
    painter.restore()


def _dot(painter: QPainter, box: QRectF) -> None:
    painter.setBrush(QBrush(painter.pen().color()))
    painter.drawEllipse(box)


def _ring(painter: QPainter, box: QRectF) -> None:
    painter.drawEllipse(box)


def _half(painter: QPainter, box: QRectF) -> None:
    painter.drawEllipse(box)
    painter.setBrush(QBrush(painter.pen().color()))
    painter.drawChord(box, 90 * 16, 180 * 16)


def _cross(painter: QPainter, box: QRectF) -> None:
    inner = box.adjusted(box.width() * 0.1, box.height() * 0.1, -box.width() * 0.1, -box.height() * 0.1)
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.topRight(), inner.bottomLeft())


def _question(painter: QPainter, box: QRectF) -> None:
    _mark(painter, box, "?")


def _bang(painter: QPainter, box: QRectF) -> None:
    _mark(painter, box, "!")


def _mark(painter: QPainter, box: QRectF, mark: str) -> None:
    font = painter.font()
    font.setPixelSize(max(8, round(box.height() * 1.25)))
    font.setBold(True)
    painter.setFont(font)
    grown = box.adjusted(-4, -4, 4, 4)
    painter.drawText(grown, Qt.AlignmentFlag.AlignCenter, mark)


def _tick(painter: QPainter, box: QRectF) -> None:
    _dot(painter, box)
    pen = painter.pen()
    pen.setColor(theme.current().color("surface"))
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y, side = box.x(), box.y(), box.width()
    corners = (QPointF(x + side * 0.26, y + side * 0.53), QPointF(x + side * 0.44, y + side * 0.7))
    painter.drawPolyline([*corners, QPointF(x + side * 0.76, y + side * 0.32)])


def _barred(painter: QPainter, box: QRectF) -> None:
    painter.drawEllipse(box)
    cut = box.width() * 0.15
    painter.drawLine(
        QPointF(box.left() + cut, box.bottom() - cut),
        QPointF(box.right() - cut, box.top() + cut),
    )


def _pause(painter: QPainter, box: QRectF) -> None:
    third = box.width() / 3
    for x in (box.left() + third * 0.7, box.right() - third * 0.7):
        painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))


def _dash(painter: QPainter, box: QRectF) -> None:
    painter.drawLine(QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y()))


_PAINTERS = {
    Shape.DOT: _dot,
    Shape.RING: _ring,
    Shape.HALF: _half,
    Shape.CROSS: _cross,
    Shape.QUESTION: _question,
    Shape.BARRED: _barred,
    Shape.PAUSE: _pause,
    Shape.DASH: _dash,
    Shape.BANG: _bang,
    Shape.TICK: _tick,
}


class _StateEngine(PaintedEngine):
    def __init__(self, state: str) -> None:
        super().__init__()
        self._state = state

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height()) * 0.68
        left = rect.x() + (min(rect.width(), rect.height()) - side) / 2
        paint_state(painter, QRectF(left, rect.y() + (rect.height() - side) / 2, side, side), self._state)

    def clone(self) -> QIconEngine:
        return _StateEngine(self._state)


def state_icon(state: str) -> QIcon:
    """The shape of a state as an icon, for buttons and menus."""
    look(state)
    return QIcon(_StateEngine(state))
