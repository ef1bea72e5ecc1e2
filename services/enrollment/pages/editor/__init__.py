"""Staff write a programme in forms: drafts, their pages, what they would look like, and their publication."""
