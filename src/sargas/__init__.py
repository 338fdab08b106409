"""sargas: a sentry for the Baltic on open data. `import sargas as sg`; see `sargas.api`.

Importing this package loads nothing else; the names below do so when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sargas.api import Alert as Alert
    from sargas.api import Asset as Asset
    from sargas.api import Home as Home
    from sargas.api import SargasError as SargasError
    from sargas.api import Vessel as Vessel
    from sargas.api import open as open

__version__ = "0.1.0"

__all__ = ["Alert", "Asset", "Home", "SargasError", "Vessel", "__version__", "open"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class or a function
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("sargas.api"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
