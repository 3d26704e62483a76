"""Map-reduce summarization on one simulated model: ours, the first version's, LangChain's and LlamaIndex's."""
