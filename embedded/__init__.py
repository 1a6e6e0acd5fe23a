"""The embedded AWS: deploys the unmodified Pulumi program into one process tree, without account or network."""
