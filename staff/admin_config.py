from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Django's admin, with our site at its door."""

    default = False
    default_site = "staff.site.StaffSite"
