"""RITM: HRNet with an object-contextual head, fed with its own last answer."""
