"""The typesetter: pages drawn by Typst, in a child that talks to nobody."""
