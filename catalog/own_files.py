"""Python files of a user's own: those in use, how one is run, and the kinds that it registers."""

import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path

PARTS, TASKS = "BESTIARY_PARTS", "BESTIARY_TASKS"


def files(variable: str) -> tuple[Path, ...]:
    """The files in use that a variable of the environment names, so that processes started from here use them too."""
    return tuple(Path(name) for name in os.environ.get(variable, "").split(os.pathsep) if name)


def content_key(path: Path) -> str:
    """The digest of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_file(path: Path) -> None:
    """Runs a file, so that what it decorates is registered.

    Raises:
        ValueError: the file is missing, no Python or fails, or changes what is not its own; one line, with its place.
    """
    import importlib.util  # the quick commands run no file

    from catalog.side_effects import Before

    if not path.is_file():
        raise ValueError(f"{path} is missing; give a Python file that registers a kind")
    name = f"user_file_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None or module_spec.loader is None:
        raise ValueError(f"{path} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    before = Before()
    try:
        module_spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ValueError(f"{error.filename or path}:{error.lineno or 0}: is no Python: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise ValueError(f"{_place(error, path)}: {_said(error)}") from error
    finally:
        sys.modules.pop(name, None)
        changed = before.undo()
    if changed:
        raise ValueError(f"{path}: changes what is not its own ({', '.join(changed)}); a file may only register kinds")
    sys.modules[name] = module  # torch.compile and pickle look a function's globals and a class up there


def registered(path: Path) -> frozenset[tuple[str, str]]:
    """Registry and name of all that a file registers, read off its decorators; none of a file that cannot be read.

    A name that is not written out is empty.
    """
    try:
        return _registered(path, path.stat().st_mtime_ns)
    except (OSError, SyntaxError, ValueError):
        return frozenset()


@lru_cache(maxsize=64)
def _registered(path: Path, _stamp: int) -> frozenset[tuple[str, str]]:
    import ast

    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [call for node in ast.walk(tree) for call in getattr(node, "decorator_list", [])]
    return frozenset(
        (ast.unparse(call.func.value), str(getattr(call.args[0], "value", "")))
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "register"
        if call.args
    )


def _place(error: BaseException, path: Path) -> str:
    """The file and the last line in it that was running."""
    import traceback

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _said(error: BaseException) -> str:
    told = " ".join(str(error).split())
    return told if isinstance(error, ValueError) else f"{type(error).__name__}: {told}"
