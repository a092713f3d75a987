"""Networks that make pictures larger, each with its paper and licence on top."""
