"""One line of Python wrong, as `contracts/twins.json` has one line of Solidity wrong."""

from __future__ import annotations
import __future__ as language

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any


@contextmanager
def edited(function: Callable[..., Any], find: str, replacement: str) -> Iterator[None]:
    """A function with one piece of its text replaced, for all who hold it; ValueError unless it is there once."""
    plain = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        raise TypeError(f"{function} has no text")
    text = textwrap.dedent(inspect.getsource(plain))
    if text.count(find) != 1:
        raise ValueError(f"{plain.__name__} has {text.count(find)} times: {find}")
    names: dict[str, Any] = {}
    flags = language.annotations.compiler_flag
    program = compile(text.replace(find, replacement), inspect.getfile(plain), "exec", flags=flags, dont_inherit=True)
    exec(program, plain.__globals__ | {"__name__": plain.__module__}, names)  # noqa: S102 - the text is our own
    whole, broken = plain.__code__, names[plain.__name__].__code__
    plain.__code__ = broken
    try:
        yield
    finally:
        plain.__code__ = whole
