"""`sargas doctor`: what is installed, what works, and what to do about the rest."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from sargas import __version__
from sargas.cli.words import put_json, put_table
from sargas.errors import EXIT_FAILED, EXIT_OK, SargasError

CORE = ("numpy", "numba", "pyarrow", "duckdb", "shapely", "sqlalchemy", "starlette", "uvicorn")
ROOM_GB = 2.0


@dataclass(frozen=True)
class Check:
    """One thing looked at: `ok`, `note` (works, but) or `wrong`."""

    what: str
    state: str
    found: str
    hint: str = ""


def doctor(
    *, home: Path | None = None, port: int = 8750, json: bool = False, quiet: bool = False
) -> int:
    """Check this installation and say what is missing and what to do.

    Leaves with 1 when something is wrong.

    Parameters
    ----------
    home
        The home to look at (default: SARGAS_HOME, else the XDG data folder).
    port
        The port that 'sargas serve' would use.
    json
        One check a line, as JSON.
    quiet
        Only what is not in order.
    """
    from sargas.cli.home import home_dir

    checks = [
        Check("sargas", "ok", __version__),
        _python(),
        *(_package(name) for name in CORE),
        _extra("gis", "pyogrio", "Shapefile and S-57"),
        _extra("tak", "pytak", "sending Cursor on Target"),
        _kernels(),
        _data(),
        _home(home_dir(home)),
        _port(port),
        _client(),
    ]
    shown = [c for c in checks if not quiet or c.state != "ok"]
    if json:
        for check in shown:
            put_json(asdict(check))
    elif shown:
        rows = [(c.state, c.what, c.found + (f" - {c.hint}" if c.hint else "")) for c in shown]
        put_table(("state", "what", "found"), rows)
    return EXIT_FAILED if any(c.state == "wrong" for c in checks) else EXIT_OK


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    return Check("python", "ok", found)


def _package(name: str) -> Check:
    try:
        return Check(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, "wrong", "missing", "install sargas again; in the clone: pip install .")


def _extra(name: str, package: str, only_for: str) -> Check:
    try:
        found = f"{package} {importlib.metadata.version(package)}"
        return Check(f"{name} extra", "ok", found)
    except importlib.metadata.PackageNotFoundError:
        hint = f"only for {only_for}; in the clone: pip install '.[{name}]'"
        return Check(f"{name} extra", "note", "not installed", hint)


def _kernels() -> Check:
    """Look whether compiled kernels can be kept on disk, and where."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return Check("kernels", "note", "interpreted", "unset NUMBA_DISABLE_JIT: 500 times faster")
    from sargas.watch.order import follow_clock

    # numba has chosen a folder for this kernel as for all others: beside the sources, or where
    # these cannot be written, in the user's own cache.
    kept = getattr(getattr(follow_clock, "_cache", None), "cache_path", None)
    if kept is not None and os.access(kept, os.W_OK):
        return Check("kernels", "ok", f"compiled once, kept in {kept}")
    hint = "set NUMBA_CACHE_DIR to a folder you may write to, or they are compiled at each start"
    return Check("kernels", "note", "there is no folder to keep them in", hint)


def _data() -> Check:
    try:
        from sargas.reference import shipped_assets

        assets = shipped_assets()
    except (SargasError, OSError) as error:
        return Check("shipped data", "wrong", str(error), "install sargas again")
    return Check("shipped data", "ok", f"{len(assets)} assets, geometry {assets.version}")


def _home(place: Path) -> Check:
    """Look at the home's directory and the room on its disk."""
    there = place.absolute()
    found = str(place)
    try:
        while not there.exists():
            there = there.parent
        free_gb = shutil.disk_usage(there).free / 1e9
        found += f"{'' if place.exists() else ' (not made yet)'}, {free_gb:.0f} GB free"
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return Check("home", "wrong", f"{found}: {error.strerror}", "choose another with --home")
    if place.exists() and (trouble := _contents(place, found)):
        return trouble
    if free_gb < ROOM_GB:
        return Check("home", "note", found, "a day of Danish traffic needs about 0.5 GB")
    return Check("home", "ok", found)


def _contents(place: Path, found: str) -> Check | None:
    """Look at what is in the directory, as 'sargas serve' would; None when it can be served."""
    from sargas.store.home import Home, foreign_names

    try:
        if (place / "home.json").exists():
            if Home(place, create=False).days():
                return None
            hint = "store something with 'sargas scan FILE --home DIR'"
            return Check("home", "note", f"{found}, nothing stored yet", hint)
        others = foreign_names(place)
    except SargasError as error:
        return Check("home", "wrong", str(error), error.hint or "")
    except OSError as error:
        return Check("home", "wrong", f"{found}: {error.strerror}", "choose another with --home")
    if others:
        found += f", no sargas home: holds other things ({others[0]!r})"
        return Check("home", "wrong", found, "choose another with --home")
    hint = "'sargas scan FILE --home DIR' makes it"
    return Check("home", "note", f"{found}, no sargas home yet", hint)


def _port(port: int) -> Check:
    if not 0 <= port <= 65_535:
        return Check("port", "wrong", f"{port} is no port", "ports are 1 to 65535")
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            return Check("port", "note", f"{port}: {error.strerror}", "use --port 0 for a free one")
    return Check("port", "ok", f"{port} is free")


def _client() -> Check:
    from importlib import resources

    if resources.files("sargas.web").joinpath("static", "index.html").is_file():
        return Check("screen", "ok", "built")
    return Check("screen", "wrong", "the built client is missing", "run 'make web' in a clone")
