"""Tests of the page for people: by HTTP, and in a browser."""
