"""The threads that work: a serial worker, the models of the process, file work."""
