"""A user's thresholds over the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sargas.errors import UsageError
from sargas.watch.rules import load_rules


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e300", "true", "'3'", "[3]"])
def test_what_no_threshold_can_be_is_refused(tmp_path: Path, value: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(f"[gap]\njudge_min = {value}\n")
    with pytest.raises(UsageError, match="judge_min is not a number"):
        load_rules(file)


def test_a_users_number_stands(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[gap]\njudge_min = {value = 90}\n")
    assert load_rules(file)["gap"]["judge_min"] == 90.0
    assert load_rules(file).version != load_rules().version
