"""The bit reader against Python's own integers, whatever lies behind the message."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sargas.decode._jit import kernel
from sargas.decode.bits import WORD_BITS, field


@kernel
def read(words, offset, width):
    return field(words, 0, offset, width)


@given(
    st.integers(0, 2**120 - 1), st.integers(0, 119), st.integers(1, 60), st.integers(-(2**63), 0)
)
def test_a_field_is_read_whatever_lies_behind_the_message(bits, offset, width, junk) -> None:
    if offset + width > 120:
        width = 120 - offset
    words = np.array([bits >> 60, bits & (2**60 - 1), junk], dtype=np.int64)
    want = (bits >> (120 - offset - width)) & ((1 << width) - 1)
    assert read(words, offset, width) == want
    assert field.py_func(words, np.int64(0), offset, width) == want
    assert WORD_BITS == 60
