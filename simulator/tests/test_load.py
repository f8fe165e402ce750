"""Many patients, and the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulator import cli
from simulator.front_door import FrontDoor
from simulator.identity.people import user_id
from simulator.load import Load, Pace, Plan, history, part_of
from simulator.physiology.samples import rfc3339
from simulator.tests.platform import Platform


async def run(platform: Platform, **plan: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    door = FrontDoor("http://platform", transport=platform.transport)
    await Load(door, Plan(**plan), lines.append).run()
    await door.stop()
    return lines


async def test_each_patient_gets_a_device_and_its_history() -> None:
    platform = Platform()

    lines = await run(platform, patients=5, days=1, device_type="cgm")

    summary = lines[-1]
    assert summary["event"] == "summary"
    assert (summary["patients"], summary["failed"], summary["rejected"]) == (5, 0, 0)
    assert summary["sent"] == summary["accepted"] == len(platform.readings) > 5 * 250
    assert len({c["patient_id"] for c in platform.connections.values()}) == 5
    assert max(platform.posts) <= 50


async def test_a_mixture_covers_several_device_types() -> None:
    platform = Platform()

    await run(platform, patients=8, days=0.5)

    assert len({c["device_model_id"] for c in platform.connections.values()}) == 8


async def test_the_pace_holds_over_all_patients() -> None:
    pace = Pace(rate=100, now=0)

    assert [pace.take(50, 0), pace.take(50, 0), pace.take(10, 0.5)] == [0, 0.5, 0.5]
    assert pace.take(50, 100) == 0
    assert Pace(rate=0, now=0).take(10_000, 0) == 0


async def test_one_patient_that_fails_does_not_stop_the_others() -> None:
    platform = Platform()
    await run(platform, patients=2, days=0.1, device_type="cgm")
    for connection in platform.connections.values():
        if connection["patient_id"] == str(user_id("sim-000001")):
            connection["patient_id"] = str(user_id("somebody-else"))

    lines = await run(platform, patients=3, days=0.1, device_type="cgm")

    assert [line for line in lines if line["event"] == "failed"] == [
        {"event": "failed", "user": "sim-000001", "error": "already_paired"}
    ]
    assert (lines[-1]["patients"], lines[-1]["failed"]) == (2, 1)


async def test_the_same_run_again_finds_the_same_devices() -> None:
    platform = Platform()

    await run(platform, patients=3, days=0.1, device_type="cgm")
    again = (await run(platform, patients=3, days=0.1, device_type="cgm"))[-1]

    assert len(platform.connections) == 3
    assert again["duplicates"] >= 0.9 * again["sent"]


@pytest.mark.parametrize("argv", [[], ["--hub", "hub-00000001", "--secret", "s"], ["--patients", "2"]])
def test_without_a_running_system_it_says_so(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main([*argv, "--home", str(tmp_path)], {})

    assert code == 2
    assert "device-connect simulate:" in capsys.readouterr().err


def test_it_reads_the_addresses_of_the_running_system(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text(
        json.dumps({"gateway": "http://localhost:1", "mqtt": "mqtt://h:2", "pids": {}})
    )

    found = cli._endpoints(str(tmp_path))

    assert (found.gateway, found.mqtt) == ("http://localhost:1", "mqtt://h:2")


def test_two_hubs_have_different_devices_around() -> None:
    first, second = (cli.near(hub_id) for hub_id in ("hub-aaaaaaaa", "hub-bbbbbbbb"))

    assert len(first) == 5
    assert not {d.address for d in first} & {d.address for d in second}


async def test_a_plan_with_an_end_and_a_seed_sends_the_same_whenever_it_runs() -> None:
    until = datetime(2026, 1, 15, tzinfo=UTC)
    plan = Plan(patients=3, days=0.2, until=until, device_type="cgm", scenarios=("low", "high"), seed=7)
    platforms = [Platform(), Platform()]

    for platform in platforms:
        await run(platform, **msgspec.structs.asdict(plan))

    first, second = (
        sorted((m["timestamp"], str(m["readings"])) for m in platform.readings.values())
        for platform in platforms
    )
    assert first == second
    samples = [
        sample
        for part in (part_of(plan, number) for number in (1, 2, 3))
        for sample in history(plan, part, ["glucose"], until)
    ]
    assert first == sorted((rfc3339(sample.timestamp), str(sample.readings)) for sample in samples)


def test_an_end_needs_an_offset(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--patients", "1", "--until", "2026-01-15T00:00:00"], {})

    assert "offset" in capsys.readouterr().err
