"""What runs were told, and where they were told differently."""
