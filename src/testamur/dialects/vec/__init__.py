"""The Business API of VEC.digital: certificate vault and template batches."""
