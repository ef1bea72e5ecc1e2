"""Programme files: their format, what is wrong with one and where, and what is published of it. A part of its own."""
