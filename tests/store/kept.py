"""A small home with something of everything in it."""

import json
import zipfile
from contextlib import ExitStack

from sargas.model.fixes import Statics
from sargas.store.audit import AuditLog, Seen
from sargas.store.home import Home
from sargas.store.ledger import Ledger
from sargas.store.merging import compact
from sargas.store.shards import ShardWriter, read_day, read_statics_day
from tests.store.alerts import make_alert
from tests.store.rows import T0_MS, make_fixes

NOW_MS = T0_MS + 3_600_000


def keep(path) -> Home:
    """Make a home with fixes, statics, alerts in versions, acts, masks, assets and evidence."""
    home = Home(path)
    for seed in (1, 2):
        with ShardWriter(home) as writer:
            writer.append(make_fixes(60, seed))
            writer.append_statics(
                Statics.build(3, subject_id=[230_000_000 + seed, 5, 6], t_ms=[T0_MS + seed] * 3)
            )
    compact(home, home.days()[0])
    alerts = [make_alert(n, priority="P2", muted_by=("port",) if n == 3 else ()) for n in range(4)]
    alerts += [make_alert(0, priority="P2", version=v, t_issued_ms=NOW_MS + v) for v in (2, 3)]
    with ExitStack() as stack:
        ledger, log = stack.enter_context(Ledger(home)), stack.enter_context(AuditLog(home))
        ledger.commit("s", 1, b"state", alerts, {"sog_missing": 2})
        for n in (1, 2):
            log.act("acknowledge", "V.P.", [Seen(alerts[n].id)], t_ms=NOW_MS, at_ms=NOW_MS)
    for name, text in {
        "masks/book.jsonl": '{"sargas": 1}\n',
        "infra/imports.jsonl": "{}\n",
        "evidence/Notiz für später.txt": "für später",
    }.items():
        (home.path / name).parent.mkdir(exist_ok=True)
        (home.path / name).write_text(text)
    with zipfile.ZipFile(home.evidence_path / "e.zip", "w") as bundle:
        bundle.writestr("alert.json", json.dumps({"id": 1}))
    return home


def facts(home: Home) -> dict:
    """What a home says: equal for a home and its copy."""
    with Ledger(home) as ledger, AuditLog(home) as log:
        return {
            "settings": (home.shards, home.created),
            "alerts": [ledger.alert(a["id"]) for a in ledger.alerts()],
            "muted": ledger.suppressions(),
            "counters": ledger.counters(),
            "checkpoint": ledger.checkpoint("s"),
            "acts": log.lines(),
            "chain": log.verify(),
            "fixes": [read_day(home, day).columns() for day in home.days()],
            "statics": [read_statics_day(home, day).columns() for day in home.days("statics")],
            "rest": {
                name: (home.path / name).read_bytes()
                for name in ("masks/book.jsonl", "infra/imports.jsonl", "evidence/e.zip")
            },
        }


def tree(folder) -> set[str]:
    """Names of all files and folders below one."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
