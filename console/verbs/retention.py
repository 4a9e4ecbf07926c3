"""``branch-sms retention``: what is older than its time of keeping; with ``--run`` it goes now."""

from __future__ import annotations

import argparse

from console.core.format import count
from console.core.i18n import ntr, tr
from console.core.protection import retention
from console.verbs.common import logged_in, say


def run(parsed: argparse.Namespace) -> int:
    with logged_in(parsed) as context:
        if parsed.run:
            gone = retention.run(context)
            for key, rows in gone.items():
                say(f"{retention.TITLES[key][0]}: {count(rows)}")
            say(ntr("{n} old record was let go.", "{n} old records were let go.", sum(gone.values())))
            return 0
        for due in retention.preview(context):
            months = due.rule.months
            kept = tr("for ever") if months is None else ntr("{n} month", "{n} months", months)
            say(tr("{what}: kept for {time}, due now {n}", what=str(due.rule.title), time=kept, n=count(due.rows)))
    return 0
