"""Calendar objects, a part of its own: how they are made, judged and answered. It knows nothing of letters."""
