"""Models beside each other: on the same cases, tested, ranked."""
