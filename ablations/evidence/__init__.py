"""What was measured: where results lie, tables of them, and findings about the paper's claims."""
