"""How a look at a page ends without an observation."""


class NotSeenError(Exception):
    """The page was asked for and not seen; ``code`` is a short word for a log, such as ``challenge``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class HostRestsError(Exception):
    """The host is being asked, or wants some quiet first: the page was not asked for and stays due."""
