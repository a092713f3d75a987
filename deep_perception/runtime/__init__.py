"""Where and how fast a network runs: device, precision, folding, and always the newest frame."""
