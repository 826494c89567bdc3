"""Checks the bucket where files are: is it reached, is what is deleted gone, who can look?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from restante.blobs.s3_line import S3Error, TakenThere
from restante.commands import checks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.blobs.s3_line import Line
    from restante.commands.checks import Finding

SKEW_SECONDS = 60.0
UPLOAD_DAYS = 4
"""An upload may take three days: a rule that aborts it must wait for longer."""
WORDS = {
    "NoSuchBucket": "the bucket of RESTANTE_BLOBS does not exist",
    "RequestTimeTooSkewed": "this machine's clock is too far from S3's: it refuses every request",
    "PermanentRedirect": "the bucket is in another region: set RESTANTE_S3_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set RESTANTE_S3_REGION",
}
REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoCredentialsError"}
EVERYBODY = ("/AllUsers", "/AuthenticatedUsers")
NONE_SET = {
    "NoSuchLifecycleConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "ReplicationConfigurationNotFoundError",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchBucketPolicy",
}


def of_bucket(line: Line, prefix: str) -> Iterator[Finding]:
    """Yield the findings on a bucket.  Nothing in it is changed."""
    try:
        answer = line.ask("list_objects_v2", Prefix=prefix, MaxKeys=1)
    except (S3Error, TimeoutError) as away:
        code = getattr(away, "code", "")
        refused = f"S3 refuses the key: {code}" if code in REFUSED else "S3 does not answer"
        yield checks.problem(WORDS.get(code, refused))
        return
    yield checks.ok("the bucket is reached")
    yield from _of_clock(answer)
    yield from _of_versions(line)
    yield from _of_lock(line)
    yield from _of_rules(line, prefix)
    yield from _of_copies(line)
    yield from _of_leftovers(line, prefix)
    yield from _of_public(line)
    yield from _of_conditions(line, prefix)


def _told(line: Line, verb: str) -> dict[str, Any] | None:
    """Return what S3 says; {} if nothing is set, None if it does not tell."""
    try:
        return line.ask(verb)
    except S3Error as refused:
        return {} if refused.code in NONE_SET else None


def _of_clock(answer: dict[str, Any]) -> Iterator[Finding]:
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        behind = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return
    if abs(behind) > SKEW_SECONDS:
        yield checks.warning(
            f"S3's clock is {abs(behind):.0f} seconds {'ahead of' if behind > 0 else 'behind'}"
            " this machine's: at 15 minutes it refuses every request"
        )
    else:
        yield checks.ok("S3's clock agrees with this machine's")


def _of_versions(line: Line) -> Iterator[Finding]:
    found = _told(line, "get_bucket_versioning")
    match found and found.get("Status", "off"):
        case None:
            yield checks.warning("S3 does not tell whether the bucket keeps versions")
        case "Enabled":
            yield checks.problem(
                "the bucket keeps versions: what is deleted stays there, sealed. Switch versioning"
                " off, or take a new bucket"
            )
        case "Suspended":
            yield checks.warning(
                "the bucket kept versions once: what was deleted then may be there, sealed"
            )
        case _:
            yield checks.ok("the bucket keeps no versions")


def _of_lock(line: Line) -> Iterator[Finding]:
    found = _told(line, "get_object_lock_configuration")
    if found is None:
        yield checks.warning("S3 does not tell whether the bucket has object lock")
    elif found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled":
        yield checks.problem("the bucket has object lock: files cannot be deleted")
    else:
        yield checks.ok("the bucket has no object lock")


def _of_rules(line: Line, prefix: str) -> Iterator[Finding]:
    found = _told(line, "get_bucket_lifecycle_configuration")
    if found is None:
        yield checks.warning("S3 does not tell the bucket's lifecycle rules")
        return
    rules = [rule for rule in found.get("Rules", ()) if _counts(rule, prefix)]
    if any("Expiration" in rule or "Transitions" in rule for rule in rules):
        yield checks.problem(
            "a lifecycle rule of the bucket deletes or moves files of messages that wait"
        )
    aborts = [
        rule["AbortIncompleteMultipartUpload"].get("DaysAfterInitiation", 0)
        for rule in rules
        if "AbortIncompleteMultipartUpload" in rule
    ]
    if not aborts:
        yield checks.warning(
            "no lifecycle rule aborts multipart uploads: if the worker cannot, they stay and cost."
            f" Add one with {UPLOAD_DAYS} days or more"
        )
    elif min(aborts) < UPLOAD_DAYS:
        yield checks.warning(
            f"a lifecycle rule aborts multipart uploads after {min(aborts)} days: an upload may"
            f" take three. Set {UPLOAD_DAYS} or more"
        )
    else:
        yield checks.ok("a lifecycle rule aborts multipart uploads that are left")


def _counts(rule: dict[str, Any], prefix: str) -> bool:
    """Tell whether a rule is on, and can be for our objects."""
    wanted = rule.get("Filter", {})
    its = wanted.get("Prefix") or wanted.get("And", {}).get("Prefix") or rule.get("Prefix") or ""
    return rule.get("Status") == "Enabled" and (its.startswith(prefix) or prefix.startswith(its))


def _of_copies(line: Line) -> Iterator[Finding]:
    found = _told(line, "get_bucket_replication")
    rules = (found or {}).get("ReplicationConfiguration", {}).get("Rules", ())
    if any(rule.get("Status") == "Enabled" for rule in rules):
        yield checks.problem("the bucket is replicated: what is deleted can stay in the copy")


def _of_leftovers(line: Line, prefix: str) -> Iterator[Finding]:
    day_ago = datetime.now(UTC) - timedelta(days=1)
    try:
        many = sum(began < day_ago for _, _, began in line.multiparts(prefix))
    except S3Error:
        yield checks.problem("multipart uploads cannot be listed: what is left of them would stay")
        return
    if many:
        yield checks.warning(
            f"{many} multipart uploads began more than a day ago: they take long, or no worker"
            " aborts them"
        )
    else:
        yield checks.ok("no multipart upload is older than a day")


def _of_public(line: Line) -> Iterator[Finding]:
    policy, acl = _told(line, "get_bucket_policy_status"), _told(line, "get_bucket_acl")
    grants = [grant.get("Grantee", {}).get("URI", "") for grant in (acl or {}).get("Grants", ())]
    if (policy or {}).get("PolicyStatus", {}).get("IsPublic"):
        yield checks.problem("the bucket's policy lets everybody in")
    elif any(uri.endswith(EVERYBODY) for uri in grants):
        yield checks.problem("the bucket's ACL lets everybody in")
    elif policy is None and acl is None:
        yield checks.warning("S3 does not tell who can reach the bucket")
    else:
        yield checks.ok("neither policy nor ACL of the bucket lets everybody in")


def _of_conditions(line: Line, prefix: str) -> Iterator[Finding]:
    """Put an object that is there as it is, if it is not there: that must be refused."""
    key = f"{prefix}place"
    try:
        its = line.ask("get_object", Key=key)["Body"]
        line.ask("put_object", Key=key, Body=its, IfNoneMatch="*")
    except FileNotFoundError:
        return
    except TakenThere:
        yield checks.ok("S3 replaces nothing that it is told not to replace")
        return
    except S3Error as refused:
        if refused.code in REFUSED:
            yield checks.problem(f"objects cannot be read and written: {refused.code}")
            return
    yield checks.warning(
        "S3 does not know If-None-Match: two writers of one upload at the same moment could replace"
        " each other's file"
    )
