"""Transparency log: tree, tiles, checkpoints, proofs, and the one sequencer."""
