"""The paper as data: its tables and its claims."""
