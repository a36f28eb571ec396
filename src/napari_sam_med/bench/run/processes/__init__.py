"""What several processes of a run need of each other: builds, folders, memory."""
