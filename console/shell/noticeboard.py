"""Notices over the page: they never take the focus, and can be closed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from console.core.i18n import tr
from console.shell import theme
from console.shell.notices import Level, Notice, Notices
from console.shell.widgets import StateShape, column, icon_button, label, link_button, row

STAY = {Level.INFO: 6000, Level.GOOD: 5000}  # milliseconds; others stay until they are closed
MOST = 4
_SHAPES = {Level.INFO: "info", Level.GOOD: "good", Level.WARN: "warn", Level.BAD: "block"}


class NoticeCard(QFrame):
    def __init__(self, notice: Notice, board: NoticeBoard) -> None:
        super().__init__()
        self.notice = notice
        self.setObjectName("notice")
        self.setAccessibleName(". ".join(filter(None, (notice.text, notice.hint))))
        words = column(label(notice.text, wrap=True, selectable=True), spacing=3)
        if notice.hint:
            words.addWidget(label(notice.hint, "quiet", wrap=True, selectable=True))
        if notice.action and notice.act is not None:
            words.addLayout(row(link_button(notice.action, lambda: board.act(self)), None))
        close = icon_button("x", tr("Close this notice"), lambda: board.close_card(self))
        single = not notice.hint and not notice.action
        top = Qt.AlignmentFlag.AlignVCenter if single else Qt.AlignmentFlag.AlignTop
        line = row(spacing=10)
        line.addWidget(StateShape(_SHAPES[notice.level], theme.current().px(13)), 0, top)
        line.addLayout(words, 1)
        line.addWidget(close, 0, top)
        line.setContentsMargins(14, 12, 8, 12)
        self.setLayout(line)
        self.setFixedWidth(theme.current().px(380))


class NoticeBoard(QWidget):
    """Stacked in the lower right corner of ``over``."""

    def __init__(self, notices: Notices, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._beneath: QWidget | None = None
        self._cards = QVBoxLayout(self)
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(8)
        over.installEventFilter(self)
        notices.posted.connect(self.post)
        self.hide()

    @property
    def cards(self) -> list[NoticeCard]:
        items = (self._cards.itemAt(place) for place in range(self._cards.count()))
        return [card for item in items if item and isinstance(card := item.widget(), NoticeCard)]

    def post(self, notice: Notice) -> None:
        """The same words are not said twice at once."""
        for card in self.cards:
            if (card.notice.text, card.notice.hint) == (notice.text, notice.hint):
                self.close_card(card)
        if len(self.cards) >= MOST:
            self.close_card(self.cards[0])
        card = NoticeCard(notice, self)
        self._cards.addWidget(card)
        self.show()
        card.show()
        self._place()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, card.accessibleName()))
        if notice.level in STAY:
            QTimer.singleShot(STAY[notice.level], card, lambda: self.close_card(card))

    def act(self, card: NoticeCard) -> None:
        """Do what the notice offers."""
        self.close_card(card)
        if card.notice.act is not None:
            card.notice.act()

    def close_card(self, card: NoticeCard) -> None:
        if card in self.cards:
            self._cards.removeWidget(card)
            card.hide()
            card.deleteLater()
            self._place()

    def stand_above(self, beneath: QWidget) -> None:
        """Make room for ``beneath`` while it is visible in the same corner."""
        self._beneath = beneath
        beneath.installEventFilter(self)

    def close_newest(self) -> bool:
        """Esc closes the newest notice; True when there was one."""
        cards = self.cards
        if cards:
            self.close_card(cards[-1])
        return bool(cards)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)
        if watched in (self._over, self._beneath) and event.type() in kinds:
            self._place()
        return False

    def _place(self) -> None:
        if not self.cards:
            self.hide()
            return
        width = theme.current().px(380)
        height = sum(
            card.heightForWidth(width) if card.hasHeightForWidth() else card.sizeHint().height() for card in self.cards
        )
        height += 8 * (len(self.cards) - 1)
        lift = self._beneath.height() + 8 if self._beneath is not None and self._beneath.isVisible() else 0
        height = min(height, self._over.height() - 32 - lift)
        self.setGeometry(self._over.width() - width - 16, self._over.height() - height - 12 - lift, width, height)
        self.raise_()
