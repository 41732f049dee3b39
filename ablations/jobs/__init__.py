"""From table rows to finished jobs: the plan, the queue, and the places where jobs run."""
