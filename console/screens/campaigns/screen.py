"""Campaigns: where each one stands, what went wrong, and the page on which a new one is made."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QStackedWidget, QWidget

from console.core.campaigns.audience import Audience
from console.core.campaigns.browse import CampaignFilter, CampaignRow
from console.core.campaigns.compare import LEAST, MOST
from console.core.campaigns.views import BADGES, STANDING_TITLES, Standing
from console.core.events import Change, Topic
from console.core.format import count, when
from console.core.i18n import ntr, tr
from console.core.listing import Sort
from console.core.messages.classes import CLASSES
from console.core.security.permissions import Permission
from console.screens.campaigns import operations
from console.screens.campaigns.comparing import ComparePane
from console.screens.campaigns.detail import DetailPane
from console.screens.campaigns.editor import CampaignEditor
from console.screens.campaigns.series import SeriesPane
from console.shell import theme
from console.shell.page import Page
from console.shell.services import Services
from console.shell.table import Column, RecordTable
from console.shell.widgets import EmptyState, FilterBox, master_detail


class CampaignsPage(Page):
    key = "campaigns"
    icon = "send"
    topics = frozenset({Topic.CAMPAIGNS, Topic.OUTBOX, Topic.TEMPLATES})
    permission = Permission.CAMPAIGNS_VIEW

    @classmethod
    def title(cls) -> str:
        return tr("Campaigns")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._wanted = CampaignFilter()
        self._may_edit = services.allowed(Permission.CAMPAIGNS_EDIT)
        self._dress_bar()
        self.table = self._table()
        self.detail = DetailPane(services)
        self.detail.after = self.table
        self.detail.edit_wanted.connect(self.edit)
        self.detail.gone.connect(self._reload)
        self.detail.open_wanted.connect(self.open_campaign)
        self.table.current_changed.connect(self._show_current)
        self.table.row_activated.connect(self._activate)
        self.table.loaded.connect(self.table.land)
        self.detail.repeated.connect(self.open_series)
        self._editor: CampaignEditor | None = None
        self._series: SeriesPane | None = None
        self._comparing: ComparePane | None = None
        self.table.selection_changed.connect(self._selected)
        self._list = master_detail(self.table, self.detail)
        self.detail.setMinimumWidth(theme.current().px(320))
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list)
        self.set_content(self._stack)
        services.tasks.query(operations.clean_up, self._cleaned_up, owner=self)

    def _dress_bar(self) -> None:
        self.bar.add_search(tr("Name of a campaign"), self._search)
        standings = [(each, str(title)) for each, title in STANDING_TITLES.items() if each is not Standing.PATTERN]
        self.standing = self.bar.add_filter(FilterBox(tr("State"), standings), self._filter)
        classes = [(each.key, str(each.title)) for each in CLASSES.values()]
        self.class_box = self.bar.add_filter(FilterBox(tr("Class"), classes), self._filter)
        self.comparing = self.bar.add_action(tr("Compare"), self.compare_selected, "scale")
        self.comparing.setToolTip(tr("Choose two to four campaigns with Ctrl, to see them side by side"))
        self.comparing.setEnabled(False)
        self.repeating = self.bar.add_action(tr("Repeating"), self.open_series, "calendar")
        self.repeating.setToolTip(tr("Campaigns that repeat"))
        if self._may_edit:
            self.bar.set_primary(tr("New campaign"), self.new, "plus", tr("Write to many customers"))

    def _table(self) -> RecordTable[CampaignRow]:
        columns = [
            Column[CampaignRow]("name", tr("Campaign"), lambda c: c.name or tr("Without a name"), 0),
            Column[CampaignRow]("class", tr("Class"), lambda c: str(c.class_title), 112, drop=2),
            Column[CampaignRow](
                "standing",
                tr("State"),
                lambda c: str(STANDING_TITLES[c.standing]),
                150,
                state=lambda c: BADGES[c.standing],
            ),
            Column[CampaignRow]("progress", tr("Progress"), _progress, 160, share=_share),
            Column[CampaignRow]("updated", tr("Changed"), self._when, 92, drop=1),
        ]
        empty = EmptyState(
            "send",
            tr("No campaign yet"),
            tr("A campaign sends one template to many customers, after somebody else has approved it."),
            tr("New campaign") if self._may_edit else "",
            self.new,
        )
        table = RecordTable(
            self.services,
            columns,
            operations.ids_of(self._wanted),
            operations.rows,
            empty,
            sort=Sort("updated", descending=True),
        )
        table.setAccessibleName(tr("Campaigns"))
        return table

    def _when(self, row: CampaignRow) -> str:
        return when(row.updated_at, self.services.ctx.clock.now())

    # Coming and going

    def arrive(self, **arguments: object) -> None:
        """``campaign_id`` opens one, ``standing`` filters, ``new``, ``audience`` or one of the other ids start one."""
        campaign_id, standing = arguments.get("campaign_id"), arguments.get("standing")
        self._look_after_series()
        template_id, import_id = arguments.get("template_id"), arguments.get("import_id")
        segment_id, audience = arguments.get("segment_id"), arguments.get("audience")
        if isinstance(standing, str) and standing:
            self.standing.set_value(Standing(standing))
            self._look()
        compared = arguments.get("compare")
        if arguments.get("series"):
            self.open_series()
        elif isinstance(compared, list | tuple):
            self.compare([each for each in compared if isinstance(each, int)])
        elif isinstance(campaign_id, int):
            self.open_campaign(campaign_id)
        elif self._may_edit and isinstance(audience, Audience):
            self.new(audience=audience)
        elif self._may_edit and (arguments.get("new") or {template_id, import_id, segment_id} != {None}):
            self.new(
                template_id=template_id if isinstance(template_id, int) else None,
                import_id=import_id if isinstance(import_id, int) else None,
                segment_id=segment_id if isinstance(segment_id, int) else None,
            )
        else:
            self.table.reload()

    def _cleaned_up(self, number: int) -> None:
        if number:
            self.services.announce(operations.CHANGED)

    def refresh(self, change: Change | None) -> None:
        self.table.reload()
        self.detail.reload()
        self._look_after_series()
        if self._series is not None:
            self._series.reload()

    def _look_after_series(self) -> None:
        self.services.tasks.query(operations.stopped_series, self._show_stopped, owner=self, key="stopped")

    def _show_stopped(self, number: int) -> None:
        words = ntr("Repeating: {n} stopped", "Repeating: {n} stopped", number) if number else tr("Repeating")
        self.repeating.setText(words)
        self.repeating.setAccessibleName(words)

    def may_leave(self) -> bool:
        if self._editor is not None:
            self._editor.save_now()
        return True

    def step_back(self) -> bool:
        if self._comparing is not None:
            self.close_comparison()
            return True
        if self._editor is None and self._series is not None:
            self.close_series()
            return True
        if self._editor is None:
            return self.detail.step_back()
        self.close_editor()
        return True

    def open_campaign(self, campaign_id: int) -> None:
        """Back to the list, with this campaign in it and its details beside it."""
        self.close_editor()
        self.close_series()
        self.close_comparison()
        self._clear_filters()
        self.table.seek(campaign_id)
        self.table.reload()

    # Editing

    def new(
        self,
        *,
        template_id: int | None = None,
        import_id: int | None = None,
        segment_id: int | None = None,
        audience: Audience | None = None,
    ) -> None:
        self._open_editor(None, template_id=template_id, import_id=import_id, segment_id=segment_id, audience=audience)

    def edit(self, campaign_id: int) -> None:
        self._open_editor(campaign_id)

    def _open_editor(
        self,
        campaign_id: int | None,
        *,
        template_id: int | None = None,
        import_id: int | None = None,
        segment_id: int | None = None,
        audience: Audience | None = None,
    ) -> None:
        self.close_editor()
        editor = CampaignEditor(
            self.services,
            campaign_id,
            template_id=template_id,
            import_id=import_id,
            segment_id=segment_id,
            audience=audience,
        )
        editor.left.connect(self.close_editor)
        editor.submitted.connect(self.open_campaign)
        editor.repeated.connect(self._repeated)
        self._editor = editor
        self._stack.addWidget(editor)
        self._stack.setCurrentWidget(editor)
        self.bar.hide()
        editor.begin()

    def close_editor(self) -> None:
        if self._editor is None:
            return
        editor, self._editor = self._editor, None
        saved = editor.campaign_id
        editor.save_now()
        self._stack.setCurrentWidget(self._list if self._series is None else self._series)
        self._stack.removeWidget(editor)
        editor.deleteLater()
        if self._series is not None:
            self._series.reload()
            return
        self.bar.show()
        if saved is not None:
            self.table.seek(saved)
        self.table.reload()
        self.table.setFocus()

    # Comparing

    def _selected(self) -> None:
        self.comparing.setEnabled(LEAST <= self.table.selected_count() <= MOST)

    def compare_selected(self) -> None:
        self.compare(self.table.selected_ids())

    def compare(self, campaign_ids: Sequence[int]) -> None:
        """Side by side, in the place of the list."""
        self.close_editor()
        self.close_series()
        self.close_comparison()
        self._comparing = ComparePane(self.services, campaign_ids)
        self._comparing.left.connect(self.close_comparison)
        self._stack.addWidget(self._comparing)
        self._stack.setCurrentWidget(self._comparing)
        self.bar.hide()
        self._comparing.begin()

    def close_comparison(self) -> None:
        if self._comparing is None:
            return
        pane, self._comparing = self._comparing, None
        self._back_to_list(pane)

    # Series

    def open_series(self, series_id: int | None = None) -> None:
        """Campaigns that repeat, in the place of the list."""
        self.close_editor()
        if self._series is None:
            self._series = SeriesPane(self.services)
            self._series.left.connect(self.close_series)
            self._series.new_wanted.connect(self.new)
            self._series.edit_wanted.connect(self.edit)
            self._series.open_wanted.connect(self.open_campaign)
            self._stack.addWidget(self._series)
        self._stack.setCurrentWidget(self._series)
        self.bar.hide()
        self._series.show_series(series_id)
        self._series.table.setFocus()

    def close_series(self) -> None:
        if self._series is None:
            return
        pane, self._series = self._series, None
        self._back_to_list(pane)

    def _back_to_list(self, pane: QWidget) -> None:
        self._stack.setCurrentWidget(self._list)
        self._stack.removeWidget(pane)
        pane.deleteLater()
        self.bar.show()
        self.table.reload()
        self.table.setFocus()

    def _repeated(self, series_id: int) -> None:
        self.services.announce(operations.CHANGED)
        self.open_series(series_id)

    # The list

    def _search(self, _text: str) -> None:
        self._look()

    def _filter(self, _value: object) -> None:
        self._look()

    def _look(self) -> None:
        search = self.bar.search
        standing = str(self.standing.value())  # Qt keeps a plain string of it
        self._wanted = CampaignFilter(
            text=search.text() if search else "",
            standing=Standing(standing) if standing else None,
            class_key=str(self.class_box.value() or ""),
        )
        self.table.set_loaders(operations.ids_of(self._wanted))
        self.table.reload()

    def _clear_filters(self) -> None:
        if self._wanted == CampaignFilter():
            return
        self.standing.set_value("")
        self.class_box.set_value("")
        if self.bar.search is not None:
            self.bar.search.blockSignals(True)
            self.bar.search.clear()
            self.bar.search.blockSignals(False)
        self._wanted = CampaignFilter()
        self.table.set_loaders(operations.ids_of(self._wanted))

    def _reload(self) -> None:
        self.table.reload()

    def _show_current(self, row: CampaignRow | None) -> None:
        self.detail.show_campaign(row.id if row is not None else None)

    def _activate(self, row: CampaignRow) -> None:
        if row.standing in (Standing.DRAFT, Standing.RETURNED) and self._may_edit:
            self.edit(row.id)
        else:
            self.detail.setFocus()


def _progress(row: CampaignRow) -> str:
    return f"{count(row.done)} / {count(row.total)}" if row.total else ""


def _share(row: CampaignRow) -> float | None:
    if not row.total or row.standing is Standing.PENDING:
        return None
    return row.done / row.total
