"""Route 53: hosted zones and their records (`zones`), the API (`api`) and what resolvers see (`hosts`)."""
