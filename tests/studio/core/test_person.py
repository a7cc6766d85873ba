from __future__ import annotations

from studio.core.action import Actor, person_of


def test_a_token_is_its_maker_and_no_second_person() -> None:
    assert person_of("token: nightly (old) (Ivo Marsh)") == "Ivo Marsh"
    assert Actor(name="Ivo Marsh").person == Actor(name="token: x (Ivo Marsh)").person
