"""The groups of ``summary-pipeline`` commands, one module each.

Belongs here: arguments, what is printed, exit codes. Does not belong here: what a command does.
"""
