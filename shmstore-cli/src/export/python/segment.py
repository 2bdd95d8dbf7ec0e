# Flags in the header.
_IS_MOVING, _HAS_ROOM, _IS_MIRRORED, _IS_JOURNAL = 1, 2, 4, 8
_KNOWN_FLAGS = _IS_MOVING | _HAS_ROOM | _IS_MIRRORED | _IS_JOURNAL


def key(path):
    """Returns the System V key of the object with the anchor `path`, as `ftok(path, ID)` does."""
    return _key(os.stat(path))


def _key(anchor):
    raw = anchor.st_ino & 0xFFFF | (anchor.st_dev & 0xFF) << 16 | ID << 24
    return ctypes.c_int(raw).value


def _identity_hash(anchor):
    """Returns the FNV-1a hash of 32 bits over device, inode and id."""
    found = 0x811C9DC5
    for byte in anchor.st_dev.to_bytes(8, "little") + anchor.st_ino.to_bytes(8, "little") + bytes([ID]):
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def _birth(path):
    """Returns when the file was created; None if that is unknown, or unreliable as on overlayfs."""
    fs, found = ctypes.create_string_buffer(512), ctypes.create_string_buffer(512)
    name = os.fsencode(path)
    if not hasattr(_libc, "statx") or _libc.statfs(name, fs) != 0 or int.from_bytes(fs[:8], "little") == 0x794C7630:
        return None
    if _libc.statx(-100, name, 0, 0x800, found) != 0 or not int.from_bytes(found[:4], "little") & 0x800:
        return None
    return int.from_bytes(found[80:88], "little"), int.from_bytes(found[88:92], "little")


def _offsets(slot_count, payload_length, schema_length, log_length):
    """Returns the offsets of slots, schema, layout log and payload, and the size of the segment."""

    def up(number, multiple):
        return (number + multiple - 1) // multiple * multiple

    is_small = 1 <= payload_length <= 1024
    front = 1024 + (payload_length if is_small else 0)
    slots_at, schema_at, log_at = up(front, 128), 0, 0
    if log_length:
        log_at = up(slots_at + 32 * slot_count, 128)
        end = log_at + log_length
    elif front + schema_length <= 3072:
        schema_at, slots_at = front, up(front + schema_length, 128)
        end = slots_at + 32 * slot_count
    else:
        schema_at = slots_at + 32 * slot_count
        end = schema_at + schema_length
    payload_at = 1024 if is_small else up(end, 4096)
    size = up(end if is_small else payload_at + payload_length, 4096) + 1357
    return slots_at, schema_at, log_at, payload_at, size


class Segment(_ReadOnly):
    """An object that is attached for reading: `with Segment(path) as segment: segment.object…`

    `path` is the anchor of the object: a directory or file, or DIRECTORY/NAME.shm for a named object.

    With `any_owner=True`, it accepts objects of all users, not only of this user and root.

    Raises `AttachError`. If the path or the object does not exist yet, its `retry` is True.

    Do not close a segment while another thread reads it.
    """

    def __init__(self, path, any_owner=False):
        self._base = None
        try:
            anchor = os.stat(path)
        except OSError as error:
            retry = error.errno == errno.ENOENT
            raise AttachError(f"reading the metadata of {path}: {error.strerror}", retry=retry) from error
        self._shmid = _libc.shmget(_key(anchor), 0, 0)
        if self._shmid < 0:
            number = ctypes.get_errno()
            what = f"{TYPE} (id {chr(ID)!r}) at {path}, key {_key(anchor) & 0xFFFFFFFF:#x}"
            if number == errno.ENOENT:
                problem = f"there is no {what}: is its creator running, and in the same IPC namespace?"
                raise AttachError(problem, retry=True)
            raise AttachError(f"looking for the {what}: {os.strerror(number)}")
        # This check is repeated after attaching, because until then the number may pass to another segment.
        self._check_status(_key(anchor), any_owner)
        base = _libc.shmat(self._shmid, None, _SHM_RDONLY)
        if base == _FAILED:
            raise AttachError(f"attaching segment {self._shmid} for {path}: {os.strerror(ctypes.get_errno())}")
        self._base = base
        try:
            self._size = self._check_status(_key(anchor), any_owner)
            self._check_identity(path, anchor)
            self._payload = self._check_layout(path)
        except BaseException:
            self.close()
            raise

    def __setattr__(self, name, value):
        if name not in ("_base", "_shmid", "_size", "_payload"):
            self._refuse()
        object.__setattr__(self, name, value)

    @property
    def object(self):
        """The object. Its fields are attributes."""
        return _OBJECT.view(self, 0)

    def close(self):
        """Detaches. After that, the object cannot be read."""
        base, self._base = self._base, None
        if base is not None:
            _libc.shmdt(base)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_base", None) is not None:
            self.close()

    def _at(self, offset):
        if self._base is None:
            raise ValueError("the segment is detached")
        return self._base + self._payload + offset

    def _bytes(self, offset, size):
        return ctypes.string_at(self._at(offset), size)

    def _word(self, offset, size):
        """Returns the bytes of an aligned word, read by one load."""
        kind = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}[size]
        return kind.from_address(self._at(offset)).value.to_bytes(size, "little")

    def _u32(self, at):
        return ctypes.c_uint32.from_address(self._base + at).value

    def _u64(self, at):
        return ctypes.c_uint64.from_address(self._base + at).value

    def _check_status(self, wanted, any_owner):
        status = ctypes.create_string_buffer(256)  # a struct shmid_ds
        if _libc.shmctl(self._shmid, _IPC_STAT, status) != 0:
            raise AttachError(f"reading the status of segment {self._shmid}: {os.strerror(ctypes.get_errno())}")
        found, uid, _, creator, _, mode = (int.from_bytes(status[at:at + 4], "little") for at in range(0, 24, 4))
        size = int.from_bytes(status[48:56], "little")
        if found != wanted & 0xFFFFFFFF or mode & _SHM_DEST:
            raise AttachError(f"segment {self._shmid} was removed: attach again", retry=True)
        if not any_owner and not {uid, creator} <= {os.geteuid(), 0}:
            raise AttachError(f"segment {self._shmid} was created by user {creator} and belongs to user {uid}, but "
                              "only this user and root are trusted: use any_owner=True to accept it")
        if size % 4096 != 1357 or size < 1024:
            raise AttachError(f"segment {self._shmid} belongs to another program: no segment of shmstore has {size} "
                              "bytes")
        return size

    def _check_identity(self, path, anchor):
        first_word = self._u64(0)
        if first_word == 0:
            raise AttachError(f"segment {self._shmid} is being created: attach again", retry=True)
        if first_word & 0xFFFFFFFF != int.from_bytes(b"shmS", "little"):
            raise AttachError(f"segment {self._shmid} was not created by shmstore")
        if first_word >> 32 != _identity_hash(anchor):
            raise AttachError(f"segment {self._shmid} has the key of {path}, but was created for another file")
        version, state = self._u32(8), self._u32(12)
        if version == 0 or state in (0, 1):
            raise AttachError(f"the object at {path} is being created: attach again", retry=True)
        if version != 1:
            raise AttachError(f"the object at {path} has format version {version}, expected 1")
        if state == 3:
            raise AttachError(f"the object at {path} was removed: attach again", retry=True)
        if state != 2:
            raise AttachError(f"the header of the object at {path} is damaged: state is {state}")
        if (self._u64(32), self._u64(40), self._u32(64)) != (anchor.st_dev, anchor.st_ino, ID):
            raise AttachError(f"segment {self._shmid} has the key of {path}, but was created for another file")
        birth = _birth(path) if self._u32(60) == 1 else None
        if birth is not None and birth != (self._u64(48), self._u32(56)):
            raise AttachError(f"segment {self._shmid} was created for an earlier file with the inode of {path}")

    def _check_layout(self, path):
        """Checks the layout of segment and object. Returns the offset of the payload."""
        flags = self._u32(16)
        unknown_flags = flags & 0xFFFF & ~_KNOWN_FLAGS  # the upper half may be ignored
        if unknown_flags:
            raise AttachError(f"the object at {path} uses features that this module does not know (flags "
                              f"{unknown_flags:#06x}): generate this module again with the newer shmstore of the "
                              "object's programs")
        if flags & _IS_JOURNAL:
            raise AttachError(f"segment {self._shmid} at {path} is the journal of a migration, and no object")
        if flags & _IS_MOVING:
            raise AttachError(f"the object at {path} is about to be migrated, replaced or removed: attach again",
                              retry=True)
        has_room, layout = bool(flags & _HAS_ROOM), self._u64(72) | self._u64(80) << 64
        if layout != LAYOUT_HASH and not has_room:
            self._refuse_layout(path, layout)
        if (self._u32(20), self._u32(184), self._u64(136)) != (1024, 0x01020304, 32):
            raise AttachError(f"the header of the object at {path} is damaged: header_len, byte_order or slot_size")
        slot_count, payload_length = self._u32(124), self._u64(168)
        schema_length, log_length = self._u64(152), self._u64(264)
        expected = _, _, log_at, payload_at, size = _offsets(slot_count, payload_length, schema_length, log_length)
        found = self._u64(128), self._u64(144), self._u64(256), self._u64(160), self._u64(176)
        if found != expected or size != self._size or not 1 <= slot_count <= 65536:
            raise AttachError(f"the header of the object at {path} is damaged: slots, schema, log, payload and segment "
                              f"size are {found}, expected {expected} in a segment of {self._size} bytes")
        if has_room != bool(log_length) or log_length % 4096 or has_room and schema_length:
            raise AttachError(f"the header of the object at {path} is damaged: schema_len or log_capacity")
        if layout != LAYOUT_HASH:
            self._check_prefix(path, log_at, log_length, payload_length)
        if payload_length < SIZE or not has_room and payload_length != SIZE:
            raise AttachError(f"the header of the object at {path} is damaged: it has {payload_length} bytes, expected "
                              f"{SIZE}")
        return payload_at

    def _check_prefix(self, path, log_at, log_length, room):
        """Checks that the newest layout of an object with room begins with the fields of this module."""
        word = self._u64(248)
        at, length, end = word >> 32, word & 0xFFFFFFFF, log_at + log_length
        if not log_at <= at < end or at % 16 or not 32 <= length <= end - at:
            raise AttachError(f"the header of the object at {path} is damaged: layout is {word:#x}")
        layout, size = self._u64(at) | self._u64(at + 8) << 64, self._u64(at + 16)
        json_length, fields = self._u32(at + 24), self._u32(at + 28)
        if size > room or 32 + 16 * fields + json_length != length:
            raise AttachError(f"the layout log of the object at {path} is damaged")
        if FIELDS == 0 or self._u32(188) != 8:
            self._refuse_layout(path, layout)
        if fields < FIELDS:
            raise AttachError(f"the object at {path} has the layout {layout:032x} with {fields} fields, but this module "
                              f"has {FIELDS} fields: start a program with the newer type, which extends the object, or "
                              "generate this module again from its schema")
        at += 32 + 16 * (FIELDS - 1)
        if self._u64(at) | self._u64(at + 8) << 64 != PREFIX_HASH:
            self._refuse_layout(path, layout)

    def _refuse_layout(self, path, layout):
        raise AttachError(f"the object at {path} has the layout {layout:032x}, expected {LAYOUT_HASH:032x}: generate "
                          "this module again from its schema")
