"""What the feed tests share."""

from pathlib import Path

import pytest

from sargas.feeds import open_feed
from sargas.model.fixes import Fixes, Statics

AIS = Path(__file__).parents[1] / "data" / "ais"
FEEDS = Path(__file__).parents[1] / "data" / "feeds"


@pytest.fixture
def ais():
    return AIS


@pytest.fixture
def feed_data():
    return FEEDS


@pytest.fixture
def read():
    """Read a file to its end: fixes, statics and the feed."""

    def run(path, **options):
        with open_feed(path, **options) as feed:
            batches = list(feed)
        fixes = Fixes.concat(b.fixes for b in batches)
        statics = Statics.concat(b.statics for b in batches)
        return fixes, statics, feed

    return run
