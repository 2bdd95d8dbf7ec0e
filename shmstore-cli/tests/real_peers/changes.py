"""A program that assigns to everything that the module returns, and deletes it. Each attempt is refused with advice."""

import copy
import pickle
import sys

from everything import ReadOnlyError, Segment

OF_VIEWS = """
thing.mode = 1
thing.count = 1
thing.count += 1
thing.unknown = 1
thing._pad = 1
thing._kind = 1
thing["count"] = 1
thing["unknown"] = 1
del thing.count
del thing.unknown
del thing["count"]
thing.grid = 1
thing.grid.corner = 1
thing.grid.cells[0] = 1
thing.grid.cells[0] += 1
thing.grid.cells[0:2] = [1, 2]
thing.grid.cells[99] = 1
thing.grid.cells.unknown = 1
del thing.grid.cells[0]
thing.rows[1] = 1
thing.rows[1].corner = 1
thing.rows[1].corner <<= 1
thing.rows[1].cells[2] = 1
thing.count.value = 1
thing.status.at = 1
thing.status["at"] = 1
thing.status.load = 1
thing.status.version = 1
thing.rung.count = 1
thing.rung.count_ = 1
thing.guarded.is_held = False
thing.lonely.value = 1
thing.hint.load = None
del thing.hint._offset
segment.object = thing
segment.unknown = 1
del segment.object
del segment._base
thing.mode.load().value = 1
thing.mode.load().name = "Idle"
thing.mode.load().unknown = 1
del thing.mode.load().unknown
value["mode"]._unknown = 1
"""

OF_VALUES = """
value["at"] = 1
value["unknown"] = 1
value.at = 1
del value["at"]
del value.at
value |= {"at": 1}
value.update(at=1)
value.setdefault("unknown", 1)
value.pop("at")
value.popitem()
value.clear()
value["pairs"][0] = 1
value["pairs"][0:1] = [1]
value["pairs"].unknown = 1
value["pairs"].append(1)
value["pairs"].extend([1])
value["pairs"].insert(0, 1)
value["pairs"].remove(1)
value["pairs"].pop()
value["pairs"].clear()
value["pairs"].sort()
value["pairs"].reverse()
pairs = value["pairs"]; pairs += [1]
pairs = value["pairs"]; pairs *= 2
del value["pairs"][0]
"""

OF_ARRAYS = """
value["pairs"][0][0] = 1
record["at"] = 1
record[0] = 1
record["name"]["len"] = 1
record["pairs"]["elements"][0][0] = 1
record["pairs"]["elements"] += 1
block["words"][0] = 1
triple[0] = 1
triple[:] = 0
triple += 1
thing.triple.load_python()[1][0] = 1
thing.grid.corner.load()[0] = 1
"""

VIEWS_SAY = ("this module only reads the object: change it with a Rust program, or with a C program and the header "
             "from `shmstore schema --c`")
VALUES_SAY = ("this value is a copy, so changing it would not change the object: `copy.deepcopy(value)` makes a copy "
              "that can be changed")


def main():
    with Segment(sys.argv[1]) as segment:
        thing = segment.object
        record, value = thing.status.load()[1], thing.status.load_python()[1]
        block, triple = thing.block.load()[1], thing.triple.load()[1]
        names = dict(thing=thing, segment=segment, record=record, value=value, block=block, triple=triple)
        before = segment._bytes(0, 9344), repr(value), bytes(record), bytes(triple)
        kinds = (OF_VIEWS, ReadOnlyError, VIEWS_SAY), (OF_VALUES, ReadOnlyError, VALUES_SAY), (OF_ARRAYS, ValueError, "read-only")
        for attempts, kind, says in kinds:
            for attempt in attempts.strip().splitlines():
                try:
                    exec(attempt, dict(names))
                except kind as error:
                    assert says in str(error), (attempt, str(error))
                else:
                    raise SystemExit(f"accepted: {attempt}")
        assert before == (segment._bytes(0, 9344), repr(value), bytes(record), bytes(triple))

        # In Python, a refused attribute is an AttributeError, and a refused item is a TypeError.
        assert issubclass(ReadOnlyError, AttributeError) and issubclass(ReadOnlyError, TypeError)
        for changed in copy.deepcopy(value), pickle.loads(pickle.dumps(value)):
            changed["at"] = 2
            changed["pairs"].append(1)
            changed["pairs"][0][0] = 1
        own = triple.copy()
        own[0] = 5
        assert own[0] == 5 and triple[0] == 1 and len(value["pairs"]) == 2


main()
