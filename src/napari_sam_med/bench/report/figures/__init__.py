"""The figures of a report: each is drawn once, for the page and as files."""
