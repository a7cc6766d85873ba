"""Link two registers of persons with Splink; runs in the peers' own environment, never in the product's.

    var/peers/bin/python bench/peer_splink.py a.csv b.csv out.csv

Blocking and comparisons as Splink's own tutorials set them up for these columns; the model is
estimated without labels.
"""

from __future__ import annotations

import logging
import sys

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

FLOOR = 0.01


def main() -> None:
    left, right, out = sys.argv[1:4]
    logging.disable(logging.WARNING)
    base = duckdb.connect()
    api = DuckDBAPI(connection=base)
    read = "select * replace ({}) from read_csv('{}', all_varchar = true)"
    heads = [
        "given_name",
        "surname",
        "street_number",
        "street",
        "suburb",
        "postcode",
        "state",
        "date_of_birth",
        "phone",
        "email",
    ]
    empty = ", ".join(f"nullif({head}, '') as {head}" for head in heads)
    tables = []
    for name, path in (("a", left), ("b", right)):
        base.execute(f"create table {name}_read as {read.format(empty, path)}")
        tables.append(api.register(f"{name}_read", dataset_display_name=name))
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.ExactMatch("street_number"),
            cl.JaroWinklerAtThresholds("street", [0.92, 0.8]),
            cl.ExactMatch("suburb").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("postcode", 1),
            cl.ExactMatch("state"),
            cl.LevenshteinAtThresholds("phone", [1, 2]),
            cl.LevenshteinAtThresholds("email", [1, 2]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            block_on("surname", "date_of_birth"),
            block_on("given_name", "date_of_birth"),
            block_on("surname", "street"),
            block_on("given_name", "street"),
            block_on("date_of_birth", "suburb"),
            block_on("phone"),
            block_on("email"),
        ],
    )
    linker = Linker(tables, settings)
    train = linker.training
    train.estimate_probability_two_random_records_match(
        [block_on("phone"), block_on("given_name", "surname", "date_of_birth")], recall=0.8
    )
    train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    train.estimate_parameters_using_expectation_maximisation(block_on("given_name", "surname"))
    train.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
    found = linker.inference.predict(threshold_match_probability=FLOOR)
    base.execute(
        f"copy (select case when source_dataset_l = 'a' then id_l else id_r end as left_key,"
        f" case when source_dataset_l = 'a' then id_r else id_l end as right_key,"
        f" match_probability as probability from {found.physical_name}) to '{out}' (header)"
    )


if __name__ == "__main__":
    main()
