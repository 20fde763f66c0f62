"""The sandbox's market: Ticketmaster's and Steam's wire formats over HTTP, and a page for people.

Other tests use it as an upstream on this machine::

    market = Market()
    with serving(market_app(market)) as base_url:  # sandbox.servers
        market.set_price("SbxNightTram01", "face", 45)

``stock.py`` is its state, ``catalogue.py`` what it opens with, ``discovery.py`` and ``storefront.py`` its
APIs, ``faults.py`` how these fail on demand, ``stall.py`` the page.
"""

from collections.abc import Iterable

from flask import Flask

from sandbox import discovery, stall, storefront
from sandbox.goods import Event, Game
from sandbox.pages import Link, site
from sandbox.stock import API_KEY, FAULTS, Fault, Market, UnknownItemError

__all__ = ["API_KEY", "FAULTS", "Event", "Fault", "Game", "Market", "UnknownItemError", "market_app"]


def market_app(market: Market, links: Iterable[Link] = ()) -> Flask:
    """The market's web side; ``links`` stand in the header of its page."""
    app = site("Market", links)
    app.register_blueprint(discovery.blueprint(market))
    app.register_blueprint(storefront.blueprint(market))
    app.register_blueprint(stall.blueprint(market))
    return app
