"""The unit of systemd, the container file and the page on them: what they say can be done."""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from sargas.cli.root import run
from sargas.store import Home
from sargas.store.access import Access
from sargas.store.users import By

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
SARGAS = Path(sys.executable).with_name("sargas")
NAME = "watch.example"
FEED = "tcp://HOST:PORT#name=north"


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
    # A user that stays, so that others can work on the home as this user.
    assert unit["Service"]["User"] == "sargas"
    assert "DynamicUser" not in unit["Service"]
    home = Path(words[words.index("--home") + 1])
    state = Path("/var/lib", unit["Service"]["StateDirectory"])
    assert home.parent == state, "a home is restored beside it, by a user who may write there"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze") and os.environ.get("SARGAS_E2E") != "1",
    reason="there is no systemd here",
)
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    text = (ROOT / "deploy" / "sargas.service").read_text()
    unit = tmp_path / "sargas.service"
    unit.write_text(text.replace("/opt/sargas/bin/sargas", str(SARGAS)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_every_command_on_the_services_home_is_run_as_its_user():
    home = "/var/lib/sargas/"
    said = re.findall(r"`([^`\n]*sargas [^`]*)`", PAGE) + PAGE.splitlines()
    on_it = [
        line for line in (" ".join(text.split()) for text in said)
        if "--home " + home in line and "`" not in line
    ]  # fmt: skip
    assert len(on_it) >= 8
    for line in on_it:
        cron = re.match(r"[\d*]+( [\d*]+){4} sargas /opt/sargas/bin/sargas ", line)
        assert line.startswith("sudo -u sargas sargas ") or cron, line


def test_the_container_file_runs_the_program_and_copies_what_there_is():
    text = (ROOT / "deploy" / "Containerfile").read_text()
    assert 'ENTRYPOINT ["sargas"]' in text
    code = re.search(r'RUN python -c "(.*)"', text)
    assert code
    compile(code[1], "Containerfile", "exec")
    assert "from sargas.cli.warm import warm" in code[1]


def test_the_image_holds_the_wheel_and_nothing_else_of_the_checkout():
    text = (ROOT / "deploy" / "Containerfile").read_text()
    first, last = re.split(r"(?m)^FROM .*$", text)[1:]
    copied = [
        word for line in re.findall(r"(?m)^COPY (.*)$", first) for word in shlex.split(line)[:-1]
    ]
    assert re.findall(r"(?m)^(?:COPY|ADD) (.*)$", last) == ["--from=build /wheels /wheels"]
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    files, packages = about["project"], about["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {files["readme"], *packages["packages"], "pyproject.toml"}
    needed |= {name.removesuffix("/*") for name in files["license-files"]}
    assert set(copied) == needed, "the wheel is made of these"
    for name in (".containerignore", "deploy/Containerfile.dockerignore"):
        rules = [
            line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")
        ]
        assert rules[0] == "*", name
        let_in = {rule[1:] for rule in rules if rule.startswith("!")}
        assert let_in - {"src"} == needed, name
        assert rules.index("src/*") < rules.index("!src/sargas")


def test_a_home_can_be_made_in_the_volume():
    """A home is made in an empty folder alone: nothing else may lie where it will be."""
    text = (ROOT / "deploy" / "Containerfile").read_text()
    home = re.search(r"SARGAS_HOME=(\S+)", text)
    kernels = re.search(r"NUMBA_CACHE_DIR=(\S+)", text)
    assert home
    assert kernels
    assert not Path(kernels[1]).is_relative_to(Path(home[1]).parent)
    assert "--create-home" not in text


# ---- listening, as the page says -----------------------------------------------------------------
def documented() -> dict[str, list[str]]:
    """The words behind `sargas` of every line of the page that starts a service for others."""
    found = {}
    for line in re.findall(r"(?m)^(LISTEN=.*)$", PAGE):
        words = shlex.split(line.removeprefix("LISTEN="))
        found[f"systemd {words[0]}"] = ["watch", FEED, "--serve", "--json", *words]
    for line in re.findall(r"(?m)^podman run .* sargas (watch .*)$", PAGE):
        words = shlex.split(line)
        way = next((w for w in words if w in ("--host", "--behind-proxy")), "loopback")
        found[f"podman {way}"] = words
    return found


@pytest.fixture(scope="module")
def homes(tmp_path_factory) -> dict[bool, Path]:
    """A home with a user, and one without."""
    folder = tmp_path_factory.mktemp("homes")
    made = {has_users: Home(folder / str(has_users)).path for has_users in (True, False)}
    with Access(Home(made[True])) as access:
        access.add("Vita", "sentry at the sound", "admin", By("root", 0, 1))
    return made


@pytest.fixture(scope="module")
def pem(tmp_path_factory) -> dict[str, Path]:
    folder, ca = tmp_path_factory.mktemp("pem"), trustme.CA()
    cert = ca.issue_cert(NAME)
    cert.private_key_pem.write_to_path(folder / "key")
    for k, blob in enumerate(cert.cert_chain_pems):
        blob.write_to_path(folder / "chain", append=k > 0)
    ca.cert_pem.write_to_path(folder / "ca")
    return {name: folder / name for name in ("key", "chain", "ca")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def here(
    words: list[str], home: Path, pem: dict[str, Path], folder: Path, port: int = 0
) -> list[str]:
    """A documented command with places of this machine."""
    feed = folder / "north.nmea"
    feed.touch()
    out = [f"tail:{feed}" if word == FEED else word for word in words]
    for option, name in (("--tls-cert", "chain"), ("--tls-key", "key")):
        if option in out:
            out[out.index(option) + 1] = str(pem[name])
    return [str(SARGAS), *out, "--home", str(home), "--port", str(port)]


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[str]:
    """Run a command until it has said where it listens; gives the address."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.terminate()
        assert process.wait(60) == 130
        process.stdout.close()


WAYS = ["systemd --host", "systemd --behind-proxy", "podman --host", "podman --behind-proxy",
        "podman loopback"]  # fmt: skip


def test_the_page_says_how_to_listen_in_so_many_ways():
    assert sorted(documented()) == sorted(WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_a_service_listens_as_the_page_says(way, homes, pem, tmp_path):
    words = documented()[way]
    if way != "podman loopback":
        refused = subprocess.run(
            here(words, homes[False], pem, tmp_path), capture_output=True, text=True, timeout=120
        )
        assert refused.returncode == 2
        assert "sargas users add" in refused.stderr
    port = free_port()  # behind a proxy the address that is told is the proxy's
    with started(here(words, homes[True], pem, tmp_path, port)) as address:
        scheme = "https" if "--host" in way else "http"
        assert address.startswith("http:" if way == "podman loopback" else f"https://{NAME}")
        trusted = ssl.create_default_context(cafile=str(pem["ca"]))
        said = {} if way == "podman loopback" else {"host": NAME}
        if "proxy" in way:
            said |= {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.9"}
        with httpx.Client(
            transport=httpx.HTTPTransport(verify=trusted), headers=said, timeout=60
        ) as http:
            answer = http.get(
                f"{scheme}://127.0.0.1:{port}/login", extensions={"sni_hostname": NAME}
            )
        assert answer.status_code == 200
        assert 'name="password"' in answer.text


def test_the_runbook_names_commands_and_measures_that_exist(capsys):
    page = PAGE
    source = (ROOT / "src" / "sargas" / "web" / "health.py").read_text()
    for name in re.findall(r"sargas_[a-z_]+", page):
        stem = name.removesuffix("_total")
        if stem.startswith("sargas_feed_") and f'"{stem}"' not in source:
            assert f'"{stem.removeprefix("sargas_feed_")}"' in source, name
        else:
            assert f'"{stem}"' in source, name
    for noun, verb in re.findall(
        r"(?:`|sargas )sargas (\w+)(?: (add|disable|set|identity))?", page
    ):
        assert run([noun, *([verb] if verb else []), "--help"]) == 0
        capsys.readouterr()
