"""Type checkers understand the package, and programs that use it."""

from __future__ import annotations

import doctest
import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import shmstore
import typed
from conftest import needs
from shmstore import _define, _shmstore

HERE = Path(__file__).parent
PACKAGE = Path(shmstore.__file__).parent


def mypy(*arguments: object) -> str:
    needs("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    return done.stdout if done.returncode else ""


def test_package_is_typed(tmp_path: Path) -> None:
    assert mypy("--cache-dir", tmp_path, "-p", "shmstore") == ""
    assert (PACKAGE / "py.typed").exists()


def test_typed_program_is_accepted_and_a_wrong_one_refused(store: shmstore.Store, tmp_path: Path) -> None:
    assert mypy("--cache-dir", tmp_path, "typed.py") == ""
    typed.main(store)
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import typed\ndef f(rover: typed.Typed) -> str:\n    return rover.position.load().x\n")
    assert "Incompatible return value type" in mypy("--cache-dir", tmp_path, wrong)


def names(found: Any) -> set[str]:
    return {name for name in vars(found) if not name.startswith("_")}


def test_stubs_have_each_method_and_no_other() -> None:
    stub = (PACKAGE / "_shmstore.pyi").read_text()
    for name, found in vars(_shmstore).items():
        if not inspect.isclass(found):
            continue
        body = re.split(rf"\nclass {name}\b", stub, maxsplit=1)[1].split("\nclass ", 1)[0].split("\ndef ", 1)[0]
        for method in names(found) - {"dtype", "shape", "enums"}:
            assert f"def {method}(" in body or f"    {method}:" in body or f"    {method} =" in body, f"{name}.{method}"
        defined = {line.split("def ")[1].split("(")[0] for line in body.splitlines() if "def " in line}
        for method in defined - names(found):
            assert method.startswith("_"), f"{name}.{method} is in the stub only"


def test_every_public_thing_has_a_docstring() -> None:
    for name, found in vars(shmstore).items():
        if name.startswith("_") or inspect.ismodule(found) or not (inspect.isclass(found) or callable(found)):
            continue
        assert found.__doc__, name
        if inspect.isclass(found) and found.__module__ == "shmstore":
            for method in names(found) - {"Schema"}:
                assert name == "Schema" or getattr(found, method).__doc__, f"{name}.{method}"


def test_examples_of_the_docstrings_run(tmp_path: Path) -> None:
    from enum import IntEnum

    names = {**vars(shmstore), "IntEnum": IntEnum, "directory": tmp_path}
    for module in (shmstore, _define):
        results = doctest.testmod(module, extraglobs=names, verbose=False)
        assert results.failed == 0 and results.attempted > 0


def test_help_names_all_that_the_package_has() -> None:
    has = {name for name, what in vars(shmstore).items() if not name.startswith("_") and not inspect.ismodule(what)}
    assert set(shmstore.__all__) == has
    helped = pydoc.render_doc(shmstore, renderer=pydoc.plaintext)
    for name in ("class Busy", "class Record", "class Store", "enum(", "object(", "value(", "wait_any("):
        assert name in helped, name
