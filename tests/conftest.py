"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# The first call of a kernel compiles it, so no example has a deadline. CI draws the same examples
# each time; a contributor's run draws new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
