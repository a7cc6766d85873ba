"""Pages of shared records: who owns what, both sides' values, and owners changed as a design."""

from __future__ import annotations

import pytest
from django.urls import reverse

from studio.flows.models import Golden

pytestmark = pytest.mark.django_db


@pytest.mark.promise("F31")
def test_a_shared_record_shows_owner_both_values_and_why_one_stands(kept, ana, as_person) -> None:
    kept.customer()
    kept.right.put("Customer", "58", Tel="3")
    kept.left.put("ArCustomer", "BAY", Phone="2")
    kept.run()
    golden = Golden.objects.get()

    listed = as_person(ana).get(reverse("flows:shared"))
    page = as_person(ana).get(reverse("flows:shared-record", args=[golden.uuid])).content.decode()

    assert golden.label in listed.content.decode()
    assert "changed on both sides; a person decides" in page
    assert "either; a person when both changed" in page
    assert 'class="token-differs">2<' in page
    assert 'class="token-differs">3<' in page


def test_a_stranger_sees_no_shared_record(kept, otto, as_person) -> None:
    kept.customer()

    response = as_person(otto).get(reverse("flows:shared-record", args=[Golden.objects.get().uuid]))

    assert response.status_code in (302, 403)


@pytest.mark.promise("F31")
def test_an_integrator_gives_a_field_to_another_owner_and_both_flows_follow(
    kept, ivo, as_person
) -> None:
    kept.customer()
    client = as_person(ivo)

    client.post(reverse("flows:owners-change", args=["customers"]), {"owner:email": "source"})
    kept.forward.refresh_from_db()
    assert kept.forward.design["owners"]["fields"]["email"] == "source"
    client.post(reverse("flows:flow-publish", args=["customers"]))

    versions = [f.versions.get(state="published") for f in (kept.forward, kept.reverse)]
    assert {v.content["keeps"]["owners"]["email"] for v in versions} == {"left"}
    kept.right.put("Customer", "58", Mail="x@bay.example")
    kept.run()
    assert kept.right.rows["58"].data["Mail"] == "a@bay.example"


def test_an_owner_that_no_mapping_can_serve_is_refused_with_the_way_out(
    kept, ivo, as_person
) -> None:
    response = as_person(ivo).post(
        reverse("flows:owners-change", args=["customers"]), {"owner:name": "target"}, follow=True
    )

    assert "no approved mapping writes it to Harbour ERP" in response.content.decode()
    kept.forward.refresh_from_db()
    assert "name" not in kept.forward.design["owners"]["fields"]


def test_an_accountant_may_look_at_owners_but_not_change_them(kept, ana, as_person) -> None:
    client = as_person(ana)

    assert client.get(reverse("flows:owners", args=["customers"])).status_code == 200
    refused = client.post(
        reverse("flows:owners-change", args=["customers"]), {"owner:email": "ask"}
    )
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"owners": {"entity": "source", "fields": {"name": "target"}}},
      "name cannot be kept equal: no approved mapping writes it to Harbour ERP"),
     ({"owners": {"entity": "source", "fields": {"fax": "source"}}},
      "fax cannot be kept equal: no approved mapping of Harbour ERP supplies it"),
     ({"owners": {"entity": "source", "fields": {"email": "both"}}}, "“both” is no owner")],
)  # fmt: skip
def test_a_design_that_cannot_be_kept_is_refused_with_place_and_fix(kept, change, sentence) -> None:
    from engine.errors import MappingRefused

    kept.forward.design |= change
    kept.forward.save()

    with pytest.raises(MappingRefused) as refusal:
        kept.publish()

    assert any(sentence in problem for problem in refusal.value.problems)


def test_a_flow_that_goes_back_makes_no_records_and_needs_the_one_that_goes_there(kept) -> None:
    from engine.errors import MappingRefused

    kept.reverse.design["keeps"]["unlinked"] = "create"
    kept.reverse.save()

    with pytest.raises(MappingRefused) as refusal:
        kept.publish()

    assert "new ones are made in Harbour ERP by a person" in refusal.value.problems[0]


def test_a_trial_says_what_becomes_of_a_record_without_a_counterpart(kept, ivo, as_person) -> None:
    page = f"/flows/{kept.forward.key}/"
    kept.left.put("ArCustomer", "NEW", Customer="NEW", Name="Newcomer")
    kept.run()
    client = as_person(ivo)

    alone = client.get(page).content.decode()
    kept.link("NEW", "58")
    linked = client.get(page).content.decode()

    assert f"is linked to nothing in {kept.books} yet: it waits for a person" in alone
    assert f"is kept equal with its counterpart in {kept.books}" in linked
