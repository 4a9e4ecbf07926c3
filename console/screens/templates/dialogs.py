"""Questions about templates that must interrupt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from console.core.i18n import current_language, ntr, tr
from console.core.messages.classes import CLASSES
from console.core.messages.exchange import Effect, Incoming
from console.core.messages.library import Offer, TemplateDetail
from console.core.messages.shipped import SCRIPTS, script_of
from console.screens.templates import operations
from console.shell import theme
from console.shell.forms import FormDialog
from console.shell.services import Services
from console.shell.widgets import label, open_at

_KEY = Qt.ItemDataRole.UserRole
SHOWN = 8  # rows that cannot be taken


class ReturnDialog(FormDialog):
    """What stands before a template goes back to its writer."""

    def __init__(self, parent: QWidget, services: Services, detail: TemplateDetail) -> None:
        super().__init__(parent, tr("Return {name}", name=detail.name), tr("Return"))
        self._services = services
        self._detail = detail
        self.explain(tr("The writer sees your words beside the text."))
        self.form.add_text("comment", tr("What has to be changed?"), max_length=500)
        self.form.submitted.connect(self._return)
        self.on_action(self._return)

    def _return(self) -> None:
        comment = str(self.form.value("comment"))
        if not comment:
            self.form.set_error("comment", tr("Say what has to be changed."))
            return
        work = operations.returning(self._detail.id, self._detail.newest.number, comment)
        self.work(self._services, work)


class LibraryDialog(FormDialog):
    """Shipped texts to choose from, in one script or the other; ``take(keys, script)``."""

    def __init__(self, parent: QWidget, services: Services, take: Callable[[Collection[str], str], None]) -> None:
        super().__init__(parent, tr("Texts of the program"), tr("Add as drafts"))
        self._services = services
        self.setMinimumWidth(theme.current().px(620))
        self.explain(tr("They become drafts of the office: campaigns use them once a supervisor has approved them."))
        scripts = [(key, str(title)) for key, title in SCRIPTS.items()]
        self.script = self.form.add_choice("script", tr("Script"), scripts, script_of(current_language()))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Texts of the program"))
        self.list.setMinimumHeight(theme.current().px(180))
        self.text = label("", wrap=True)
        self.text.setMinimumHeight(self.text.fontMetrics().lineSpacing() * 4)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        place = self.body.indexOf(self.form) + 1
        self.body.insertWidget(place, self.list, 1)
        self.body.insertWidget(place + 1, self.text)
        self.body.setStretch(self.body.indexOf(self.trouble) + 1, 0)  # all the room is the list's
        self.form.changed.connect(self._load)
        self.list.currentItemChanged.connect(lambda item, _before: self._show(item))
        self.list.itemChanged.connect(lambda _item: self._count())

        def done() -> None:
            self.accept()
            take(self.chosen(), str(self.form.value("script")))

        self.on_action(done)
        open_at(self, theme.current().px(620), theme.current().px(560))
        self._load()

    def chosen(self) -> list[str]:
        items = (self.list.item(place) for place in range(self.list.count()))
        return [item.data(_KEY).key for item in items if item.checkState() is Qt.CheckState.Checked]

    def _load(self) -> None:
        work = operations.offers_in(str(self.form.value("script")))
        self._services.tasks.query(work, self._fill, owner=self, key="offers")

    def _fill(self, offers: list[Offer]) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for offer in offers:
            title = f"{CLASSES[offer.class_key].title} · {offer.name}"
            item = QListWidgetItem(tr("{title}: {text}", title=title, text=tr("is there")) if offer.there else title)
            item.setData(_KEY, offer)
            if offer.there:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
            else:
                item.setCheckState(Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.list.setCurrentRow(0)
        self._show(self.list.currentItem())
        self._count()

    def _show(self, item: QListWidgetItem | None) -> None:
        self.text.setText(item.data(_KEY).body if item is not None else "")

    def _count(self) -> None:
        self.action.setEnabled(bool(self.chosen()))


class ImportDialog(FormDialog):
    """What a file would do, before it does it."""

    def __init__(self, parent: QWidget, incoming: Sequence[Incoming]) -> None:
        super().__init__(parent, tr("Import templates"), tr("Save as drafts"))
        number = Counter(each.effect for each in incoming)
        self.explain(tr("Nothing is in force before a supervisor has approved it."))
        told = [
            ntr("{n} new template", "{n} new templates", number[Effect.NEW]),
            ntr("{n} changed text", "{n} changed texts", number[Effect.CHANGED]),
            ntr("{n} stays as it is", "{n} stay as they are", number[Effect.SAME]),
        ]
        unusable = [each for each in incoming if each.effect is Effect.UNUSABLE]
        told += [tr("Row {row}: {why}", row=each.row, why=str(each.why)) for each in unusable[:SHOWN]]
        if len(unusable) > SHOWN:
            told.append(ntr("and {n} more row", "and {n} more rows", len(unusable) - SHOWN))
        self.lines = [label(line, wrap=True) for line in told]
        for place, line in enumerate(self.lines):
            self.body.insertWidget(2 + place, line)
        self.action.setEnabled(bool(number[Effect.NEW] + number[Effect.CHANGED]))
        self.on_action(self.accept)
