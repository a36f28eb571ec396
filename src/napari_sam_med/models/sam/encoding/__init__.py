"""Images through SAM's encoders: the fast way, the precision, batches."""
