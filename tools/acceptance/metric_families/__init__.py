class Missing(Exception):
    """The other tool, or the data, that a family needs."""
