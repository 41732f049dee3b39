"""`python -m ablations timing`: Section 4.4 on this machine."""
