"""Relatives of SAM: other encoders, decoders or preparations, in the same adapter."""
