"""The output of a task: edges, partitioners, and channels with what is unsent or may be wanted again."""
