"""SimpleClick and CFR-ICL: plain vision transformers that read clicks."""
