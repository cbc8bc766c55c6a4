"""The database backend of django-tenants, made to fail closed."""
