"""A program of Ann's for every test."""

import pytest

from tests.web.api.kit import Program, program
from tests.web.kit import World


@pytest.fixture
def anns(world: World) -> Program:
    return program(world)


@pytest.fixture
def bobs(world: World) -> Program:
    return program(world, "bob")
