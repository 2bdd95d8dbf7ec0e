"""Reads recordings by mcap-ros2-support and by rosbags.

read.py FILE.mcap EXPECTED.jsonl   compares every leaf of every message with what the example random_recording wrote
read.py --check FILE.mcap          decodes every message, and prints the topics

It exits with 1 at the first difference, and says where it is.
"""

import json
import struct
import sys
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

QUIET = {"f4": (0x7F800000, 0x007FFFFF, 0x00400000), "f8": (0x7FF << 52, (1 << 52) - 1, 1 << 51)}


def by_mcap_ros2_support(path):
    """Yields the topic and the message."""
    factory = DecoderFactory()
    with open(path, "rb") as file:
        for schema, channel, message in make_reader(file, validate_crcs=True).iter_messages(log_time_order=False):
            if channel.message_encoding == "cdr":
                decode = factory.decoder_for(channel.message_encoding, schema)
                yield channel.topic, decode(message.data)


def by_rosbags(path):
    """Yields the topic and the message."""
    with Reader(Path(path)) as reader:
        store = get_typestore(Stores.EMPTY)
        for connection in reader.connections:
            if connection.msgdef.data:
                store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        for connection, _, data in reader.messages():
            if connection.msgdef.data:
                yield connection.topic, store.deserialize_cdr(data, connection.msgtype)


def leaves(value, path=""):
    """Yields the path and the value of each leaf, and the length of each list before its elements."""
    if is_dataclass(value):
        # Constants are fields of the class, too.
        names = [field.name for field in fields(value) if field.name[0].islower()]
    elif hasattr(value, "__slots__") and not isinstance(value, (str, bytes)):
        names = value.__slots__
    elif isinstance(value, (str, int, float)) or hasattr(value, "dtype") and value.shape == ():
        yield path, value
        return
    else:
        yield path, ("n", len(value))
        for at, one in enumerate(value):
            yield from leaves(one, f"{path}[{at}]")
        return
    for name in names:
        # Keywords of Python end with `_` here.
        inner = f"{path}.{name}".removeprefix(".").removesuffix("_")
        yield from leaves(getattr(value, name), inner)


def shown(value, kind):
    """The text of a leaf, as it is expected."""
    if kind == "n":
        return str(value[1]) if isinstance(value, tuple) else f"no list: {value!r}"
    if isinstance(value, tuple):
        return f"a list of {value[1]}"
    if kind == "i":
        return str(int(value))
    if kind == "s":
        return str(value)
    size = int(kind[1])
    raw = value.tobytes() if hasattr(value, "tobytes") else struct.pack("<f" if size == 4 else "<d", value)
    return f"{int.from_bytes(raw[:size], 'little'):0{2 * size}x}"


def is_same(kind, found, expected):
    """Floats of 4 bytes become 8 in Python, which makes a signaling NaN a quiet one."""
    if found == expected:
        return True
    if kind not in QUIET:
        return False
    exponent, mantissa, quiet = QUIET[kind]
    wanted = int(expected, 16)
    is_nan = wanted & exponent == exponent and wanted & mantissa
    return bool(is_nan) and int(found, 16) == wanted | quiet


def is_at(path, expected):
    """Compares paths. `*` is any name."""
    found, wanted = path.split("."), expected.split(".")
    pairs = zip(found, wanted)
    return len(found) == len(wanted) and all(one == other or is_any(one, other) for one, other in pairs)


def is_any(name, pattern):
    return pattern.startswith("*") and name.partition("[")[1:] == pattern.partition("[")[1:]


def compare(name, read, path, lines):
    messages, count = 0, 0
    with open(lines, encoding="utf-8") as file:
        expected = (json.loads(line) for line in file)
        for topic, message in read(path):
            wanted = next(expected, None)
            if wanted is None or wanted["topic"] != topic:
                sys.exit(f"{name}: a message of {topic} where {wanted and wanted['topic']} is expected")
            found = list(leaves(message))
            for at, (place, kind, text) in enumerate(wanted["leaves"]):
                where = f"{name}: {topic} {place} of `{wanted['type']}`"
                if at >= len(found):
                    sys.exit(f"{where}: expected {text!r}, and there are only {len(found)} leaves")
                if not is_at(found[at][0], place):
                    sys.exit(f"{where}: expected there, found {found[at][0]}")
                if not is_same(kind, shown(found[at][1], kind), text):
                    sys.exit(f"{where}: expected {kind} {text!r}, found {found[at][1]!r}")
            if len(found) > len(wanted["leaves"]):
                sys.exit(f"{name}: {topic} has a leaf more: {found[len(wanted['leaves'])]}")
            messages, count = messages + 1, count + len(found)
        if next(expected, None) is not None:
            sys.exit(f"{name}: messages are missing after {messages}")
    print(f"{name}: {messages} messages, {count} leaves, all equal")


def check(name, read, path):
    topics, count = Counter(), 0
    for topic, message in read(path):
        topics[topic] += 1
        count += sum(1 for _ in leaves(message))
    print(f"{name}: {sum(topics.values())} messages, {count} leaves, all decoded")
    for topic, messages in sorted(topics.items()):
        print(f"  {topic}: {messages}")


def main():
    readers = {"mcap-ros2-support": by_mcap_ros2_support, "rosbags": by_rosbags}
    for name, read in readers.items():
        match sys.argv[1:]:
            case ["--check", path]:
                check(name, read, path)
            case [path, lines]:
                compare(name, read, path, lines)
            case _:
                sys.exit(__doc__)


main()
