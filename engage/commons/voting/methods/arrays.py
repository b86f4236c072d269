"""numpy, loaded when something is first counted: a site that only shows pages never needs it.

Loading it takes some 20 MB of memory in every process.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["Bytes", "Flags", "Floats", "Indices", "Matrix", "Places", "Whole", "np"]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Indices = NDArray[np.int32]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]
    Matrix = NDArray[Any]
else:

    class _Later(ModuleType):
        def __getattr__(self, name: str) -> Any:
            found = import_module(self.__name__)
            self.__dict__.update({k: v for k, v in found.__dict__.items() if k[:2] != "__"})
            return getattr(found, name)

    np = _Later("numpy")
    Bytes = Flags = Floats = Indices = Places = Whole = Matrix = Any
