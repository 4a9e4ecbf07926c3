"""The texts that messages are made of: the library on the left, the editor with its preview on the right."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.format import local_date
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.messages.classes import CLASSES
from console.core.messages.exchange import Incoming
from console.core.messages.library import Saved, TemplateDetail, TemplateFilter, TemplateRow
from console.core.security.permissions import Permission
from console.screens.templates import operations
from console.screens.templates.dialogs import ImportDialog, LibraryDialog, ReturnDialog
from console.screens.templates.editor import FIRST, TemplateEditor
from console.screens.templates.operations import Draft
from console.shell.drafts import EditorPane
from console.shell.files import ask_table, ask_workbook
from console.shell.page import Page
from console.shell.services import Services
from console.shell.states import state_title
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, FilterBox, confirm, master_detail


class TemplatesPage(Page):
    key = "templates"
    icon = "message-square-text"
    topics = frozenset({Topic.TEMPLATES, Topic.CUSTOMERS, Topic.SETTINGS, Topic.RULES})
    permission = Permission.TEMPLATES_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Templates")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._wanted = TemplateFilter()
        self.bar.add_search(tr("Name or text"), self._search)
        classes = [(key, str(class_.title)) for key, class_ in CLASSES.items()]
        self.class_ = self.bar.add_filter(FilterBox(tr("Kind"), classes), self._filter)
        states = [(key, state_title(key)) for key in ("approved", "in_review", "returned", "draft", "retired")]
        self.state = self.bar.add_filter(FilterBox(tr("State"), states), self._filter)
        self.bar.add_action(tr("Export"), self._ask_where, "download")
        if services.allowed(Permission.TEMPLATES_EDIT):
            self.bar.add_action(tr("Import"), self._ask_which, "upload")
            self.bar.add_action(tr("Library…"), self.offer_library, "folder-open")
            self.bar.set_primary(tr("New template"), self.new)
        self.table = self._table()
        self.editor = TemplateEditor(services)
        self._connect_editor()
        nothing = EmptyState(
            "message-square-text", tr("Choose a template"), tr("Its text and how it reads stand here.")
        )
        self.pane = EditorPane(self.table, self.editor, nothing)
        self.pane.chosen.connect(self.open)
        self.set_content(master_detail(self.table, self.pane, shares=(3, 7)))
        self.table.setMinimumWidth(220)
        self.pane.setMinimumWidth(0)  # what its parts need

    def _table(self) -> RecordTable[TemplateRow]:
        columns = [
            Column[TemplateRow]("name", tr("Template"), lambda row: row.name, 0, tip=lambda row: row.body),
            Column[TemplateRow]("class", tr("Kind"), lambda row: _class_title(row.class_key), 104, drop=1),
            Column[TemplateRow](
                "state", tr("State"), lambda row: state_title(row.state), 78, state=lambda row: row.state
            ),
        ]
        empty = EmptyState("message-square-text", tr("No template fits"), tr("Try another word or kind."))
        table = RecordTable(
            self.services, columns, operations.ids_of(self._wanted), operations.rows, empty, sort=Sort("class")
        )
        table.setAccessibleName(tr("Templates"))
        return table

    def _connect_editor(self) -> None:
        editor = self.editor
        editor.save_wanted.connect(self.save)
        editor.copy_wanted.connect(self.copy)
        editor.retire_wanted.connect(self.retire)
        editor.restore_wanted.connect(self.restore)
        editor.campaign_wanted.connect(self.new_campaign)
        editor.revert_wanted.connect(self.revert)
        editor.submit_wanted.connect(self.submit)
        editor.withdraw_wanted.connect(lambda: self._move(operations.withdrawing))
        editor.approve_wanted.connect(lambda: self._move(operations.approving))
        editor.return_wanted.connect(self._return)

    # --- the list

    def arrive(self, **arguments: object) -> None:
        """``template_id`` opens one, ``state`` filters."""
        template_id, state = arguments.get("template_id"), arguments.get("state")
        if isinstance(state, str):
            self.state.set_value(state)
            self._filter(state)
        self.table.reload()
        if isinstance(template_id, int):
            self.open(template_id)

    def refresh(self, change: Change | None) -> None:
        self.table.reload()
        if change is None or change.concerns(Topic.CUSTOMERS, Topic.SETTINGS, Topic.RULES):
            self.editor.refresh_people()
        if self.pane.record_id and not self.editor.dirty:
            self.open(self.pane.record_id)

    def _search(self, text: str) -> None:
        self._look(replace(self._wanted, text=text))

    def _filter(self, _value: object) -> None:
        self._look(replace(self._wanted, class_key=str(self.class_.value()), state=str(self.state.value())))

    def _look(self, wanted: TemplateFilter) -> None:
        self._wanted = wanted
        self.table.set_loaders(operations.ids_of(wanted))
        self.table.reload()

    # --- the editor

    def open(self, template_id: int) -> None:
        """Show a template; text that was not saved waits until its template is opened again."""
        self.services.tasks.query(operations.detail_of(template_id), self.pane.show_record, owner=self, key="detail")

    def new(self) -> None:
        self.editor.load(None, self.pane.begin(), class_key=str(self.class_.value()) or FIRST)
        self.editor.name.setFocus()

    def revert(self) -> None:
        self.editor.load(self.editor.detail)

    def save(self) -> None:
        draft = self.editor.draft
        self.services.tasks.query(operations.saving(draft), lambda saved: self._saved(saved, draft), owner=self)

    def _saved(self, saved: Saved, draft: Draft) -> None:
        if not saved.fit:
            self.services.notices.warn(
                tr("Saved as a draft"), tr("It cannot be submitted until what is marked as an error is mended.")
            )
        else:
            self.services.notices.good(
                tr("Version {number} is saved", number=saved.number),
                tr("Campaigns use it once a supervisor has approved it."),
            )
        self.pane.saved(draft, saved.template_id, saved.number)
        self._reopen(saved.template_id)

    def submit(self) -> None:
        if not self.editor.dirty:
            self._move(operations.submitting)
            return
        draft = self.editor.draft
        self.services.tasks.query(
            operations.saving(draft), lambda saved: self._saved_to_submit(saved, draft), owner=self
        )

    def _saved_to_submit(self, saved: Saved, draft: Draft) -> None:
        self._saved(saved, draft)
        if saved.fit:
            work = operations.submitting(saved.template_id, saved.number)
            self.services.tasks.query(work, lambda _none: self._reopen(saved.template_id), owner=self)

    def _reopen(self, template_id: int) -> None:
        self.services.announce(operations.CHANGED)
        self.open(template_id)

    def copy(self) -> None:
        if self.editor.detail is not None:
            self.services.tasks.query(operations.copying(self.editor.detail.id), self._copied, owner=self)

    def _copied(self, saved: Saved) -> None:
        self.services.notices.good(tr("A copy was made. It is yours to change."))
        self._reopen(saved.template_id)

    def retire(self) -> None:
        detail = self.editor.detail
        if detail is None:
            return
        text = tr("New campaigns cannot use it any more. What was sent with it stays, and it can be used again later.")
        if confirm(self, tr("Retire {name}?", name=detail.name), text, tr("Retire"), danger=True):
            self._set_state(detail, operations.retiring(detail.id))

    def restore(self) -> None:
        if self.editor.detail is not None:
            self._set_state(self.editor.detail, operations.restoring(self.editor.detail.id))

    def _move(self, step: Callable[[int, int], Callable[[Context], None]]) -> None:
        """Take the newest version one step through its review."""
        detail = self.editor.detail
        if detail is not None:
            self._set_state(detail, step(detail.id, detail.newest.number))

    def _return(self) -> None:
        detail = self.editor.detail
        if detail is not None:
            dialog = ReturnDialog(self, self.services, detail)
            dialog.accepted.connect(lambda: self._reopen(detail.id))
            dialog.open()

    def _set_state(self, detail: TemplateDetail, work: Callable[[Context], None]) -> None:
        self.services.tasks.query(work, lambda _none: self._reopen(detail.id), owner=self)

    # --- as a file

    def _ask_where(self) -> None:
        suggested = tr("Templates {date}.xlsx", date=local_date(self.services.ctx.clock.now()))
        path = ask_workbook(self, tr("Export templates"), suggested)
        if path is not None:
            self.export(path)

    def export(self, path: Path) -> None:
        def done(rows: int) -> None:
            self.services.notices.good(
                ntr(
                    "{n} template was exported to {file}.",
                    "{n} templates were exported to {file}.",
                    rows,
                    file=path.name,
                )
            )

        work = operations.exporting(self._wanted, self.table.sort, path)
        self.services.tasks.run(tr("Exporting templates"), work, done, owner=self)

    def _ask_which(self) -> None:
        path = ask_table(self, tr("Import templates"))
        if path is not None:
            self.import_from(path)

    def import_from(self, path: Path) -> None:
        self.services.tasks.run(tr("Reading templates"), operations.reading(path), self._offer, owner=self)

    def _offer(self, incoming: list[Incoming]) -> None:
        dialog = ImportDialog(self, incoming)
        dialog.accepted.connect(lambda: self._take(incoming))
        dialog.open()

    def _take(self, incoming: list[Incoming]) -> None:
        def done(taken: int) -> None:
            self.services.notices.good(
                ntr("{n} draft was saved.", "{n} drafts were saved.", taken),
                tr("Campaigns use it once a supervisor has approved it."),
            )
            self.services.announce(operations.CHANGED)

        self.services.tasks.run(tr("Importing templates"), operations.taking(incoming), done, owner=self)

    def offer_library(self) -> None:
        LibraryDialog(self, self.services, self.take_shipped).open()

    def take_shipped(self, keys: Collection[str], script: str) -> None:
        def done(taken: int) -> None:
            self.services.notices.good(
                ntr("{n} draft was saved.", "{n} drafts were saved.", taken),
                tr("Campaigns use it once a supervisor has approved it."),
            )
            self.services.announce(operations.CHANGED)

        work = operations.taking_shipped(keys, script)
        self.services.tasks.run(tr("Adding texts of the program"), work, done, owner=self)

    def new_campaign(self) -> None:
        if self.editor.detail is not None:
            self.services.navigate("campaigns", template_id=self.editor.detail.id)


def _class_title(key: str) -> str:
    return str(CLASSES[key].title) if key in CLASSES else key
