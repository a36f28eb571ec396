"""The bundled model: its encoder, its network and how it is loaded."""
