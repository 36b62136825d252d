"""A request that the contract does not let through."""


class Refusal(Exception):
    """The answer to a request that cannot be served.

    `code` goes into the envelope's `code`; `message` is read by marketers: it names the field and the
    fault, and quotes neither a phone number nor a secret. `status` is the HTTP status: 401, 403 and 404
    have the contract's meanings, every other failure is answered 200.
    """

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def unauthorized(message: str) -> Refusal:
    """Return the refusal of a request whose signature is missing or wrong."""
    return Refusal("401", message, 401)


def forbidden(message: str) -> Refusal:
    """Return the refusal of a request that is stale, replayed, or from an address that is not allowed."""
    return Refusal("403", message, 403)


def not_found(message: str) -> Refusal:
    """Return the refusal of a request for a channel, template, signature or route that is not there."""
    return Refusal("404", message, 404)


def missing(field: str) -> Refusal:
    """Return the refusal of a required field that is absent or empty."""
    return Refusal("MISSING_FIELD", f"{field}: this field is required.")


def invalid(field: str, fault: str) -> Refusal:
    """Return the refusal of an unusable field; `fault` ends a sentence that begins with its name."""
    return Refusal("INVALID_FIELD", f"{field}: {fault}")
