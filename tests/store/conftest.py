"""A fresh home for each test."""

import pytest

from sargas.store.home import Home


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")
