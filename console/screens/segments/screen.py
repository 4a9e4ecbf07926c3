"""Segments: whom do we mean? The list on the left, the conditions and whom they find on the right."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.security.permissions import Permission
from console.core.segments.browse import SegmentRow
from console.core.segments.conditions import checked, dump
from console.core.segments.fields import Field
from console.core.segments.pinning import Pinned
from console.core.segments.store import Saved
from console.screens.segments import operations
from console.screens.segments.editor import SegmentEditor
from console.screens.segments.operations import Draft
from console.shell.drafts import EditorPane
from console.shell.page import Page
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.underway import UnderwayStrip
from console.shell.widgets import EmptyState, FilterBox, column, confirm, master_detail


class SegmentsPage(Page):
    key = "segments"
    icon = "filter"
    topics = frozenset({Topic.SEGMENTS, Topic.CUSTOMERS, Topic.CAMPAIGNS})
    permission = Permission.CUSTOMERS_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Segments")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._text = ""
        self.bar.add_search(tr("Name of a segment"), self._search)
        self.retired = self.bar.add_filter(FilterBox(tr("State"), [("retired", tr("Retired"))]), self._filter)
        self._may_edit = services.allowed(Permission.CAMPAIGNS_EDIT)
        if self._may_edit:
            self.bar.set_primary(tr("New segment"), self.new)
        self.table = self._table()
        self.editor = SegmentEditor(services)
        self.editor.act_wanted.connect(self._act)
        self.editor.customer_wanted.connect(lambda each: services.navigate("customers", customer_id=each))
        self.editor.campaign_wanted.connect(lambda each: services.navigate("campaigns", campaign_id=each))
        nothing = EmptyState(
            "filter",
            tr("Choose a segment"),
            tr("A segment says whom you mean, once and for all: who owes an instalment soon, whose birthday it is."),
            tr("New segment") if self._may_edit else "",
            self.new,
        )
        self.pane = EditorPane(self.table, self.editor, nothing)
        self.pane.chosen.connect(self.open)
        self.underway = UnderwayStrip(services)
        self.underway.ended.connect(lambda: self.refresh(None))
        panes, content = master_detail(self.table, self.pane, shares=(2, 6)), QWidget()
        whole = column(self.underway, panes, spacing=0)
        whole.setStretchFactor(panes, 1)
        content.setLayout(whole)
        self.set_content(content)
        self.table.setMinimumWidth(220)

    def _table(self) -> RecordTable[SegmentRow]:
        columns = [
            Column[SegmentRow]("name", tr("Segment"), lambda each: each.name, 0, tip=lambda each: each.name),
            Column[SegmentRow]("pinned", tr("Pinned"), _pinned, 64, align="right", sortable=False, drop=1),
        ]
        empty = EmptyState("filter", tr("No segment here"), tr("Saved segments stand here."))
        load = operations.ids_of("", False)
        table = RecordTable(self.services, columns, load, operations.rows, empty, sort=Sort("name"))
        table.setAccessibleName(tr("Segments"))
        return table

    # The list

    def arrive(self, **arguments: object) -> None:
        """``segment_id`` opens one, ``new`` begins one."""
        segment_id = arguments.get("segment_id")
        self.table.reload()
        self.underway.look()
        if isinstance(segment_id, int):
            self.open(segment_id)
        elif arguments.get("new") and self._may_edit:
            self.new()

    def refresh(self, change: Change | None) -> None:
        self.table.reload()
        if change is None or change.concerns(Topic.CUSTOMERS):
            self.underway.look()
            self.editor.builder.forget_values()
        if self.pane.record_id and not self.editor.dirty:
            self.open(self.pane.record_id)
        elif self.pane.record_id is not None:
            self.editor.look()

    def _search(self, text: str) -> None:
        self._text = text
        self._look()

    def _filter(self, _value: object) -> None:
        self._look()

    def _look(self) -> None:
        self.table.set_loaders(operations.ids_of(self._text, self.retired.value() == "retired"))
        self.table.reload()

    # The editor

    def open(self, segment_id: int) -> None:
        """Show a segment; conditions that were not saved wait until it is opened again."""
        self._with_fields(
            lambda: self.services.tasks.query(
                operations.detail_of(segment_id), self.pane.show_record, owner=self, key="detail"
            )
        )

    def _with_fields(self, then: Callable[[], None]) -> None:
        """First the fields that the administrator made up: they may have changed."""

        def use(own: list[Field]) -> None:
            self.editor.use_own_fields(own)
            then()

        self.services.tasks.query(operations.own_fields, use, owner=self, key="fields")

    def new(self) -> None:
        self._with_fields(self._begin)

    def _begin(self) -> None:
        self.editor.load(None, self.pane.begin())
        self.editor.name.setFocus()

    def _act(self, act: str) -> None:
        acts: dict[str, Callable[[], None]] = {
            "save": self.save,
            "revert": lambda: self.editor.load(self.editor.detail),
            "copy": self.copy,
            "retire": self.retire,
            "restore": lambda: self._change(operations.restoring),
            "pin": self.pin,
            "unpin": lambda: self._change(operations.unpinning),
            "campaign": self.new_campaign,
            "customers": self.show_customers,
        }
        acts[act]()

    def save(self) -> None:
        draft = self.editor.draft
        self.services.tasks.query(operations.saving(draft), lambda saved: self._saved(saved, draft), owner=self)

    def _saved(self, saved: Saved, draft: Draft) -> None:
        self.services.notices.good(tr("Version {number} is saved", number=saved.number))
        self.pane.saved(draft, saved.segment_id, saved.number)
        self._reopen(saved.segment_id)

    def _reopen(self, segment_id: int) -> None:
        self.services.announce(operations.CHANGED)
        self.open(segment_id)

    def copy(self) -> None:
        if self.editor.detail is not None:
            self.services.tasks.query(operations.copying(self.editor.detail.id), self._copied, owner=self)

    def _copied(self, saved: Saved) -> None:
        self.services.notices.good(tr("A copy was made. It is yours to change."))
        self._reopen(saved.segment_id)

    def retire(self) -> None:
        detail = self.editor.detail
        if detail is None:
            return
        text = tr("New campaigns cannot choose it any more. Those that use it go on, and it can be used again later.")
        if confirm(self, tr("Retire {name}?", name=detail.name), text, tr("Retire"), danger=True):
            self._change(operations.retiring)

    def _change(self, verb: Callable[[int], Callable[[Context], None]]) -> None:
        detail = self.editor.detail
        if detail is not None:
            self.services.tasks.query(verb(detail.id), lambda _none: self._reopen(detail.id), owner=self)

    def pin(self) -> None:
        detail = self.editor.detail
        if detail is not None:
            self.services.tasks.run(
                tr("Pinning {name}", name=detail.name),
                operations.pinning_of(detail.id),
                lambda pinned: self._pinned(pinned, detail.id),
                owner=self,
            )

    def _pinned(self, pinned: Pinned, segment_id: int) -> None:
        people = ntr("{n} customer stands on the list", "{n} customers stand on the list", pinned.customers)
        self.services.notices.good(people)
        self._reopen(segment_id)

    def new_campaign(self) -> None:
        if self.editor.detail is not None:
            self.services.navigate("campaigns", segment_id=self.editor.detail.id)

    def show_customers(self) -> None:
        """The same people as a list, with everything that lists can do."""
        root = checked(self.editor.builder.root)
        name = self.editor.draft.name or tr("Segment without a name")
        self.services.navigate("customers", conditions=json.dumps(dump(root), ensure_ascii=False), segment_name=name)


def _pinned(each: SegmentRow) -> str:
    return "" if each.pinned is None else count(each.pinned)
