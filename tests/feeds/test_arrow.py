"""Arrow tables carry fixes and statics without loss."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sargas.errors import FormatError
from sargas.model.arrow import (
    fixes_from_arrow,
    fixes_to_arrow,
    statics_from_arrow,
    statics_to_arrow,
)
from sargas.model.fixes import Columns, Fixes, Statics


def _random(kind: type[Columns], n: int, seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    columns = {}
    for name, code in kind.DTYPES.items():
        dtype = np.dtype(code)
        if dtype.kind == "S":
            raw = rng.integers(0, 256, (n, dtype.itemsize), dtype=np.uint8)
            columns[name] = raw.view(dtype).ravel()
        else:
            info = np.iinfo(dtype)
            columns[name] = rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
    return kind.build(n, **columns)


@given(n=st.integers(0, 50), seed=st.integers(0, 2**32))
def test_any_fixes_come_back_the_same(n, seed):
    fixes = _random(Fixes, n, seed)
    assert fixes_from_arrow(fixes_to_arrow(fixes)) == fixes


@given(n=st.integers(0, 50), seed=st.integers(0, 2**32))
def test_any_statics_come_back_the_same_bytes(n, seed):
    statics = _random(Statics, n, seed)
    assert statics_from_arrow(statics_to_arrow(statics)) == statics


def test_unit_columns_are_null_at_the_sentinels_and_exact_elsewhere():
    fixes = Fixes.build(
        2, lon_raw=[14_949_144, 108_600_000], lat_raw=[36_088_864, 54_600_000],
        sog_raw=[88, 1022], cog_raw=[2310, 3600], heading_raw=[230, 511],
    )  # fmt: skip
    table = fixes_to_arrow(fixes)
    assert table.column("lon_deg").to_pylist() == [14_949_144 / 600_000, None]
    assert table.column("lat_deg").to_pylist() == [36_088_864 / 600_000, None]
    assert table.column("sog_kn").to_pylist() == [pytest.approx(8.8), None]
    assert table.column("cog_deg").to_pylist() == [231.0, None]
    assert table.column("heading_deg").to_pylist() == [230.0, None]
    assert table.schema.field("sog_kn").type == pa.float32()


def test_column_order_and_missing_metadata_do_not_matter():
    fixes = _random(Fixes, 5, 1)
    table = fixes_to_arrow(fixes)
    shuffled = table.select(sorted(table.column_names)).replace_schema_metadata(None)
    assert fixes_from_arrow(shuffled) == fixes


def test_the_wrong_table_is_refused_by_name():
    with pytest.raises(FormatError, match="statics/1"):
        fixes_from_arrow(statics_to_arrow(Statics.empty()))


def test_missing_columns_are_named():
    table = fixes_to_arrow(Fixes.empty()).drop_columns(["t_ms", "lon_raw"])
    with pytest.raises(FormatError, match="t_ms, lon_raw"):
        fixes_from_arrow(table)


def test_a_value_that_does_not_fit_is_refused():
    table = fixes_to_arrow(Fixes.build(1))
    wide = table.set_column(4, "msg_type", pa.array([300]))
    with pytest.raises(FormatError, match="msg_type"):
        fixes_from_arrow(wide)
