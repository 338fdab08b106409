"""The exchange of released alerts between two instances of sargas, in signed bundles."""
