"""Two hundred subtasks on one machine: what they and the channels between them take, and what an idle job costs."""
