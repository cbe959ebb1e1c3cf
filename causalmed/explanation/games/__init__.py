"""Cooperative games on a structural causal model: coalitions are set, the rest follows from them."""
