# The object.

TYPE = "Camera"
ID = 73
SIZE = 4736
ALIGN = 64
LAYOUT_HASH = 0x1f24796d76921a7c69615610464757af
FIELDS = 4
PREFIX_HASH = 0x662a391a66bdc40b504ef6564f041f71


class Format(_Variants):
    """A field may hold other numbers, too."""
    Gray8 = 0
    Bgr8 = 1
    Yuyv = 2


Info = _Struct("Info", 16, {
    "width": (0, _u32),
    "height": (4, _u32),
    "stride": (8, _u32),
    "format": (12, _Enum("<u4", Format)),
})

Bgr = _Struct("Bgr", 3, {
    "b": (0, _u8),
    "g": (1, _u8),
    "r": (2, _u8),
})

Size = _Struct("Size", 8, {
    "width": (0, _u32),
    "height": (4, _u32),
})

Camera = _Struct("Camera", 4736, {
    "images": (0, _Frames(1472, _u8, Info, 100, 4, 192, 704, 192, 16, 64)),
    "pixels": (1472, _Frames(1088, Bgr, Size, 8, 3, 192, 704, 128, 16, 64)),
    "plain": (2560, _Frames(1088, _u8, Size, 48, 3, 192, 704, 128, 16, 64)),
    "samples": (3648, _Frames(1088, _u16, _none, 9, 3, 192, 704, 128, 16, 64)),
})


_OBJECT = Camera
DTYPE = _OBJECT.dtype
assert DTYPE.itemsize == SIZE
