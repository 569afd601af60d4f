"""Tasks by kind: batches in, losses and scores out; numpy only."""
