"""Stories: what happens, and what is expected, as data, played on the simulated clock against the real services.

`docs/stories.md` is the language; `story.py` is the same as models, and `docs/schemas/story.schema.json` follows from
them.
"""
