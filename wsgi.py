"""Where servers and `flask` enter."""

import gc
import sys

gc.disable()  # nothing of what is loaded here is ever garbage: a fifth of the start is saved

from config import ConfigError  # noqa: E402
from engage import create_app  # noqa: E402

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))
gc.enable()
gc.freeze()
