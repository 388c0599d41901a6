"""RDS: what exists (`store`), what happens to it (`lifecycle`), and the API (`api`, `catalogue`)."""
