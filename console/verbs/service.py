"""``branch-sms service-secret FILE``: what ``branch-sms dispatch --secret-file FILE`` opens the database with."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.core.i18n import tr
from console.core.security.service import make_service_secret
from console.verbs.common import logged_in, say


def run(parsed: argparse.Namespace) -> int:
    file = Path(parsed.file).absolute()
    with logged_in(parsed) as context:
        make_service_secret(context, file)
    say(tr("{file} opens the database now: keep it readable for the sending service only.", file=str(file)))
    return 0
