"""A campaign is made on one page: numbered sections, every answer in sight, saved as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.campaigns.audience import Audience
from console.core.campaigns.choices import Choices
from console.core.campaigns.draft import NAME_LENGTH, Draft, SavedDraft
from console.core.campaigns.freeze import Frozen
from console.core.campaigns.preflight import Preflight
from console.core.campaigns.trial import TrialSent
from console.core.errors import UserError
from console.core.format import count, local_time
from console.core.i18n import listed, ntr, sentences, tr
from console.core.security.permissions import Permission
from console.screens.campaigns import operations
from console.screens.campaigns.check import CheckSection
from console.screens.campaigns.holding import HoldOutRow
from console.screens.campaigns.keeper import DraftKeeper
from console.screens.campaigns.operations import CHANGED, Started
from console.screens.campaigns.repeat import RepeatDialog
from console.screens.campaigns.sections import AudienceSection, Section, TemplateSection
from console.screens.campaigns.when import ScheduleSection
from console.shell import theme
from console.shell.services import Services
from console.shell.tasks import Task, TaskState
from console.shell.widgets import column, flat_button, label, primary_button, quiet_button, row, scroll

SAVE_AFTER = 1200  # milliseconds of quiet before what was typed is stored
CHECK_AFTER = 600
_UNFINISHED = (TaskState.WAITING, TaskState.RUNNING)
CHECKED_BY_ITSELF = 2_000  # an audience up to this size is checked without being asked


class SubmitSection(Section):
    def __init__(self) -> None:
        super().__init__(5, tr("Submit for approval"))
        self.summary = label("", wrap=True)
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.button = primary_button(tr("Submit for approval"), None, "stamp")
        self.repeat = quiet_button(tr("Repeat…"), None, "calendar")
        self.repeat.setToolTip(tr("Make it anew on certain days, each time with an approval of its own"))
        self.add(self.summary, self.trouble, row(self.button, self.repeat, None))


class CampaignEditor(QWidget):
    left = Signal()
    submitted = Signal(int)  # campaign
    repeated = Signal(int)  # series that was made of it

    def __init__(
        self,
        services: Services,
        campaign_id: int | None,
        *,
        template_id: int | None,
        import_id: int | None,
        segment_id: int | None = None,
        audience: Audience | None = None,
    ) -> None:
        super().__init__()
        self._services = services
        self._audience = audience
        self._template_id, self._import_id, self._segment_id = template_id, import_id, segment_id
        self._begun = False
        self._reach: int | None = None
        self._checking: Task | None = None
        self._freezing: Task | None = None
        self.keeper = DraftKeeper(services, campaign_id)
        self.keeper.saved.connect(self._saved)
        self.keeper.failed.connect(self._not_saved)
        self._build()
        self._save_timer = QTimer(self, interval=SAVE_AFTER, singleShot=True)
        self._save_timer.timeout.connect(self.save_now)
        self._check_timer = QTimer(self, interval=CHECK_AFTER, singleShot=True)
        self._check_timer.timeout.connect(self._count)

    @property
    def campaign_id(self) -> int | None:
        return self.keeper.campaign_id

    def _build(self) -> None:
        px = theme.current().px
        self.name = QLineEdit()
        self.name.setMaxLength(NAME_LENGTH)
        self.name.setPlaceholderText(tr("Name of the campaign"))
        self.name.setAccessibleName(tr("Name of the campaign"))
        self.name.setMinimumWidth(px(200))
        self.name.setMaximumWidth(px(420))
        self.state = label("", "small")
        back = flat_button(tr("Back to the list"), self.left.emit, "arrow-left")
        head = QWidget()
        head.setObjectName("pagebar")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head_row = row(back, self.name, self.state, None, spacing=12, margins=10)
        head_row.setStretch(1, 1)
        head.setLayout(head_row)
        self.template = TemplateSection(self._services)
        self.audience = AudienceSection(self._services.ctx.clock.now().astimezone().date())
        self.hold_out = HoldOutRow()
        self.audience.add(self.hold_out)
        self.schedule = ScheduleSection(self._services.ctx.clock.now().astimezone().date())
        self.check = CheckSection(self._services)
        self.submission = SubmitSection()
        inside = QWidget()
        self.comment = label("", "error", wrap=True, selectable=True)
        self.comment.hide()
        body = column(
            self.comment, self.template, self.audience, self.schedule, self.check, self.submission, None, spacing=14
        )
        holder = QWidget()
        holder.setLayout(body)
        holder.setMaximumWidth(px(980))
        inside.setLayout(row(holder, margins=16))
        self._scroll = scroll(inside)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what stands in it
        layout = column(head, self._scroll, spacing=0)
        layout.setStretchFactor(self._scroll, 1)
        self.setLayout(layout)
        self.name.textChanged.connect(self._changed)
        for section in (self.template, self.audience, self.schedule):
            section.changed.connect(self._changed)
        self.template.changed.connect(lambda: self.hold_out.set_class(self.template.message_class))
        self.template.changed.connect(lambda: self.check.offer_texts(self.template.variants))
        self.hold_out.changed.connect(self._changed)
        self.check.check_wanted.connect(self.check_now)
        self.check.trial_wanted.connect(self._trial)
        self.submission.button.clicked.connect(lambda _checked=False: self.submit())
        self.submission.repeat.clicked.connect(lambda _checked=False: self.repeat())
        self._may_submit = self._services.allowed(Permission.CAMPAIGNS_SUBMIT)
        self.check.trial.setEnabled(self._services.allowed(Permission.CAMPAIGNS_TEST_SEND))

    # Beginning

    def begin(self) -> None:
        self._set_open(False)  # what is typed before the draft is there would be lost
        self._scroll.setEnabled(False)
        self.name.setEnabled(self.campaign_id is None)
        self.name.setFocus()
        work = operations.start(self.campaign_id)
        self._services.tasks.query(work, self._start, owner=self, failed=self._cannot_start)

    def _cannot_start(self, error: UserError) -> None:
        self._services.notices.error(error)
        self.left.emit()

    def _start(self, found: Started) -> None:
        saved = found.saved
        draft = saved.draft if saved else self._prefilled(found.choices)
        if saved is not None:
            self.keeper.begin(saved)
            self.name.setText(draft.name)
        template_id = saved.template_id if saved else self._template_id
        self.template.begin(found.choices.templates, template_id, draft.template_version_id)
        self.template.set_values(dict(draft.variables))
        self.audience.begin(found.choices, draft.audience)
        self.hold_out.set_class(self.template.message_class)
        self.hold_out.set_value(draft.hold_out)
        self.check.offer_texts(self.template.variants)
        self.schedule.begin(found.choices.lines, draft)
        self.comment.setText(tr("Returned: {comment}", comment=found.comment))
        self.comment.setVisible(bool(found.comment))
        self._of_series(saved is not None and saved.state.value == "pattern")
        self._begun = True
        self._set_open(True)
        focused = self.window().focusWidget()
        if focused is None or not self._scroll.isAncestorOf(focused):
            self.name.setFocus()
        self._refresh()
        self._check_timer.start(0)
        if self.name.text():  # typed while the page was being filled
            self._save_timer.start()

    def _prefilled(self, choices: Choices) -> Draft:
        if self._audience is not None:
            return Draft(audience=self._audience)
        if self._segment_id is not None:
            options = [each.audience for each in choices.segments if each.audience.segment_id == self._segment_id]
            nobody = Audience.of_customers([])  # it was retired at this moment: never everybody instead
            return Draft(audience=next((each for each in options if each.pin_id is None), nobody))
        if self._import_id is not None:
            return Draft(audience=Audience.of_import(self._import_id))
        return Draft()

    def draft(self) -> Draft:
        """What stands on the page now."""
        choice = self.template.choice
        answered = Draft(
            name=self.name.text().strip(),
            template_version_id=choice.version_id if choice else None,
            audience=self.audience.audience(),
            variables=self.template.values(),
            hold_out=self.hold_out.value(),
        )
        return self.schedule.answer(answered)

    # Saving

    def _changed(self) -> None:
        if not self._begun:
            return
        self._save_timer.start()
        self._check_timer.start()
        self._refresh()

    def save_now(self) -> None:
        """Store what is on the page, unless nothing was written yet."""
        self._save_timer.stop()
        draft = self.draft()
        if self._begun and (self.campaign_id is not None or draft.name or draft.template_version_id):
            self.keeper.keep(draft)

    def _saved(self, saved: SavedDraft) -> None:
        self.state.setText(tr("Saved at {time}", time=local_time(saved.updated_at)))

    def _not_saved(self, error: UserError) -> None:
        self.state.setText(str(error.message))

    # Counting and checking

    def _count(self) -> None:
        class_ = self.template.message_class
        per_loan = class_ is not None and class_.per_loan
        work = operations.count_audience(self.audience.audience(), per_loan, self.schedule.not_before)
        self._services.tasks.query(work, lambda number: self._counted(number, per_loan), owner=self, key="reach")

    def _counted(self, number: int, per_loan: bool) -> None:
        self._reach = number
        self.audience.show_reach(number, per_loan)
        self._foresee()
        if number <= CHECKED_BY_ITSELF and not self._missing_for_check() and not self._is_checked():
            self._when_known(self._check_quietly)

    def _foresee(self) -> None:
        """The forecast beside the schedule: of those who get it once that is known, of the whole audience before."""
        class_, found = self.template.message_class, self.check.result
        if class_ is None or self._reach is None:
            self.schedule.show_forecast(None, self._services.ctx.clock.now())
            return
        known = found is not None and self._is_checked()
        messages = found.gets if found is not None and known else self._reach
        parts = found.parts if found is not None and known else self._reach * self.template.parts
        work = operations.foreseen(self.draft(), class_, messages, parts)
        self._services.tasks.query(
            work,
            lambda told: self.schedule.show_forecast(told, self._services.ctx.clock.now()),
            owner=self,
            key="forecast",
        )

    def _when_known(self, act: Callable[[], None]) -> None:
        """The lot of a held-out group is that of the stored campaign, so there has to be one."""
        if self.hold_out.value() and self.campaign_id is None:
            self.save_now()
            self.keeper.when_idle(act)
        else:
            act()

    def _check_quietly(self) -> None:
        work = operations.check_quietly(self.draft(), self.campaign_id)
        self._services.tasks.query(work, self._checked, owner=self, failed=self._check_failed, key="check")

    def check_now(self) -> None:
        if not self._missing_for_check():
            self._when_known(self._check)

    def _check(self) -> None:
        work = operations.check(self.draft(), self.campaign_id)
        self._checking = self._services.tasks.run(
            tr("Checking {name}", name=self.name.text() or tr("the campaign")),
            work,
            self._checked,
            owner=self,
            failed=self._check_failed,
        )
        self._checking.changed.connect(self._refresh)
        self._refresh()

    def _checked(self, found: Preflight) -> None:
        self.check.show_result(found)
        self._refresh()
        self._foresee()

    def _check_failed(self, error: UserError) -> None:
        self._refresh()
        self.check.say(sentences(error.message, error.hint))

    def _is_checked(self) -> bool:
        found = self.check.result
        return found is not None and replace(found.draft, name="") == replace(self.draft(), name="")

    def _missing_for_check(self) -> list[str]:
        if self.template.choice is None:
            return [tr("a template")]
        return [*self.template.missing(), *self.schedule.missing()]

    def _missing(self) -> list[str]:
        """What still stands between the page and its submission."""
        missing = [] if self.name.text().strip() else [tr("a name")]
        missing += self._missing_for_check()
        found = self.check.result
        if not missing and not self._is_checked():
            missing.append(tr("the check"))
        elif not missing and found is not None and (found.blocked or not found.gets):
            missing.append(tr("a check without obstacles"))
        return missing

    def _refresh(self) -> None:
        if not self._begun:
            return
        self.schedule.set_class(self.template.message_class)
        needed = self._missing_for_check()
        running = self._checking is not None and self._checking.state in _UNFINISHED
        self.check.button.setEnabled(not needed and not running)
        if running:
            self.check.say(tr("Looking at every customer…"))
        else:
            self.check.say(tr("Still needed: {what}.", what=listed(needed)) if needed else "")
        self.check.set_stale(not self._is_checked())
        missing = self._missing()
        self.submission.button.setEnabled(self._may_submit and not missing)
        self.submission.repeat.setEnabled(self._may_submit and not missing)
        self.submission.summary.setText(self._summary(missing))

    def _summary(self, missing: list[str]) -> str:
        found = self.check.result
        if not self._may_submit:
            return tr("You may prepare a campaign; somebody with the right to submit it has to do that.")
        if missing or found is None:
            return tr("Still needed: {what}.", what=listed(missing))
        people = ntr("{count} message", "{count} messages", found.gets, count=count(found.gets))
        return tr(
            "{messages} are written down and put before a supervisor. Nothing is sent before they approve it. "
            "Any edit afterwards makes the submission void.",
            messages=people,
        )

    # Test message

    def _trial(self, phone: str, text: int) -> None:
        if self._missing_for_check():
            self.check.say_of_trial(tr("Still needed: {what}.", what=listed(self._missing_for_check())))
            return
        self.check.trial.setEnabled(False)
        work = operations.send_trial(self.draft(), phone, self.campaign_id, text)
        self._services.tasks.query(work, self._tried, owner=self, failed=self._not_tried)

    def _tried(self, sent: TrialSent) -> None:
        self.check.trial.setEnabled(True)
        self.check.say_of_trial(tr("The test message waits in the queue: {text}", text=sent.body))
        self._services.announce(CHANGED)

    def _not_tried(self, error: UserError) -> None:
        self.check.trial.setEnabled(True)
        self.check.say_of_trial(sentences(error.message, error.hint))

    # Repeating

    def _of_series(self, pattern: bool) -> None:
        """The pattern of a series is edited as a campaign is, but never submitted by itself."""
        self.submission.setVisible(not pattern)
        if pattern:
            self.comment.setProperty("look", "quiet")
            words = tr(
                "The pattern of a series: what you change counts from the next run. Its times are the series' own."
            )
            self.comment.setText(words)
            self.comment.show()

    def repeat(self) -> None:
        if self._missing() or not self._may_submit:
            return
        self.save_now()
        self.keeper.when_idle(self._ask_how_often)

    def _ask_how_often(self) -> None:
        campaign_id = self.keeper.campaign_id
        if campaign_id is None:
            return
        work = partial(operations.repeat, campaign_id)
        title = tr("Repeat this campaign")
        RepeatDialog(self, self._services, title, tr("Repeat"), work, self._made_series).open()

    def _made_series(self, series_id: int) -> None:
        self._begun = False  # what is on the page is the pattern now
        self.repeated.emit(series_id)

    # Submitting

    def submit(self) -> None:
        if self._missing() or not self._may_submit:
            return
        self.submission.trouble.hide()
        self.submission.button.setEnabled(False)
        self.save_now()
        self.keeper.when_idle(self._freeze)

    def _freeze(self) -> None:
        draft = self.draft()
        self._set_open(False)
        work = operations.submit(draft, self.keeper.campaign_id, self.keeper.seen)
        self._freezing = self._services.tasks.run(
            tr("Preparing {name}", name=draft.name), work, self._submitted, owner=self, failed=self._not_submitted
        )
        self._freezing.changed.connect(self._freezing_changed)

    def _set_open(self, open_: bool) -> None:
        self.name.setEnabled(open_)
        self._scroll.setEnabled(open_)

    def _submitted(self, frozen: Frozen) -> None:
        self._begun = False  # what is on the page is no draft any more
        words = ntr(
            "{count} message waits for approval.",
            "{count} messages wait for approval.",
            frozen.messages,
            count=count(frozen.messages),
        )
        self._services.notices.good(words)
        self._services.announce(CHANGED)
        self.submitted.emit(frozen.campaign_id)

    def _not_submitted(self, error: UserError) -> None:
        self.submission.trouble.setText(sentences(error.message, error.hint))
        self.submission.trouble.show()
        self._reopen()

    def _freezing_changed(self) -> None:
        """A cancelled submission leaves a draft; go on with it as it is stored now."""
        if self._freezing is not None and self._freezing.state is TaskState.CANCELLED:
            self._reopen()

    def _reopen(self) -> None:
        self._set_open(True)
        work = operations.start(self.keeper.campaign_id)
        self._services.tasks.query(work, self._take_up, owner=self, failed=self._cannot_start)

    def _take_up(self, found: Started) -> None:
        if found.saved is not None:
            self.keeper.begin(found.saved)
        self._refresh()
