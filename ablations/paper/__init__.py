"""The paper as data: its tables and claims, and how a claim is judged."""
