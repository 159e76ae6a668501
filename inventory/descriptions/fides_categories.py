"""The data categories that Fides files may name, with names for people in our own words. Pure.

Keys of the older and the newer version of that taxonomy stand side by side: both are found in files.
"""

import difflib

_HEALTH = {
    "": "Health", "genetic": "Genetic data", "insurance_beneficiary_id": "Health insurance number",
    "record_id": "Medical record number",
}  # fmt: skip
_BODY = {"": "Biometric data", "fingerprint": "Fingerprint", "retinal": "Retina scan", "voice": "Voice recording"}
_TREE: dict[str, dict[str, str]] = {
    "user": {
        "": "Personal data", "childrens": "Data about children", "criminal_history": "Criminal record",
        "job_title": "Job title", "payment": "Payments", "privacy_preferences": "Privacy choices",
        "professional_information": "Professional background", "professional_information.job_title": "Job title",
        "professional_information.workplace": "Workplace", "sensor": "Sensor readings", "settings": "Settings",
        "social": "Social activity", "social_activity": "Social activity", "telemetry": "Telemetry",
        "user_sensor": "Sensor readings of the person", "workplace": "Workplace",
    },
    "user.account": {"": "Account", "settings": "Account settings", "username": "User name"},
    "user.authorization": {
        "": "Permissions", "biometric": "Biometric sign-in", "biometrics": "Biometric sign-in",
        "credentials": "Sign-in credentials", "password": "Password",
    },
    "user.behavior": {
        "": "Behaviour", "browsing_history": "Browsing history", "media_consumption": "Media watched and read",
        "purchase_history": "Purchases", "search_history": "Searches",
    },
    "user.biometric": {**_BODY, "health": "Biometric health data"},
    "user.biometrics": _BODY,
    "user.children": {
        "": "Data about children", "children_under_thirteen": "Data about children under 13",
        "thirteen_to_sixteen": "Data about children of 13 to 16",
    },
    "user.contact": {
        "": "Contact", "address": "Address", "address.city": "City", "address.country": "Country",
        "address.mailing_address": "Mailing address", "address.postal_code": "Postal code",
        "address.state": "State or region", "address.street": "Street", "email": "E-mail address",
        "fax_number": "Fax number", "organization": "Organisation", "phone_number": "Phone number",
        "social_url": "Social media address", "url": "Website",
    },
    "user.content": {
        "": "Content", "private": "Private content", "public": "Published content", "self_image": "Pictures of the person",
    },
    "user.demographic": {
        "": "Demographic data", "age_range": "Age range", "date_of_birth": "Date of birth", "gender": "Gender",
        "citizenship_or_immigration_status": "Citizenship or immigration status", "language": "Language",
        "marital_status": "Marital status", "philosophical_belief": "Philosophical belief",
        "political_opinion": "Political opinion", "profile": "Profile and preferences",
        "protected_classifications": "Protected characteristics", "race_ethnicity": "Race or ethnicity",
        "religious_belief": "Religious belief", "sexual_orientation": "Sexual orientation",
        "union_membership": "Trade union membership",
    },
    "user.device": {
        "": "Device", "cookie": "Cookie", "cookie_id": "Cookie number", "device_id": "Device number",
        "ip_address": "IP address", "sensor": "Sensor readings of a device", "telemetry": "Telemetry of a device",
    },
    "user.financial": {"": "Finances", "bank_account": "Bank account", "credit_card": "Credit card"},
    "user.government_id": {
        "": "Official identity numbers", "birth_certificate": "Birth certificate",
        "drivers_license_number": "Driving licence number", "immigration": "Immigration papers",
        "national_identification_number": "National identity number", "passport_number": "Passport number",
        "vehicle_registration": "Vehicle registration",
    },
    "user.health": {
        **_HEALTH, "baby_formula": "Baby formula", "condition": "Health condition", "maternity_clothing": "Maternity clothing",
        "medical_diagnosis": "Diagnosis", "medications": "Medication", "prescriptions": "Prescriptions",
        "reproductive_or_sexual": "Reproductive or sexual health",
        "social_psychological_behavioral": "Social, mental and behavioural health", "symptons": "Symptoms",
        "treatment": "Treatment",
    },
    "user.health_and_medical": _HEALTH,
    "user.location": {
        "": "Location", "coarse": "Rough location", "imprecise": "Rough location", "precise": "Exact location",
    },
    "user.name": {"": "Name", "first": "First name", "last": "Last name"},
    "user.unique_id": {
        "": "Customer number", "deterministic": "Number derived from the person's data",
        "probablistic": "Probable number of the person", "pseudonymous": "Pseudonym",
    },
    "system": {"": "System data", "authentication": "Authentication of systems", "operations": "Operations"},
}  # fmt: skip
NAMES = {f"{stem}.{leaf}".rstrip("."): name for stem, part in _TREE.items() for leaf, name in part.items()}
# GDPR Art. 9 and 10, and what US state law calls sensitive.
_SENSITIVE = (
    "user.authorization.biometric", "user.authorization.biometrics", "user.biometric", "user.biometrics",
    "user.children", "user.childrens", "user.criminal_history", "user.demographic.citizenship_or_immigration_status",
    "user.demographic.philosophical_belief", "user.demographic.political_opinion",
    "user.demographic.protected_classifications", "user.demographic.race_ethnicity", "user.demographic.religious_belief",
    "user.demographic.sexual_orientation", "user.demographic.union_membership", "user.government_id", "user.health",
    "user.health_and_medical", "user.location.precise",
)  # fmt: skip
# Levels of the oldest taxonomy that said where data came from and stand in no newer key.
_OLD = {"provided", "derived", "identifiable", "nonidentifiable", "unique_id"}


def is_personal(key: str) -> bool:
    """Whether values of this category are about people: what a system needs to run is not."""
    return key != "system" and not key.startswith("system.")


def is_sensitive(key: str) -> bool:
    """Whether the category, or one above it, needs special care by law."""
    return any(key == one or key.startswith(f"{one}.") for one in _SENSITIVE)


def above(key: str) -> list[str]:
    """The category and all that cover it, the widest first: user, user.contact, user.contact.email."""
    parts = key.split(".")
    return [".".join(parts[:cut]) for cut in range(1, len(parts) + 1)]


def nearest(key: str, known: set[str]) -> str:
    """The known category that an unknown one most likely means; "" if none is near."""
    parts = key.split(".")
    shorter = ".".join([*parts[:1], *(one for one in parts[1:-1] if one not in _OLD), *parts[1:][-1:]])
    if shorter in known:
        return shorter
    found = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.75)
    return found[0] if found else ""
