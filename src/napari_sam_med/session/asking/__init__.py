"""What is asked about a slice, and the answers: one for each object on it."""
