"""What can be waited for, and how people are told: the closed vocabularies that everything else names."""

from enum import StrEnum


class Kind(StrEnum):
    """What a condition waits for."""

    BELOW = "below"
    DROP = "drop"
    HISTORIC_LOW = "historic_low"
    NEW_LISTING = "new_listing"
    BACK_IN_STOCK = "back_in_stock"
    STATUS = "status"


class Channel(StrEnum):
    """How a person is told."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"  # an app or a chat of theirs, through Apprise
    APP = "app"  # the page of their own alerts: needs no address, and nothing to send
