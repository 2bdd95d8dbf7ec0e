"""A program that knows only the module of the object."""

import sys

from camera import ReadOnlyError, Segment, Torn


def look(name, frames, show):
    try:
        newest = frames.newest()
    except Torn:
        print(f"{name}: damaged")
        return
    if newest is None:
        assert frames.newest_python() is None
        print(f"{name}: no frame")
        return
    number, meta, elements = newest
    assert not elements.flags.writeable and frames.newest_number >= number
    shown, elements = show(meta, elements)
    print(f"{name}: frame {number}{shown}, {len(elements)} of {frames.capacity}:{''.join(f' {at}' for at in elements)}")
    if len(sys.argv) == 2:
        _, meta, elements = frames.newest_python()
        assert meta is None or meta["width"] > 0
        assert isinstance(elements, list) and len(elements) > 0
    try:
        frames.newest_number = 1
        raise SystemExit("a view was changed")
    except ReadOnlyError:
        pass


with Segment(sys.argv[1]) as segment:
    camera = segment.object
    look("images", camera.images,
         lambda meta, elements: (f", {meta['width']} x {meta['height']}, format {meta['format']}", elements))
    look("pixels", camera.pixels, lambda meta, elements: (f", {meta['width']} x {meta['height']}", elements["r"]))
    look("samples", camera.samples, lambda _, elements: ("", elements))
