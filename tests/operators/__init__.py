"""The files of `config/` that an operator installs, each tried with the tool that will read it."""
