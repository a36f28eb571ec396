"""What a run's processes need of each other: builds, folders, memory, Ctrl-C."""
