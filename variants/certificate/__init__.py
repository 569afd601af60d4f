"""The certificate: what is checked of every entry before any training, on a tiny model of its structure."""

from variants.certificate.certify import CHECKS, Certificate, certify
from variants.certificate.entries import EntryCheck, check_entries
from variants.certificate.user_part import PartCheck, check_part, records_of

__all__ = ["CHECKS", "Certificate", "EntryCheck", "PartCheck", "certify", "check_entries", "check_part", "records_of"]
