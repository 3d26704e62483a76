"""The other libraries, in an environment of their own. Of ours it has what is imported from the repository."""
