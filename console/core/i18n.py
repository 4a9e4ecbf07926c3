"""Texts in the user's language, with or without a screen.

Sources are English; catalogues are gettext, so that the dispatcher, the command line and the Excel exports speak
the same language as the window without loading Qt. ``T`` makes a text that is rendered when it is shown and may be
stored; ``tr`` renders at once.
"""

from __future__ import annotations

import gettext
import json
import locale
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import resources

DOMAIN = "branch-sms"
LANGUAGES: Mapping[str, str] = {"zh_CN": "简体中文", "zh_TW": "繁體中文", "en": "English"}

Param = str | int | float


class _State:
    language = "zh_CN"
    catalogue: gettext.NullTranslations = gettext.NullTranslations()


@dataclass(frozen=True)
class Text:
    """A translatable source text and its parameters; ``str()`` renders it in the current language."""

    source: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def __str__(self) -> str:
        return _State.catalogue.gettext(self.source).format(**self.params) if self.source else ""

    def dump(self) -> str:
        return json.dumps({"m": self.source, "p": dict(self.params)}, ensure_ascii=False, sort_keys=True)

    @staticmethod
    def load(stored: str) -> Text:
        """The text that ``dump`` wrote; an empty text for an empty string."""
        if not stored:
            return Text("")
        record = json.loads(stored)
        return Text(record["m"], record["p"])


def T(source: str, **params: Param) -> Text:  # noqa: N802 - short on purpose: it stands before every text
    return Text(source, params)


def tr(source: str, **params: Param) -> str:
    return str(Text(source, params))


def ntr(singular: str, plural: str, n: int, **params: Param) -> str:
    """A text about ``n`` things; ``{n}`` in it is the number with thousands separators."""
    return _State.catalogue.ngettext(singular, plural, n).format(n=f"{n:,}", **params)


def sentences(*parts: object) -> str:
    """Whole sentences, one after the other; empty ones are left out. Chinese puts no space between them."""
    return ("" if _State.language.startswith("zh") else " ").join(filter(None, map(str, parts)))


def listed(parts: Iterable[object]) -> str:
    """Words of one rank, as an enumeration; Chinese has a comma of its own for it."""
    return ("、" if _State.language.startswith("zh") else ", ").join(map(str, parts))


def clauses(parts: Iterable[object]) -> str:
    """Words that are not quite sentences, one after the other."""
    return ("；" if _State.language.startswith("zh") else "; ").join(map(str, parts))


def use_language(tag: str) -> None:
    """Switch every later ``str(Text)`` of this process. Raises ValueError for a language that is not shipped."""
    if tag not in LANGUAGES:
        raise ValueError(tag)
    _State.language = tag
    _State.catalogue = (
        gettext.NullTranslations()
        if tag == "en"
        else gettext.translation(DOMAIN, resources.path("i18n"), languages=[tag], fallback=True)
    )


def current_language() -> str:
    return _State.language


def system_language() -> str:
    """The shipped language nearest to the system's; Simplified Chinese where the system says nothing useful."""
    wished = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))  # its locale may not be installed
    tag = next((tag for tag in wished if tag.startswith(("zh", "en"))), locale.getlocale()[0] or "").replace("-", "_")
    if tag.startswith(("zh_TW", "zh_HK", "zh_MO", "zh_Hant", "Chinese (Traditional)")):
        return "zh_TW"
    if tag.startswith("en"):
        return "en"
    return "zh_CN"
