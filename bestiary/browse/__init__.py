"""The quick commands, one file each: they read the catalog and load nothing heavy."""
