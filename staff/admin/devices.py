"""The library's own pages of second factors show their secrets: they do not exist here."""

from django.contrib import admin
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice

admin.site.unregister([StaticDevice, TOTPDevice])
