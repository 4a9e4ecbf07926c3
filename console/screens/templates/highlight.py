"""Variables and errors, marked while they are typed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from console.core.messages.findings import Finding, Level
from console.core.messages.template import parse
from console.shell import theme

_WAVE = QTextCharFormat.UnderlineStyle.WaveUnderline


class BodyHighlighter(QSyntaxHighlighter):
    """``set_findings`` marks places of the whole text; variables are found as the text changes."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._findings: Sequence[Finding] = ()

    def set_findings(self, findings: Sequence[Finding]) -> None:
        placed = [finding for finding in findings if finding.where]
        if placed != self._findings:
            self._findings = placed
            self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        for piece in parse(text).pieces:
            if piece.variable:
                self.setFormat(piece.start, piece.end - piece.start, _variable())
        start = self.currentBlock().position()
        for finding in self._findings:
            if finding.where is None:
                continue
            first, last = (max(0, min(place - start, len(text))) for place in _units(self.document(), finding.where))
            for place in range(first, last):
                self.setFormat(place, 1, _wrong(self.format(place), finding.level))


def _units(document: QTextDocument, where: tuple[int, int]) -> tuple[int, int]:
    """Places in characters as Qt counts them, in UTF-16 units."""
    text = document.toPlainText()
    if text.isascii() or max(text) < "\U00010000":
        return where
    return len(text[: where[0]].encode("utf-16-le")) // 2, len(text[: where[1]].encode("utf-16-le")) // 2


def _variable() -> QTextCharFormat:
    look = QTextCharFormat()
    look.setForeground(theme.current().color("busy"))
    look.setBackground(theme.current().color("busy_soft"))
    look.setFontWeight(QFont.Weight.DemiBold)
    return look


def _wrong(before: QTextCharFormat, level: Level) -> QTextCharFormat:
    look = QTextCharFormat(before)
    color: QColor = theme.current().color("bad" if level is Level.BLOCK else "warn")
    look.setUnderlineStyle(_WAVE)
    look.setUnderlineColor(color)
    look.setBackground(theme.current().color("bad_soft" if level is Level.BLOCK else "warn_soft"))
    return look
