"""Where sargas keeps its data on this machine, and who writes there."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from sargas.errors import UsageError


def home_dir(home: Path | None = None) -> Path:
    """Find the home: the option, else `SARGAS_HOME`, else the XDG data folder.

    The folder need not exist; who writes to it makes it.

    Args:
        home: value of `--home`, None when it was not given.

    Raises:
        UsageError: the home is a file.
    """
    path = home or _from_environment()
    path = path.expanduser()
    if path.exists() and not path.is_dir():
        raise UsageError(
            "The home is a file, not a folder.",
            where=str(path),
            hint="Name a folder with --home or SARGAS_HOME.",
        )
    return path


def _from_environment() -> Path:
    """Read the environment; an XDG folder that is not absolute is ignored, as XDG asks."""
    named = os.environ.get("SARGAS_HOME", "").strip()
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME", "").strip()
    base = Path(data) if data and Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "sargas"


def person() -> str:
    """Name who runs this; a machine without user names gives the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
