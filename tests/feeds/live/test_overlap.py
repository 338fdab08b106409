"""What is new in a text that grows and rolls, against a plain search."""

from hypothesis import given
from hypothesis import strategies as st

from sargas.feeds.live.overlap import after_overlap

TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"aa\n"]), max_size=9)


def plain(before, now):
    """Cut the longest beginning of `now` that ends `before`."""
    for n in range(len(now), 0, -1):
        if before[len(before) - n :] == now[:n] and n <= len(before):
            return now[n:]
    return now


@given(TEXTS, TEXTS)
def test_the_longest_overlap_is_cut(before, now):
    found = after_overlap(b"".join(before), b"".join(now))
    if now[: len(before)] == before:
        assert found == b"".join(now[len(before) :])
    else:
        assert found == b"".join(plain(before, now))


@given(TEXTS, TEXTS, st.integers(0, 9))
def test_a_log_that_rolls_loses_and_doubles_nothing(log, more, gone):
    """Lines that differ: a window moves over a log, and the parts make up the log again."""
    lines = [b"%d " % k + line for k, line in enumerate(log + more)]
    before = lines[: len(log)]
    now = lines[min(gone, len(log)) :]
    assert after_overlap(b"".join(before), b"".join(now)) == b"".join(lines[len(log) :])
