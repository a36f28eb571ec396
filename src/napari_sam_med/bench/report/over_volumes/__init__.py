"""The page on runs over volumes: tables, finding and files."""
