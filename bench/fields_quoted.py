"""What peers reach on the public sets, quoted from ``shared/bench/README.md`` (November 2026)."""

from __future__ import annotations

QUOTED: dict[str, list[tuple[str, ...]]] = {
    "po": [
        ("po", "COMA (valentine 1.0.1)", ".538", ".868", ".682", ".344", ".363", "1.3", "434"),
        ("po", "COMA 3 Java", ".495", ".614", ".554", ".424", ".416", "12", "381"),
        ("po", "Similarity Flooding", ".516", ".865", ".664", ".356", ".383", "162", "485"),
        ("po", "Magneto, zero shot", ".656", ".889", ".760", ".505", ".491", "5.6", "863"),
        ("po", "plain learned combination", ".830", ".960", ".889", ".607", ".566", "–", "–"),
    ],
    "gdc": [
        ("gdc", "COMA with instances", ".496", ".713", ".588", ".354", ".392", "32", "529"),
        ("gdc", "Magneto, zero shot", ".500", ".757", ".607", ".375", ".443", "213", "1209"),
        ("gdc", "plain learned combination", ".542", ".759", ".637", ".385", ".412", "–", "–"),
    ],
    "valentine": [
        ("valentine", "COMA with instances", ".730", ".837", ".778", ".636", ".784", "8", "432"),
        ("valentine", "Similarity Flooding", ".567", ".813", ".683", ".454", ".539", "150", "460"),
        ("valentine", "Distribution based", ".222", ".252", ".237", ".175", ".496", "220", "809"),
        ("valentine", "Magneto, zero shot", ".731", ".895", ".808", ".629", ".634", "149", "3131"),
        (
            "valentine",
            "plain learned combination",
            ".909",
            ".995",
            ".949",
            ".677",
            ".800",
            "–",
            "–",
        ),
    ],
}
