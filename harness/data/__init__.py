"""The embedded data: one folder per set (card, one file per split), licences, and the recipes that rebuild them."""
