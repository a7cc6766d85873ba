"""The deciding ring: pure functions over values. No framework, no network, no vendor."""
