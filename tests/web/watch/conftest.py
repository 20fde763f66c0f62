"""A fresh application and database for every test."""

import pytest

from tests.web.kit import Someone, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ann(world: World) -> Someone:
    """Ann is signed in."""
    return world.person("ann")
