"""Rows that hypothesis draws; apart from the rows, as killed children need not load it."""

from hypothesis import strategies as st

from tests.store.rows import make_fixes

fixes_drawn = st.builds(
    make_fixes, n=st.integers(0, 120), seed=st.integers(0, 2**32), vessels=st.integers(1, 5)
)
