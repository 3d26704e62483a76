"""The five assets of a video, in the order in which a run materializes them, one module each.

Belongs here: gathering what a function of the domain needs, calling it, and describing its result for the UI.
Does not belong here: the domain, and I/O other than through resources.

Assets are built by functions because what they promise (``code_version``, retries) follows from settings, and nothing
may be read from the environment at import.
"""
