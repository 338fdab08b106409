"""What is new in a text that grows at its end and may lose its beginning."""

from __future__ import annotations


def after_overlap(before: bytes, now: bytes) -> bytes:
    r"""Give the lines of `now` behind those that it shares with the end of `before`.

    The longest beginning of `now` that is an end of `before` counts as known; a text that grows
    begins with all of it. Both are whole lines, each with its end.

    Source: the failure function of Knuth, Morris and Pratt (1977), over lines.

    Example:
        >>> after_overlap(b"a\nb\nc\n", b"b\nc\nd\n")
        b'd\n'
        >>> after_overlap(b"a\nb\n", b"c\n")
        b'c\n'
    """
    if now.startswith(before):
        return now[len(before) :]
    new, old = now.split(b"\n")[:-1], before.split(b"\n")[:-1]
    if not new:
        return b""
    fall = _failures(new)
    matched = 0
    for line in old[-len(new) :]:
        while matched and (matched == len(new) or new[matched] != line):
            matched = fall[matched - 1]
        if new[matched] == line:
            matched += 1
    return b"".join(line + b"\n" for line in new[matched:])


def _failures(lines: list[bytes]) -> list[int]:
    """Give for each beginning of a list how long its longest end is that begins it too."""
    fall = [0] * len(lines)
    k = 0
    for i in range(1, len(lines)):
        while k and lines[k] != lines[i]:
            k = fall[k - 1]
        if lines[k] == lines[i]:
            k += 1
        fall[i] = k
    return fall
