"""The live path: feeds are received into the journal by one thread and folded by another."""
