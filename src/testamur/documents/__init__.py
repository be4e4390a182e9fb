"""Documents that people and institutions sign: examined, signed, made to last."""
