"""One self-contained page of everything that was measured: claims, tables, plots, curves and predictions."""
