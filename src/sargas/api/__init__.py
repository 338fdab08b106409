"""The Python API: a home to be asked from a script or a notebook. `import sargas as sg`.

Everything here reads; what a person decides about an alert is written by the screen and the
command line, so that it ends in the audit log. Times are event times: ISO 8601 with its zone, a
plain day in UTC, a `datetime` with its zone, or milliseconds UTC.

Example:
    >>> import tempfile
    >>> import sargas as sg
    >>> from sargas.model.fixes import Fixes, Statics
    >>> from sargas.store import Home as Store, ShardWriter
    >>> folder = tempfile.TemporaryDirectory()
    >>> with ShardWriter(Store(folder.name)) as writer:  # as 'sargas scan FILE --home DIR' does
    ...     writer.append(Fixes.build(
    ...         2, subject_id=[230_123_450] * 2, t_ms=[1_735_122_000_000, 1_735_122_060_000],
    ...         lon_raw=[15_000_000, 15_001_000], lat_raw=[35_900_000] * 2, sog_raw=[98, 97]))
    ...     writer.append_statics(Statics.build(
    ...         1, subject_id=[230_123_450], t_ms=[1_735_122_000_000], name=[b"EXAMPLE"]))
    0
    0
    >>> home = sg.open(folder.name)
    >>> home.vessels("exam")
    [Vessel(230123450, 'EXAMPLE')]
    >>> home.vessel(230_123_450).track("2024-12-25", "2024-12-26").column("lon_deg").to_pylist()
    [25.0, 25.001666666666665]
    >>> home.alerts(), home.asset("Estlink 2").id
    ([], 'power-cable-estlink-2')
    >>> home.close(); folder.cleanup()
"""

from sargas.api.home import Home, open
from sargas.api.vessel import Vessel
from sargas.errors import SargasError
from sargas.model.alerts import Alert
from sargas.model.assets import Asset

__all__ = ["Alert", "Asset", "Home", "SargasError", "Vessel", "open"]
