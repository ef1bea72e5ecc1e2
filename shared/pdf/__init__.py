"""Documents people read, set as PDF. No business rule stands here, and no service is known."""
