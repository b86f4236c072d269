"""Where servers and `flask` enter."""

import sys

from config import ConfigError
from engage import create_app

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))
