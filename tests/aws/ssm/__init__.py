"""Systems Manager: managed nodes, sessions (`sessions`), their data channel (`channel`) and the API (`api`)."""
