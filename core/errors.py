"""The errors the product tells apart, so that each can be shown as what happened and what to do.

Environment trouble (disk full, no camera, no permission) and bad input are told to the user and recovered
from. Anything that is not an :class:`AfterimageError` is a bug: it goes to the log, loudly.
"""


class AfterimageError(Exception):
    """Base of every error with a message meant for the user.

    ``message`` says what happened; ``remedy`` says what the user can do about it. Neither ever holds what the
    screen showed (no titles, no recognised text).
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class EnvironmentTroubleError(AfterimageError):
    """The machine is in the way: recording may stop, nothing is lost, and it goes on once the trouble is over."""


class InputError(AfterimageError):
    """What was handed in cannot be used: a corrupt file, a question that is too long, a wrong setting."""


class DisplayMissingError(EnvironmentTroubleError):
    """There is no screen to capture or to show a window on."""


class CaptureDeniedError(EnvironmentTroubleError):
    """The system refuses to hand out the screen or the camera."""


class SourceLostError(EnvironmentTroubleError):
    """A monitor or camera went away; the others go on."""


class DiskFullError(EnvironmentTroubleError):
    """No room for what should be written."""


class OutOfMemoryError(EnvironmentTroubleError):
    """The device or the machine has no memory left for this."""


class EngineUnreachableError(EnvironmentTroubleError):
    """No engine answers on this user's socket."""


class WeightsError(InputError):
    """A model folder does not hold what its configuration promises."""


class StateError(InputError):
    """A saved memory state belongs to another model or version, or is cut short."""
