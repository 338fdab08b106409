"""The unit of systemd and the container file name commands and options that exist."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

from sargas.cli.root import run

ROOT = Path(__file__).parents[2]


def options_of(capsys, *words: str) -> set[str]:
    assert run([*words, "--help"]) == 0
    return set(re.findall(r"--[a-z-]+", capsys.readouterr().out))


def test_the_unit_starts_a_watch_with_options_that_exist(capsys):
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy" / "sargas.service")
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[0].endswith("/sargas")
    assert words[1] == "watch"
    asked = {word for word in words if word.startswith("--")}
    assert asked
    assert asked <= options_of(capsys, "watch")
    assert unit["Service"]["SuccessExitStatus"] == "130"
    # Commands can be run as the owner of the home: a key that root makes, the service cannot read.
    user = unit["Service"]["User"]
    assert "DynamicUser" not in unit["Service"]
    page = (ROOT / "docs" / "operations.md").read_text()
    assert f"sudo -u {user} /opt/sargas/bin/sargas users add" in page
    assert re.search(rf"useradd --system .* {user}`", page)


def test_the_container_file_runs_the_program_and_copies_what_there_is():
    text = (ROOT / "deploy" / "Containerfile").read_text()
    assert 'ENTRYPOINT ["sargas"]' in text
    code = re.search(r'RUN python -c "(.*)"', text)
    assert code
    compile(code[1], "Containerfile", "exec")
    assert "from sargas.cli.warm import warm" in code[1]
    # What listens on the loopback of a container is reached by no published port.
    run_it = text.partition("FROM")[0]
    assert "--host" in run_it or " -p " not in run_it
    assert "podman run --network host" in run_it


def test_the_runbook_names_commands_and_measures_that_exist(capsys):
    page = (ROOT / "docs" / "operations.md").read_text()
    source = (ROOT / "src" / "sargas" / "web" / "health.py").read_text()
    for name in re.findall(r"sargas_[a-z_]+", page):
        stem = name.removesuffix("_total")
        if stem.startswith("sargas_feed_") and f'"{stem}"' not in source:
            assert f'"{stem.removeprefix("sargas_feed_")}"' in source, name
        else:
            assert f'"{stem}"' in source, name
    for noun, verb in re.findall(r"`sargas (\w+)(?: (add|disable))?", page):
        assert run([noun, *([verb] if verb else []), "--help"]) == 0
        capsys.readouterr()
