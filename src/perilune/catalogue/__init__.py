"""The catalogue: a database of objects, observations, orbits, assessments, approaches and alerts.

    database = open_database()
    with database.write() as connection:
        add_orbits(connection, read_orbits("orbit.json"), by="me")
    with database.read() as connection:
        risk_list(connection, "moon", min_probability=1e-6)

Functions take a connection, so that a caller decides what belongs into one transaction.
"""

from perilune.catalogue.approaches import (
    ApproachSearch,
    StoredApproach,
    approaches_of,
    next_approaches,
    replace_approaches,
    search_of,
)
from perilune.catalogue.assessments import (
    StoredAssessment,
    add_assessments,
    assessment_by_id,
    assessments_of,
    previous_assessment,
    risk_list,
)
from perilune.catalogue.audit import AuditEntry, audit_entries, write_audit
from perilune.catalogue.database import Database, database_url, open_database
from perilune.catalogue.errors import (
    DatabaseDamagedError,
    DatabaseError,
    DatabaseFullError,
    DatabaseLockedError,
    DatabaseTooNewError,
)
from perilune.catalogue.jobs import (
    Job,
    add_job,
    claim_job,
    fail_job,
    find_job,
    finish_job,
    latest_jobs,
    report_job,
)
from perilune.catalogue.objects import (
    CatalogueObject,
    count_objects,
    find_object,
    names_of,
    object_by_id,
    search_objects,
)
from perilune.catalogue.partners import (
    ROLES,
    Partner,
    Role,
    Token,
    add_partner,
    all_partners,
    all_tokens,
    check_token,
    find_partner,
    make_token,
    revoke_token,
)
from perilune.catalogue.solutions import (
    AddedOrbits,
    StoredOrbit,
    add_orbits,
    count_orbits,
    orbit_by_id,
    orbits_of,
    prefer,
    preferred_orbit,
    preferred_orbits,
)
from perilune.catalogue.stations import StoredStation, all_stations, find_station, put_station
from perilune.catalogue.submissions import (
    Submission,
    Submitted,
    count_observations,
    is_submitted,
    observations_digest,
    observations_of,
    submission_content,
    submissions_of,
    submit_observations,
)

__all__ = [
    "ROLES",
    "AddedOrbits",
    "ApproachSearch",
    "AuditEntry",
    "CatalogueObject",
    "Database",
    "DatabaseDamagedError",
    "DatabaseError",
    "DatabaseFullError",
    "DatabaseLockedError",
    "DatabaseTooNewError",
    "Job",
    "Partner",
    "Role",
    "StoredApproach",
    "StoredAssessment",
    "StoredOrbit",
    "StoredStation",
    "Submission",
    "Submitted",
    "Token",
    "add_assessments",
    "add_job",
    "add_orbits",
    "add_partner",
    "all_partners",
    "all_stations",
    "all_tokens",
    "approaches_of",
    "assessment_by_id",
    "assessments_of",
    "audit_entries",
    "check_token",
    "claim_job",
    "count_objects",
    "count_observations",
    "count_orbits",
    "database_url",
    "fail_job",
    "find_job",
    "find_object",
    "find_partner",
    "find_station",
    "finish_job",
    "is_submitted",
    "latest_jobs",
    "make_token",
    "names_of",
    "next_approaches",
    "object_by_id",
    "observations_digest",
    "observations_of",
    "open_database",
    "orbit_by_id",
    "orbits_of",
    "prefer",
    "preferred_orbit",
    "preferred_orbits",
    "previous_assessment",
    "put_station",
    "replace_approaches",
    "report_job",
    "revoke_token",
    "risk_list",
    "search_objects",
    "search_of",
    "submission_content",
    "submissions_of",
    "submit_observations",
    "write_audit",
]
