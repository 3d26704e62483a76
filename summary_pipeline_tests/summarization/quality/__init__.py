"""Tests of the offline quality score."""
