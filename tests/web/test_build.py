"""The committed client is what web/ builds, small enough, and free of addresses."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from .world import ROOT

WEB = ROOT / "web"
STATIC = ROOT / "src/sargas/web/static"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command in web/."""
    return subprocess.run(
        command, cwd=WEB, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.usefixtures("node_modules")
def test_committed_client_equals_a_fresh_build() -> None:
    done = run("sh", "check-build.sh")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("node_modules")
def test_units_of_the_client() -> None:
    done = run("npm", "run", "--silent", "test")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"# pass [1-9]", done.stdout)


@pytest.mark.usefixtures("node_modules")
def test_first_load_is_within_the_budget() -> None:
    done = run("npm", "run", "--silent", "size")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lock_file_names_no_index() -> None:
    text = (WEB / "package-lock.json").read_text()
    assert "resolved" not in text
    assert "http" not in re.sub(r'"(url|funding)": "https?://[^"]*"', "", text).replace(
        "https://opencollective", ""
    )


def test_page_asks_only_its_own_origin() -> None:
    page = (STATIC / "index.html").read_text()
    assert re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(path.startswith("/static/") for path in re.findall(r'(?:src|href)="([^"]+)"', page))
    for sheet in STATIC.glob("*.css"):
        assert all(
            url.startswith("/static/") for url in re.findall(r"url\(([^)]+)\)", sheet.read_text())
        )


def test_notices_name_every_shipped_package() -> None:
    notices = (STATIC / "THIRD-PARTY-NOTICES.txt").read_text()
    shipped = json.loads((WEB / "package.json").read_text())["dependencies"]
    for name, version in shipped.items():
        assert f"\n{name} {version} · " in notices
    bare = notices.count("holds no licence file")
    assert bare <= 2  # murmurhash-js and terra-draw name MIT in their package.json only
