"""The paper's tables as a graph of training jobs: load, plan, execute, collect, print."""
