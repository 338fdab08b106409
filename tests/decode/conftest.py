"""Samples that several tests read."""

from __future__ import annotations

import pytest

from .nmea import sample


@pytest.fixture(scope="session")
def aishub() -> bytes:
    return sample("aishub-3min-2012.nmea.gz")


@pytest.fixture(scope="session")
def dma() -> bytes:
    return sample("dma-5min-2013-11-12.nmea.gz")
