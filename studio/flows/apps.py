from __future__ import annotations

from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "studio.flows"
    label = "flows"

    def ready(self) -> None:
        """Tell triage what can be done about this app's cases, and what they are about."""
        from studio.catalog.uses import (
            register_dependent,
            register_finder,
            register_leaving,
            register_next,
        )
        from studio.flows.drift import flows_hit
        from studio.flows.evidence import case_evidence
        from studio.flows.leaving import needed_by, pause_on
        from studio.flows.pairing import next_steps
        from studio.flows.pins import users_of_mapping, ways_of_flows
        from studio.flows.remedies_attached import evidence as evidence_of_file
        from studio.flows.uses import deliveries_using
        from studio.linking.actions import links_for
        from studio.linking.uses import register_use
        from studio.mapping.preview import register_links
        from studio.mapping.uses import register_user, register_ways
        from studio.triage.evidence import register

        register_use(deliveries_using)
        register_links(links_for)
        register_user(users_of_mapping)
        register_ways(ways_of_flows)
        register_finder(flows_hit)
        register_next(next_steps)
        register_dependent(needed_by)
        register_leaving(pause_on)
        _register_remedies()
        register("inbox", case_evidence)
        register("delivery", evidence_of_file)


def _register_remedies() -> None:
    """What people can do about cases, one module for each kind of trouble."""
    from studio.flows.drift_cases import register_all as register_drift
    from studio.flows.remedies import register_all
    from studio.flows.remedies_attached import register_all as register_attached
    from studio.flows.remedies_documents import register_all as register_documents
    from studio.flows.remedies_inactive import register_all as register_inactive
    from studio.flows.remedies_keeping import register_all as register_keeping
    from studio.flows.remedies_payments import register_all as register_payments
    from studio.flows.remedies_period import register_all as register_period
    from studio.flows.remedies_posted import register_all as register_posted
    from studio.flows.remedies_source import register_all as register_source
    from studio.flows.transforming import register_all as register_transforming

    register_all()
    register_attached()
    register_documents()
    register_drift()
    register_inactive()
    register_keeping()
    register_payments()
    register_period()
    register_posted()
    register_source()
    register_transforming()
