"""Systems that send their records to us: a web shop, a CRM, anything without a connector of its own."""
