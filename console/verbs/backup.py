"""``branch-sms backup FOLDER``: prints the path of the copy."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.core.security.backup import make_backup
from console.verbs.common import logged_in, say


def run(parsed: argparse.Namespace) -> int:
    with logged_in(parsed) as context:
        say(str(make_backup(context, Path(parsed.folder))))
    return 0
