"""The Business API of VEC.digital."""
