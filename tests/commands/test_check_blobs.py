"""`check` looks at where files are kept, and says what would cost files or keep what is deleted."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from restante import wiring
from restante.commands import check_blobs, check_s3
from restante.commands.check_blobs import file_system_of, of_ids, of_place
from restante.commands.checks import Grade
from restante.crypto.keyring import new_key
from restante.settings import Settings
from restante.settings.parsers import Bucket
from tests.commands.test_check import check, telling
from tests.commands.test_commands import folder_of
from tests.support.processes import Service, free_port

GIB = 2**30


def graded(found, words):
    """Return the grades of the findings with these words."""
    return [its.grade for its in found if words in its.words]


@pytest.fixture
def kept(tmp_path):
    """Settings with a folder that has a file, as the service leaves it."""
    settings = Settings(blobs=tmp_path / "blobs", files_reserve=0, files_max=1)
    inside = tmp_path / "blobs" / "3" / "ab"
    for path in (tmp_path / "blobs", inside.parent, inside):
        path.mkdir(0o700)
    (inside / ("ab" * 16)).touch(0o600)
    return settings


def test_a_folder_as_it_should_be_is_so(kept):
    assert {its.grade for its in of_place(kept)} == {Grade.OK}


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path):
    found = list(of_place(Settings(blobs=tmp_path / "blobs", files_reserve=0, files_max=1)))

    assert graded(found, "at the first upload") == [Grade.OK]
    assert not (tmp_path / "blobs").exists()


def test_a_file_in_place_of_a_folder_is_a_problem(tmp_path):
    (tmp_path / "blobs").touch()

    assert graded(of_place(Settings(blobs=tmp_path / "blobs")), "no folder") == [Grade.PROBLEM]


@pytest.mark.parametrize("path", ["", "3", "3/ab", "3/ab/" + "ab" * 16])
def test_what_others_can_look_into_is_a_problem(kept, path):
    (kept.blobs / path).chmod(0o750)

    assert graded(of_place(kept), "chmod -R go=") == [Grade.PROBLEM]


def test_a_disk_without_room_is_told(kept):
    full, near = replace(kept, files_reserve=2**50), replace(kept, files_max=2**40)

    assert graded(of_place(full), "no upload begins") == [Grade.PROBLEM]
    assert graded(of_place(near), "not enough for one file") == [Grade.WARNING]


@pytest.mark.parametrize(
    ("kind", "grade"), [("tmpfs", [Grade.PROBLEM]), ("nfs4", [Grade.WARNING]), ("ext4", [])]
)
def test_a_folder_in_memory_or_shared_is_told(kept, monkeypatch, tmp_path, kind, grade):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nx {kept.blobs} {kind} rw 0 0\n")
    monkeypatch.setattr(check_blobs, "MOUNTS", mounts)
    monkeypatch.setattr(check_blobs.file_system_of, "__defaults__", (mounts,))
    words = {"tmpfs": "in memory", "nfs4": "only one machine", "ext4": "in memory"}[kind]

    assert graded(of_place(kept), words) == grade


def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("a / ext4 rw 0 0\nb /srv xfs rw 0 0\nc /srv/my\\040files nfs rw 0 0\n")

    for path, kind in {
        "/": "ext4", "/srvx": "ext4", "/srv": "xfs", "/srv/a/b": "xfs", "/srv/my files/3": "nfs",
    }.items():  # fmt: skip
        assert file_system_of(Path(path), mounts) == kind
    assert not file_system_of(Path("/"), tmp_path / "none")


def test_a_running_service_and_its_files_belong_together(tmp_path):
    with Service(tmp_path):
        status, lines = check(folder_of(tmp_path))

        assert (status, lines["problem"]) == (0, [])
        assert telling(lines["ok"], "the folder of files")


def test_ids_that_differ_are_a_problem(own_store, ring, kept):
    connection = wiring.reach(Settings(redis_url=own_store().url))
    house = wiring.assemble(replace(kept, blobs=kept.blobs / "new"), ring, connection)
    assert of_ids(house.blobs, connection) is None
    house.uploading.start(3, 1)
    place = kept.blobs / "new" / "place"

    assert of_ids(house.blobs, connection).grade == Grade.OK
    place.write_text("a" * 32)
    assert "another store" in of_ids(house.blobs, connection).words
    place.unlink()
    assert "is its disk mounted" in of_ids(house.blobs, connection).words
    for pool in connection.pools:
        pool.disconnect()


@pytest.fixture
def s3(s3_server):
    return s3_server.client


@pytest.fixture
def bucket(s3_server, tmp_path):
    """Settings with a new bucket, which has a rule as it should be."""
    name = s3_server.bucket()
    abort(s3_server.client, name, 4)
    its = s3_server.fields(tmp_path / "spool") | {"blobs": Bucket(name, "files")}
    return Settings(**its)


def abort(s3, name, days, **more):
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, **more}
    if days:
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})


def test_a_bucket_as_it_should_be_is_so_and_nothing_in_it_changes(bucket, s3):
    s3.put_object(Bucket=bucket.blobs.name, Key="files/place", Body=b"a" * 32)
    before = s3.list_objects_v2(Bucket=bucket.blobs.name)["Contents"]
    found = list(of_place(bucket))

    assert {its.grade for its in found} == {Grade.OK}, found
    assert len(found) == 9
    assert s3.list_objects_v2(Bucket=bucket.blobs.name)["Contents"] == before


def test_a_bucket_that_keeps_what_is_deleted_is_a_problem(bucket, s3):
    name = bucket.blobs.name
    for status, grade in {"Enabled": Grade.PROBLEM, "Suspended": Grade.WARNING}.items():
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
        assert grade in graded(of_place(bucket), "the bucket ke")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    locked = replace(bucket, blobs=Bucket("locked"))
    assert graded(of_place(locked), "object lock") == [Grade.PROBLEM]


@pytest.mark.parametrize(
    ("rule", "words", "grade"),
    [
        ({"days": 4}, "aborts multipart uploads", Grade.OK),
        ({"days": 1}, "may take three", Grade.WARNING),
        ({"days": 4, "Status": "Disabled"}, "no lifecycle rule", Grade.WARNING),
        ({"days": 4, "Filter": {"Prefix": "other"}}, "no lifecycle rule", Grade.WARNING),
        ({"days": None, "Expiration": {"Days": 9}}, "deletes or moves", Grade.PROBLEM),
    ],
)
def test_rules_of_the_bucket_are_judged(bucket, s3, rule, words, grade):
    abort(s3, bucket.blobs.name, **rule)

    assert graded(of_place(bucket), words) == [grade]


def test_multipart_uploads_that_were_left_are_counted(bucket, s3):
    for key in ("files/3/a", "files/3/b", "elsewhere"):
        s3.create_multipart_upload(Bucket=bucket.blobs.name, Key=key)

    assert graded(of_place(bucket), "2 multipart uploads") == [Grade.WARNING]


def test_a_bucket_that_lets_everybody_in_is_a_problem(bucket, s3):
    s3.put_bucket_acl(Bucket=bucket.blobs.name, ACL="public-read")

    assert graded(of_place(bucket), "ACL lets everybody in") == [Grade.PROBLEM]


def test_a_bucket_that_cannot_be_reached_is_a_problem(bucket):
    missing = replace(bucket, blobs=Bucket("no-such-bucket"))
    dead = replace(bucket, s3_endpoint=f"http://127.0.0.1:{free_port()}")

    assert graded(of_place(missing), "does not exist") == [Grade.PROBLEM]
    assert graded(of_place(dead), "does not answer") == [Grade.PROBLEM]


def test_a_clock_that_is_off_is_told(bucket, monkeypatch):
    monkeypatch.setattr(check_s3, "SKEW_SECONDS", -1)

    assert graded(of_place(bucket), "S3's clock is") == [Grade.WARNING]


def test_a_way_without_tls_is_told(bucket, monkeypatch):
    monkeypatch.setattr(check_blobs, "is_loopback", lambda _: False)

    assert graded(of_place(bucket), "is not https") == [Grade.WARNING]


def test_the_command_checks_the_bucket(s3_server, own_store, ring, tmp_path):
    env = s3_server.environ("no-such-bucket", tmp_path / "spool")
    env |= {"RESTANTE_REDIS_URL": own_store().url, "RESTANTE_ROOT_KEYS": new_key()}
    status, lines = check(env)

    assert status == os.EX_UNAVAILABLE
    assert telling(lines["problem"], "the bucket of RESTANTE_BLOBS does not exist")
    assert telling(lines["warning"], "RESTANTE_S3_SECRET_KEY stands in the environment")
