"""What holds for every test."""

from hypothesis import HealthCheck, settings

# Machines differ and are shared: a slow example is not a wrong one.
settings.register_profile("default-here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default-here")
