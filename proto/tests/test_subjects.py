"""The tables of NATS agree with each other, and permissions follow from them."""

from itertools import pairwise

import pytest

from proto import events, raw, state, subjects
from proto.subjects import APP_USERS, BUCKETS, CONSUMERS, STREAMS, SUBJECTS, nats_permissions


def test_every_kept_subject_is_in_its_stream_and_every_message_exists() -> None:
    streams = {stream.name: stream for stream in STREAMS}
    for row in SUBJECTS:
        if row.stream is not None:
            assert row.pattern in streams[row.stream].subjects
        assert any(hasattr(module, row.message) for module in (events, raw, state))


def test_consumers_hear_what_their_service_may_hear() -> None:
    for consumer in CONSUMERS:
        if consumer.account != "APP" or not consumer.filters:
            continue
        for pattern in consumer.filters:
            row = next(row for row in SUBJECTS if row.pattern == pattern)
            assert consumer.service in row.hears


@pytest.mark.parametrize("user", APP_USERS)
def test_a_user_may_say_only_its_own_subjects(user: str) -> None:
    permissions = nats_permissions(user)

    for row in SUBJECTS:
        assert (row.pattern in permissions.publish) == (user in row.says)
    for bucket in BUCKETS:
        assert (f"$KV.{bucket.name}.>" in permissions.publish) == (bucket.owner == user)
    assert ">" not in permissions.publish
    assert "$JS.API.>" not in permissions.publish


def test_nobody_reads_anothers_inbox() -> None:
    inboxes = sorted(subjects.inbox_prefix(user) for user in APP_USERS)
    for one, other in pairwise(inboxes):
        assert not other.startswith(one + ".")
