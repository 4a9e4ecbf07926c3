"""The help of a page beside it: one short Markdown file per screen and language."""

from __future__ import annotations

from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QTextBrowser

import resources
from console.core.context import Context
from console.core.i18n import current_language, tr
from console.shell import theme
from console.shell.services import Services
from console.shell.widgets import column, heading, icon_button, row

FALLBACK = {"zh_TW": ("zh_TW", "zh_CN", "en"), "zh_CN": ("zh_CN", "en"), "en": ("en",)}


def help_text(page: str, language: str) -> str:
    """Markdown of a page's help; empty where nothing was written. Reads a file."""
    for tag in FALLBACK[language]:
        path = resources.path("help", tag, f"{page}.md")
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""


def _set_type(document: QTextDocument) -> None:
    """Room between lines and before headings; Markdown alone has neither."""
    now = theme.current()
    sizes = {1: now.px(17), 2: now.px(14), 3: now.px(13)}
    cursor = QTextCursor(document)
    block = document.begin()
    while block.isValid():
        form = block.blockFormat()
        level = form.headingLevel()
        form.setLineHeight(140, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        form.setTopMargin(0 if block.position() == 0 else now.px(12) if level else 0)
        form.setBottomMargin(now.px(4) if block.textList() else now.px(6))
        cursor.setPosition(block.position())
        cursor.setBlockFormat(form)
        if level:
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            letters = QTextCharFormat()
            font = document.defaultFont()
            font.setPixelSize(sizes.get(level, now.px(13)))
            font.setBold(True)
            letters.setFont(font)
            cursor.setCharFormat(letters)
        block = block.next()


class HelpPanel(QFrame):
    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setObjectName("help")
        self._services = services
        self.page = ""
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(False)
        self.text.setAccessibleName(tr("Help"))
        self.text.document().setDocumentMargin(0)
        self.text.document().setIndentWidth(theme.current().px(18))
        self.setFixedWidth(theme.current().px(320))
        bar = row(heading(tr("Help")), None, icon_button("x", tr("Close the help"), self.hide))
        body = column(bar, self.text, spacing=4)
        body.setContentsMargins(16, 10, 8, 8)
        self.setLayout(body)

    def show_page(self, page: str) -> None:
        self.page = page
        language = current_language()

        def work(_ctx: Context) -> str:
            return help_text(page, language)

        self._services.tasks.query(work, self._fill, owner=self, key="help")

    def _fill(self, markdown: str) -> None:
        self.text.setMarkdown(markdown or tr("There is no help for this page yet."))
        _set_type(self.text.document())
