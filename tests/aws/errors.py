"""The one exception that means "answer with this AWS error"."""


class AwsError(Exception):
    """An AWS error code and message; the HTTP status comes from the service's model unless given.

    Raised anywhere below `front.Front`, which is the only place that catches it.
    """

    def __init__(self, code, message, status=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ControlError(Exception):
    """A control call that cannot be done: a mistake in the test, answered with HTTP 400."""
