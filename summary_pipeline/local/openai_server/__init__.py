"""A server with OpenAI's API that summarizes offline, by extraction, and fails on demand.

Belongs here: the HTTP application, the extractive method behind it, its limits and its faults.
Does not belong here: anything that a client of the API needs; clients know nothing of this package.

It is no language model and does not pretend to be one: every answer is made of the request's own sentences and carries
the model name ``extractive-offline``, whatever model was asked for. Start it with
``python -m summary_pipeline.local.openai_server --port 8089`` or, in tests, with ``serving.running_server``.
"""
