"""Runtime of the clients, and the read-model of the specs."""
