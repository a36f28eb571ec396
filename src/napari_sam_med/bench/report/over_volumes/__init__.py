"""What the folder and the report of a run over volumes hold."""
