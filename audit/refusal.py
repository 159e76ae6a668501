"""`Refused`: the domain says no, in words for the person who asked."""


class Refused(Exception):
    """Raised by a verb or a rule when what was asked may not be done.

    `message` is a sentence for the person on the screen and says what to do instead; `code` is for tests and the API;
    `field` names the input at fault, if one is.
    """

    def __init__(self, message: str, *, code: str = "refused", field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
