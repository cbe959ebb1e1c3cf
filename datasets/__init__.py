"""The shipped data files, each beside its card; reached through :func:`causalmed.load_dataset`."""
