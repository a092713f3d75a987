"""From a data set to a model that is proven to be better."""
