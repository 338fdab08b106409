"""The benchmark of the live watch fails where it says that the watch does not keep up."""

from __future__ import annotations

import pytest
from bench.live_bench import GOAL_P99_S, report

from sargas.cli.live.folding import SOURCE, State
from sargas.cli.live.saving import pack
from sargas.store import Home, Ledger


@pytest.mark.parametrize(
    ("sent", "delays", "code"),
    [
        (5, [], 0),
        (5, [GOAL_P99_S - 0.5], 0),
        (5, [GOAL_P99_S + 0.5], 1),
        (6, [], 1),
        (0, [], 1),
    ],
    ids=["kept up", "in time", "too late", "lost one", "nothing sent"],
)
def test_it_leaves_with_1_where_the_watch_does_not_keep_up(tmp_path, capsys, sent, delays, code):
    home = Home(tmp_path / "home")
    state, version = pack(State({}, b"", {}, {}, {1: min(sent, 5)}, watch=b""))
    with Ledger(home) as ledger:
        ledger.commit(SOURCE, 1, state, state_version=version)
    told = {"sent": sent, "late_s": 0.0}
    assert report(home.path, told, 10, list(delays), 1.0, 100.0) == code
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == ("DOES NOT KEEP UP" if code else "keeps up")
