"""How the staff room meets the API: keys of integrators and operators."""
