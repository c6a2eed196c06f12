"""The proof checker: says whether a proof holds, by the files of the knowledge; it shares no code with an engine."""
