"""Embeddings before anybody asks for them, and those kept on disk."""
