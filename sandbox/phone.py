"""The sandbox's phone: it takes texts over Twilio's REST API and shows them as a phone would.

``Phone`` is the state; any thread may use it. Its ``faults`` are consumed one per text asked for::

    phone = Phone()
    phone.faults += ["timeout_after_accept"]
    with serving(phone_app(phone)) as base_url:  # sandbox.servers
        client.api.base_url = base_url           # twilio.rest.Client
        ...
    phone.texts[-1].body

https://www.twilio.com/docs/messaging/api/message-resource . As with Twilio, creating a message is not
idempotent, and two of the faults accept the text although the caller never hears of it. Status callbacks and
replies are signed as Twilio signs them and go to this machine only; ``phone.product`` says where replies go.
"""

from collections.abc import Iterable

from flask import Flask

from sandbox import inbox, messages_api
from sandbox.pages import Link, site
from sandbox.texts import FAULTS, Fault, Phone, Text

__all__ = ["FAULTS", "Fault", "Phone", "Text", "phone_app"]


def phone_app(phone: Phone, links: Iterable[Link] = ()) -> Flask:
    """The phone's web side; ``links`` stand in the header of its page."""
    app = site("Phone", links)
    app.register_blueprint(messages_api.blueprint(phone))
    app.register_blueprint(inbox.blueprint(phone))
    return app
