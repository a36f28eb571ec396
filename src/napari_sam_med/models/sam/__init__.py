"""SAM and its relatives: networks, variants of their steps, one adapter for all."""
