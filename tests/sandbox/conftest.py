from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from sandbox.mailbox import Mailbox
from sandbox.market import Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import serving

TODAY = date(2026, 5, 1)


@pytest.fixture
def market() -> Market:
    return Market(TODAY)


@pytest.fixture
def shops(market: Market) -> Iterator[httpx.Client]:
    with serving(market_app(market)) as base_url, httpx.Client(base_url=base_url) as client:
        yield client


@pytest.fixture
def phone() -> Phone:
    phone = Phone()
    phone.hang_seconds = 0.5
    return phone


@pytest.fixture
def twilio_url(phone: Phone) -> Iterator[str]:
    with serving(phone_app(phone)) as base_url:
        yield base_url


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()
