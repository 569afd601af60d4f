"""The certificate: what is checked of every entry before any training, on a tiny model of its structure."""

from variants.certificate.certify import CHECKS, Certificate, certify
from variants.certificate.entries import EntryCheck, check_entries

__all__ = ["CHECKS", "Certificate", "EntryCheck", "certify", "check_entries"]
