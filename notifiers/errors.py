"""What can go wrong when somebody is told, split on the caller's only question: was it sent?

* NotifierError                a code and nothing else
  · NotifierUnavailableError   surely not sent; trying again later may work
  · NotifierRejectedError      surely not sent, and never will be: tell them another way
  · DeliveryUnknownError       maybe sent: what must not arrive twice is never repeated
* NotConfiguredError           settings are missing, so the channel is off

An error is its code (``21610``, ``no_answer``): there is no room in it for a number, an address, a token or
a vendor's prose. Adapters translate ``from None``, because the vendor's own exception quotes the recipient
and would be printed with any traceback it stays chained to.
"""

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong for good, where a refusal says so."""

    OPTED_OUT = "opted_out"  # the person told the carrier or us to stop texting
    BAD_CONTACT = "bad_contact"  # nothing will ever reach this number or address
    OPERATOR = "operator"  # our account or settings: whoever runs this must act


class NotifierError(Exception):
    """A message was not, or perhaps not, handed over. ``code`` is short and safe to log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotifierUnavailableError(NotifierError):
    """Surely not sent. Later may work: after ``retry_after`` seconds, where the vendor said so."""

    def __init__(self, code: str, *, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class NotifierRejectedError(NotifierError):
    """Surely not sent, and repeating it will not help. ``fault`` says who can change that, if known."""

    def __init__(self, code: str, *, fault: Fault | None = None) -> None:
        super().__init__(code)
        self.fault = fault


class DeliveryUnknownError(NotifierError):
    """The message left, and no clear answer came back: it may have been accepted."""


class NotConfiguredError(Exception):
    """A channel is off; the message is a sentence that names the setting to give, never its value."""
