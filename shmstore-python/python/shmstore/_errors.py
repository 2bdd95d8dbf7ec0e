"""The exceptions of stores, objects and waits. All are subclasses of `Error`."""


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
    """The object has another layout than the definition, or is damaged, so that its layout cannot be read."""


class InvalidValue(Error, ValueError):
    """Bytes in an object are not valid for their type, such as a `bool` byte of 2. Storing a whole value mends it."""


class Busy(Error):
    """This very thread has the part already, and would wait for itself.

    The coroutines of one event loop are one thread. If another thread or process has the part, it is a `BusyTimeout`,
    which is a subclass.
    """


class Timeout(Error, TimeoutError):
    """A wait ended without what it waited for."""


class BusyTimeout(Busy, Timeout):
    """Another thread or process had the part, or created or migrated the object, for all of the time.

    A call with `timeout=0` raises it, too.
    """


class Empty(Timeout):
    """There was no item."""


class Full(Timeout):
    """There was no free slot, no room for another key, or no free pin."""


class Lagged(Error):
    """Items of a broadcast were overwritten before they were received. `missed` is their number.

    The next `recv()` returns a later item.
    """

    missed: int

    def __init__(self, message: str, missed: int = 0) -> None:
        super().__init__(message)
        self.missed = missed

    def __reduce__(self) -> tuple[type["Lagged"], tuple[object, int]]:
        return (type(self), (self.args[0], self.missed))


class OwnerDied(Error):
    """An owner of a lock died, or left its block by an exception. What the lock guards may be half-changed.

    `lock_to_repair` takes the lock.
    """


class Lost(Error):
    """Another process took a job or a slot of a frame from this process, because it believed that this one was dead."""


class Removed(Error):
    """The object, or its anchor, was removed. Attach again."""
