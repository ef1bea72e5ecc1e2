"""Something that takes long to read, were it real; it remembers who read it."""

import os

READ_BY = os.getpid()
