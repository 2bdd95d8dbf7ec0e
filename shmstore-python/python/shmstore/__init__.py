"""Typed objects in shared memory, for the processes of one Linux machine."""

from ._define import enum, object, value
from ._errors import *
from ._records import Record
from ._shmstore import Schema
from ._types import *
