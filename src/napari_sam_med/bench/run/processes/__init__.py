"""What several processes of a run need of each other: locks, builds, folders."""
