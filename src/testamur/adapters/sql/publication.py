"""
What everybody may know of: certificates whose leaves are in a published checkpoint.

Few chunks are kept and not yet published, a second's worth. So queries ask which
those are, by an index each, and take all others for published.
"""

#: Leaf batches of chunks that no checkpoint shows yet.
UNPUBLISHED = """
    FROM leaf_batches WHERE chunk_id IS NOT NULL AND (first_index IS NULL
      OR first_index >= (SELECT coalesce(max(published_size), 0) FROM log_state))
"""


def is_published(chunk: str) -> str:
    """Spell the condition that everything kept of *chunk*, an expression, is shown."""
    return f"{chunk} NOT IN (SELECT chunk_id {UNPUBLISHED})"
