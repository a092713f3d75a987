"""What may be done to a training picture so that it stays true."""
