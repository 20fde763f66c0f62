"""A fresh town for every test."""

import pytest

from tests.web.account.kit import Town


@pytest.fixture
def town() -> Town:
    return Town()
