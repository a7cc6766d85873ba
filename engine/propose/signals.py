"""The signals: what speaks for or against a pair of fields.

Each is a small function from pairs to one number per pair; ``SIGNALS`` is the table that names
them, tells people what they mean and fixes their order. They live by theme in ``wording``,
``naming`` (letters), ``meaning``, ``form``, ``place`` and ``sampling``. The learned model is tied to
this order by ``FEATURES_VERSION``; change one and the other refuses to load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.propose import form, meaning, naming, place, sampling, wording
from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats

FEATURES_VERSION = 3
Signal = Callable[[Pairs], Floats]


@dataclass(frozen=True, slots=True)
class Row:
    """One signal of the table.

    Attributes:
        name: stable name, used in the model file.
        score: the function.
        says: what it speaks of, for people ("the names' words").
    """

    name: str
    score: Signal
    says: str


SIGNALS: tuple[Row, ...] = (
    Row("same_words", wording.same_words, "same words in the names"),
    Row("like_words", wording.like_words, "words of the names that mean the same"),
    Row(
        "name_covers_target",
        wording.name_covers_target,
        "the target's name found in the source's path",
    ),
    Row(
        "name_covers_source",
        wording.name_covers_source,
        "the source's name found in the target's path",
    ),
    Row("path_words", wording.path_words, "words of the whole paths"),
    Row("spelling", wording.spelling, "spelling of the names"),
    Row("spelling_raw", wording.spelling_raw, "spelling of the names as they stand"),
    Row("spelling_start", wording.spelling_start, "beginning of the names"),
    Row("spelling_part", wording.spelling_part, "one path part of the other"),
    Row("meaning_of_names", meaning.meaning_of_names, "meaning of the names"),
    Row("meaning_of_own", meaning.meaning_of_own, "meaning of the names alone"),
    Row("meaning_of_labels", meaning.meaning_of_labels, "meaning of the labels"),
    Row("label_words", wording.label_words, "words of the labels"),
    Row("meaning_of_fields", meaning.meaning_of_fields, "meaning of entity, field and description"),
    Row("meaning_of_notes", meaning.meaning_of_notes, "meaning of the descriptions"),
    Row("meaning_across", meaning.meaning_across, "description of one, name of the other"),
    Row("note_says_target", wording.note_says_target, "the source's description names the target"),
    Row("note_says_source", wording.note_says_source, "the target's description names the source"),
    Row("note_words", wording.note_words, "words of the descriptions"),
    Row("concept", meaning.concept, "same accounting concept"),
    Row("concept_related", meaning.concept_related, "a concept that can stand in for the other"),
    Row("concept_of_note", meaning.concept_of_note, "what the source's description speaks of"),
    Row("concept_note_note", meaning.concept_note_note, "what both descriptions speak of"),
    Row("small_for_text", form.small_for_text, "a short code for free text"),
    Row("concept_first", meaning.concept_first, "the most likely concept is the same"),
    Row("type_fit", form.type_fit, "types"),
    Row("flag_fit", form.flag_fit, "yes-or-no fields"),
    Row("length_fit", form.length_fit, "lengths"),
    Row("short_source", form.short_source, "short code"),
    Row("enum_overlap", form.enum_overlap, "allowed values"),
    Row("head_same", wording.head_same, "kind of datum in the name"),
    Row("numbers_agree", wording.numbers_agree, "numbers in the names"),
    Row("extra_qualifiers", wording.extra_qualifiers, "qualifying words only the source has"),
    Row("missing_qualifiers", wording.missing_qualifiers, "qualifying words only the target has"),
    Row("note_extra", wording.note_extra, "qualifying words of the source's description"),
    Row("home_fit", place.home_fit, "the joined entity is the one the target speaks of"),
    Row("side_conflict", place.side_conflict, "selling against buying"),
    Row("side_words", place.side_words, "selling or buying in the paths"),
    Row("above_fit", place.above_fit, "what stands around the source"),
    Row("above_found", place.above_found, "what stands around the target"),
    Row("enum_named", form.enum_named, "one's name among the other's allowed values"),
    Row("role_conflict", place.role_conflict, "billing, shipping or remittance"),
    Row("both_lines", place.both_lines, "header or line"),
    Row("main_entity", place.main_entity, "distance from the main entity"),
    Row("both_keys", form.both_keys, "keys"),
    Row("references", place.references, "what the references point at"),
    Row("reference_says", place.reference_says, "the referenced entity is named by the target"),
    Row("custom_source", form.custom_source, "free or unknown source field"),
    Row("samples_equal", sampling.value_overlap, "equal sample values"),
    Row("samples_rare", sampling.rare_values, "equal sample values that few fields have"),
    Row("samples_words", sampling.rare_value_words, "words of the sample values"),
    Row("samples_spelling", sampling.spelling_alike, "spelling of sample values"),
    Row("samples_meaning", sampling.samples_meaning, "meaning of sample values"),
    Row("samples_say", sampling.samples_say, "samples of one, name of the other"),
    Row("samples_range", sampling.range_alike, "range of the numbers"),
    Row("samples_shape", sampling.shape_overlap, "shape of sample values"),
    Row("samples_length", sampling.length_alike, "length of sample values"),
    Row("samples_characters", sampling.character_share, "letters and digits in sample values"),
    Row("spelling_bare", naming.spelling_bare, "spelling of the names without shared prefixes"),
    Row("start_bare", naming.start_bare, "beginning of the names without shared prefixes"),
    Row("letters_in_order", naming.letters_in_order, "one name an abbreviation of the other"),
    Row("skeletons", naming.skeletons, "names without vowels"),
    Row("rare_letters", naming.rare_letters, "rare groups of letters in the names"),
    Row("word_beginnings", naming.word_beginnings, "one name made of the beginnings of words"),
)


def measure(p: Pairs) -> Floats:
    """All signals for all pairs, shape ``(pairs, len(SIGNALS))``."""
    out = np.empty((len(p), len(SIGNALS)), dtype=np.float32)
    for column, row in enumerate(SIGNALS):
        out[:, column] = row.score(p)
    return out
