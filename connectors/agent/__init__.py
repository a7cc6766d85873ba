"""The agent beside a system that no address of ours reaches: it dials out, carries requests, brings answers.

``python -m connectors.agent`` runs alone on the customer's server with Python and httpx: it takes nothing of
this project but this package and ``connectors.http.tls``. The studio's side is ``transport``, which the agent
never loads.
"""
