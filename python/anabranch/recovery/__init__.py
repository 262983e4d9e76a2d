"""What a task keeps and a recovery needs: sent frames, determinants and checkpoints."""
