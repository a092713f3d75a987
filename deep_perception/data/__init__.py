"""Pictures and data sets: where they come from and how they are kept."""
