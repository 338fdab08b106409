"""Every parser of what comes from outside has a fuzz target, and each target runs."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest
from fuzz.target import LINES
from fuzz.targets import TARGETS

import sargas
from fuzz import volume
from sargas.errors import SargasError
from sargas.feeds import FORMATS
from sargas.feeds.live import CODECS
from sargas.reference.readers import _READERS
from sargas.web import api, commands, zones

SOURCES = Path(sargas.__file__).parent
PARSERS = {
    "tomllib.loads", "json.loads", "json.load", "json_text.loads", "msgspec.json.decode",
    "msgspec.json.Decoder", "msgspec.msgpack.decode", "msgspec.toml.decode", "csv.reader",
    "np.load", "zipfile.ZipFile", "sqlite3.connect", "expat.ParserCreate", "ET.fromstring",
    "pq.ParquetFile", "pyogrio.list_layers", "tarfile.open", "tarfile.TarInfo.frombuf", "urlsplit",
    "parse_qsl", "pickle.loads", "zlib.decompressobj", "shapely.from_geojson",
}  # fmt: skip
"""What turns bytes or texts into something else; a module that calls one reads hostile input."""
NOT_FROM_OUTSIDE = {
    "sargas.exercise.suite": "shipped with sargas",
    "sargas.exercise.sea.lanes": "shipped with sargas",
    "sargas.exercise.sea.fleet": "shipped with sargas",
    "sargas.reference.geography": "shipped with sargas",
    "sargas.reference.files": "shipped with sargas",
    "sargas.reference.shipped": "shipped with sargas",
    "sargas.reference.drawing": "shipped with sargas",
    "sargas.model.saved": "reads for ais-state, watch-state and live-state",
    "sargas.model.suspension": "reads what it wrote one line before",
    "sargas.reference.geometry": "reads for every target assets-*",
    "sargas.feeds.live.aisstream": "its decoders are those of codec:aisstream",
    "sargas.feeds.live.digitraffic": "its decoders are those of codec:digitraffic-*",
    "sargas.web.api": "reads what it wrote one line before",
    "sargas.web.dossier": "reads what it wrote one line before",
    "sargas.web.layers": "reads what it wrote one line before",
    "sargas.web.ogc": "reads what it wrote one line before",
    "sargas.web.refusals": "compares an address, and is tried by tests/api",
    "sargas.web.headers": "splits the addresses of the operator",
    "sargas.web.listening": "splits the addresses of the operator",
    "sargas.share.geojson": "reads what it wrote one line before",
    "sargas.feeds.archive": "checks a download by zipfile; tests/feeds tries damaged ones",
    "sargas.cli.refolding": "compares what it has just written",
    "sargas.cli.json_lines": "tells whether a line is JSON; tests/cli tries others",
    "sargas.store.backup": "copies a database that is checked",
    "sargas.store.chain": "reads the ledger, which is trusted; see verify",
    "sargas.store.ledger": "reads the ledger, which is trusted; see verify",
    "sargas.store.access": "reads the ledger, which is trusted; see verify",
    "sargas.store.users": "reads the ledger, which is trusted; see verify",
    "sargas.store.partners": "reads the ledger, which is trusted; see verify",
    "sargas.store.kept_rows": "reads the ledger, which is trusted; see verify",
    "sargas.store.thinning": "reads how far it came itself; tests/store tries damage",
    "sargas.store.damaged": "opens shards only to see whether they can be; see shard",
    "sargas.share.partner.identity": "reads its own key file; tests/cli tries damage",
    "sargas.share.partner.exchange": "reads the refusal of a server to show its words",
}
"""Modules with parsers that need no target of their own, and why."""


def parsing_modules():
    """Give the modules of sargas that call a parser."""
    for path in sorted(SOURCES.rglob("*.py")):
        calls = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        if calls & PARSERS:
            parts = path.relative_to(SOURCES.parent).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__")


def covered():
    return {name for target in TARGETS.values() for name in target.covers}


def test_every_format_importer_codec_and_command_has_a_target():
    known = {f"feed:{name}" for name in FORMATS} | {f"assets:{name}" for name in _READERS}
    known |= {f"codec:{name}" for name in CODECS if name != "nmea"}
    known |= {
        f"command:{name}"
        for module in (commands, zones, api)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    assert known - covered() == set()


def test_every_module_that_parses_has_a_target_or_a_reason():
    parsing = set(parsing_modules())
    assert len(parsing) > 30
    lacking = parsing - covered() - NOT_FROM_OUTSIDE.keys()
    assert not lacking, f"add a target in fuzz/, or a reason here: {sorted(lacking)}"
    assert NOT_FROM_OUTSIDE.keys() & covered() == set()


def test_what_targets_cover_is_there():
    for name in covered():
        if name.startswith("sargas."):
            path = SOURCES.parent.joinpath(*name.split("."))
            assert path.with_suffix(".py").exists() or (path / "__init__.py").exists(), name


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds_and_some_mutations_of_them(name):
    target = TARGETS[name]
    errors = [volume.tried(target, seed) for seed in volume.seeds_of(target)]
    strange = [error for error in errors if error and not isinstance(error, SargasError)]
    assert strange == []
    assert None in errors, "a target none of whose seeds is taken tries nothing"
    tally = volume.run(target, 1000 if target.kind == LINES else 25, seed=7)
    assert not tally.findings, [(f.what, f.place, f.trace) for f in tally.findings.values()]
    assert tally.inputs >= 25
