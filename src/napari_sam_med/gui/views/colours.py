"""Colours that mean the same in the canvas and in the dock."""

from __future__ import annotations

CANDIDATE_COLOURS = ((86, 180, 233), (240, 160, 40), (204, 121, 200))
"""Sky blue, orange and purple of Okabe and Ito, which colour-blind people can tell
apart; the prompts' green and red are left free."""
