"""Networks that torchvision does not have, each with its paper and licence on top."""
