"""The proof checker: says whether a proof holds, by the files of the knowledge alone; it shares no code with an engine."""
