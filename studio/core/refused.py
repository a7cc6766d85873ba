"""What an action answers when it will not do something: one sentence for the person, and the fix."""

from __future__ import annotations


class DecisionRefused(Exception):
    """A decision cannot be taken; ``str()`` is the sentence shown beside the record."""

    def __init__(self, sentence: str, fix: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix


class DecidedMeanwhile(DecisionRefused):
    """Somebody else decided after it was shown; the loser keeps his tick."""
