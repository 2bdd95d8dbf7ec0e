"""The exceptions of the package. All are subclasses of `Error`."""


class Error(Exception):
    """An error of the store. Its text says what was attempted, on what, what was found, and what to do next."""


class NotFound(Error, LookupError):
    """There is no store, object, or frame of this number. It may be there later."""


class AlreadyExists(Error):
    """The object exists already."""


class AccessDenied(Error, PermissionError):
    """This process has no permission, or the store or object belongs to a user that is not trusted."""


class Mirrored(AccessDenied):
    """The object is a copy of another machine's, which another process keeps. Attach it with `read_only=True`."""


class LayoutError(Error):
    """The object has another layout than the definition, or a layout that cannot be read."""


class InvalidValue(Error, ValueError):
    """Bytes in an object are not valid for their type, such as a `bool` byte of 2. Storing a whole value mends it."""


class Busy(Error):
    """Another process or thread holds a part. It is also a `TimeoutError` if a time limit is over."""


class Timeout(Error, TimeoutError):
    """A wait ended without what it waited for."""


class BusyTimeout(Busy, Timeout):
    """Another process or thread has held a part for all of the time."""


class Empty(Timeout):
    """There was no item."""


class Full(Timeout):
    """There was no free slot, no room for another key, or no free entry for a pin."""


class Lagged(Error):
    """Items of a broadcast were overwritten before they were received. `missed` is their number.

    The next `recv()` returns the oldest item that is still there.
    """

    missed: int

    def __init__(self, message: str, missed: int = 0) -> None:
        super().__init__(message)
        self.missed = missed

    def __reduce__(self) -> tuple[type["Lagged"], tuple[object, int]]:
        return (type(self), (self.args[0], self.missed))


class OwnerDied(Error):
    """An owner of a lock died before it had marked what the lock guards as consistent."""


class Lost(Error):
    """Another process took a job or a slot of a frame from this process, because it held this process for dead."""


class Removed(Error):
    """The object, or its anchor, was removed. Attach again."""
