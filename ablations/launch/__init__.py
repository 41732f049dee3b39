"""Ways to run the jobs of a plan: on this machine, or through Slurm."""
