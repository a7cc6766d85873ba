"""Deciding how work proceeds: states, keys, retries, dispositions, proof."""
