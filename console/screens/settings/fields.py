"""The fields of a form, made from the declarations of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from console.core.errors import UserError
from console.core.i18n import tr
from console.core.settings import Declaration, Kind, Settings
from console.shell.forms import Form
from console.shell.widgets import quiet_button, row


class SettingsForm(Form):
    """Fields for ``declarations`` with the values in force; ``changes()`` are those that differ."""

    def __init__(self, declarations: Iterable[Declaration], settings: Settings) -> None:
        super().__init__()
        self._declared = {declared.key: declared for declared in declarations}
        self._settings = settings
        self._folders: dict[str, QLineEdit] = {}
        for declared in self._declared.values():
            _ADDERS[declared.kind](self, declared)

    def changes(self) -> dict[str, object]:
        return {key: value for key, value in self.values().items() if value != self._settings[key]}

    def check(self) -> bool:
        """Whether every value may stand; what is wrong is said beside its field."""
        self.clear_errors()
        good = True
        for key, value in self.changes().items():
            try:
                self._declared[key].validated(value)
            except UserError as error:
                self.set_error(key, str(error.message))
                good = False
        return good

    def take(self, settings: Settings) -> None:
        """Other values are in force now; what was typed meanwhile stays."""
        typed = self.changes()
        self._settings = settings
        self._write({key: typed.get(key, settings[key]) for key in self._declared})

    def reset(self) -> None:
        """Back to what is in force."""
        self._write({key: self._settings[key] for key in self._declared})

    def _write(self, values: Mapping[str, object]) -> None:
        """Without a word: only what a person changes is a change."""
        self.blockSignals(True)
        self.set_values({key: value for key, value in values.items() if key not in self._folders})
        for key, edit in self._folders.items():
            edit.setText(str(values[key]))
        self.blockSignals(False)

    def add_one_text(self, declared: Declaration) -> None:
        self.add_text(
            declared.key,
            str(declared.title),
            self._settings.text(declared.key),
            hint=str(declared.description),
            max_length=declared.maximum or 0,
        )

    def add_one_number(self, declared: Declaration) -> None:
        unit = str(declared.unit)
        self.add_number(
            declared.key,
            str(declared.title),
            self._settings.integer(declared.key),
            minimum=declared.minimum or 0,
            maximum=declared.maximum or 1_000_000,
            suffix=f" {unit}" if unit else "",
            hint=str(declared.description),
        )

    def add_one_flag(self, declared: Declaration) -> None:
        self.add_flag(
            declared.key, str(declared.title), self._settings.flag(declared.key), hint=str(declared.description)
        )

    def add_one_choice(self, declared: Declaration) -> None:
        choices = [(value, str(title)) for value, title in declared.choices.items()]
        chosen = self._settings.text(declared.key)
        self.add_choice(declared.key, str(declared.title), choices, chosen, hint=str(declared.description))

    def add_one_folder(self, declared: Declaration) -> None:
        edit = QLineEdit(self._settings.text(declared.key))
        edit.setAccessibleName(str(declared.title))
        edit.textChanged.connect(self.changed)
        browse = quiet_button(tr("Choose…"), lambda: self._browse(edit), "folder-open")
        browse.setAccessibleName(tr("Choose a folder for {title}", title=str(declared.title)))
        holder = QWidget()
        holder.setLayout(row(edit, browse))
        holder.setFocusProxy(edit)
        self._folders[declared.key] = edit
        self.add_widget(
            declared.key,
            str(declared.title),
            holder,
            lambda: edit.text().strip(),
            hint=str(declared.description),
        )

    def _browse(self, edit: QLineEdit) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Choose a folder"), edit.text())
        if chosen:
            edit.setText(chosen)


_ADDERS: dict[Kind, Callable[[SettingsForm, Declaration], None]] = {
    Kind.TEXT: SettingsForm.add_one_text,
    Kind.INTEGER: SettingsForm.add_one_number,
    Kind.FLAG: SettingsForm.add_one_flag,
    Kind.CHOICE: SettingsForm.add_one_choice,
    Kind.FOLDER: SettingsForm.add_one_folder,
}
