"""What the login window needs before anything else is loaded: the database layer takes longer to load than to use.

The window stands after a third of a second; the rest is loaded while the user types.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.core.clock import Clock
    from console.core.context import Context
    from console.core.security.login import Door, LoggedIn

_SQLITE = "sqlite:///"


def embedded_file(url: str) -> Path | None:
    """The file of an embedded database; None for a server."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


class Entrance:
    """The ways in: every method but ``needs_setup`` is work for a background thread."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url, self._clock = url, clock
        self.file = embedded_file(url)
        self._door: Door | None = None

    @property
    def needs_setup(self) -> bool:
        return self.file is not None and not self.file.exists()

    def authenticate(self, login: str, password: str) -> LoggedIn:
        if self._door is None:
            self._door = import_module("console.core.security.login").Door(self.url, self._clock)
        return self._door.authenticate(login, password)

    def set_up(self, login: str, name: str, password: str) -> Context:
        """The first administrator, and on this computer the database with it."""
        setup = import_module("console.core.security.setup")
        values = {"login": login, "name": name, "password": password, "clock": self._clock}
        made: Context = (
            setup.create_first_user(self.url, **values)
            if self.file is None
            else setup.create_embedded(self.file, **values)
        )
        return made

    def has_no_users(self) -> bool:
        """Of a server's database, which is looked at for it."""
        empty: bool = import_module("console.core.security.setup").needs_first_user(self.url)
        return empty

    def change_password(self, context: Context, old: str, new: str) -> None:
        import_module("console.core.security.users").change_password(context, old, new)

    def title(self) -> str:
        """Where it is, in words."""
        if self.file is not None:
            return self.file.name
        shown: str = import_module("console.core.security.place").place_title(self.url)
        return shown


def checked_server_url(text: str) -> str:
    """See ``console.core.security.place``."""
    url: str = import_module("console.core.security.place").checked_server_url(text)
    return url
