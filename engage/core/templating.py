"""What Jinja spends most of a page on, said in fewer steps.

A page of components makes several hundred calls, and each goes through `Context.call`, which asks
four times whether the callee wants the context. The answers do not change: a macro and a
translation want the evaluation context, nearly everything else wants nothing.
"""

from collections.abc import Callable
from types import BuiltinFunctionType, BuiltinMethodType, FunctionType, MethodType
from typing import Any

from flask import Flask
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from markupsafe import Markup


class Word:
    """`_` of templates: a translated text, escaped like its surroundings once filled in."""

    def __init__(self, find: Callable[[str], str]) -> None:
        self._find = find

    @pass_eval_context
    def __call__(self, surroundings: EvalContext, text: str, /, **variables: Any) -> str:
        found = self._find(text)
        if surroundings.autoescape:
            found = Markup(found)  # noqa: S704  the catalogue is ours
        # Jinja writes "%%" for every "%" of a text, with variables or without
        return found % variables if variables or "%" in found else found


class Plural:
    """`_n` of templates: the form of a text that goes with a number."""

    def __init__(self, find: Callable[[str, str, int], str]) -> None:
        self._find = find

    @pass_eval_context
    def __call__(
        self, surroundings: EvalContext, one: str, many: str, num: int, /, **variables: Any
    ) -> str:
        found = self._find(one, many, num)
        if surroundings.autoescape:
            found = Markup(found)  # noqa: S704  the catalogue is ours
        return found % {"num": num, **variables}


_WANT_EVALUATION = frozenset({Macro, Word, Plural})
_WANT_NOTHING = frozenset({FunctionType, MethodType, BuiltinFunctionType, BuiltinMethodType})


class QuickContext(Context):
    """Jinja's context; calls of macros, translations and plain functions take the short way."""

    def call(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """As in Jinja, which answers for everything that is not asked for here.

        But for one thing: a callee that raises StopIteration is not taken for an undefined value.
        """
        kind = obj.__class__
        if kind in _WANT_EVALUATION:
            args = (self.eval_ctx, *args)
        elif kind not in _WANT_NOTHING or hasattr(obj, "jinja_pass_arg"):
            return super().call(obj, *args, **kwargs)
        # what only callees that want the context are told
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        try:
            return obj(*args, **kwargs)
        except StopIteration:
            # a page is a generator: let through, it would break in the middle of it
            return self.environment.undefined("a callable raised StopIteration")


def register(app: Flask) -> None:
    """Draw templates in it."""
    app.jinja_env.context_class = QuickContext
