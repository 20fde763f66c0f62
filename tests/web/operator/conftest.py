"""An operator, in front of a fresh application and database."""

import pytest

from tests.web.kit import Someone, World


@pytest.fixture
def world() -> World:
    return World(operators=frozenset({"boss"}))


@pytest.fixture
def boss(world: World) -> Someone:
    """The operator is signed in."""
    return world.person("boss")
