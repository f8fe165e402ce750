"""The native projects say what they may do, and no more: permissions, texts and plugins against one table each.

Nothing here needs Xcode or an Android SDK; `docs/companion.md` says what does.
"""

import json
import plistlib
import re
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

UI: Final = Path(__file__).resolve().parents[2] / "ui"
ANDROID: Final = UI / "android/app/src/main/AndroidManifest.xml"
IOS: Final = UI / "ios/App/App"
_A: Final = "{http://schemas.android.com/apk/res/android}"
_T: Final = "{http://schemas.android.com/tools}"

PERMISSION_OF: Final = {
    "bloodPressure": "BLOOD_PRESSURE",
    "weight": "WEIGHT",
    "bodyFat": "BODY_FAT",
    "bloodGlucose": "BLOOD_GLUCOSE",
    "oxygenSaturation": "OXYGEN_SATURATION",
    "heartRate": "HEART_RATE",
    "restingHeartRate": "RESTING_HEART_RATE",
    "heartRateVariability": "HEART_RATE_VARIABILITY",
    "steps": "STEPS",
    "distance": "DISTANCE",
    "flightsClimbed": "FLOORS_CLIMBED",
    "calories": "ACTIVE_CALORIES_BURNED",
    "sleep": "SLEEP",
    "vo2Max": "VO2_MAX",
    "respiratoryRate": "RESPIRATORY_RATE",
    "bodyTemperature": "BODY_TEMPERATURE",
}
"""What `lib/health-store/store.ts` reads, and what Android calls the permission for it."""

HEALTH: Final = frozenset(f"android.permission.health.READ_{name}" for name in PERMISSION_OF.values())
BLUETOOTH: Final = frozenset(
    f"android.permission.{name}"
    for name in (
        "BLUETOOTH",
        "BLUETOOTH_ADMIN",
        "BLUETOOTH_SCAN",
        "BLUETOOTH_CONNECT",
        "ACCESS_FINE_LOCATION",
    )
)
ALLOWED: Final = HEALTH | BLUETOOTH | {"android.permission.INTERNET"}
"""Whatever the app or a plugin asks for beyond this fails here first."""

USAGE_TEXTS: Final = frozenset({"NSBluetoothAlwaysUsageDescription", "NSHealthShareUsageDescription"})


def plugins() -> list[str]:
    """Packages with native code that the app depends on."""
    packages: dict[str, str] = json.loads((UI / "package.json").read_text())["dependencies"]
    tools = {"@capacitor/core", "@capacitor/android", "@capacitor/ios"}
    return sorted(name for name in packages if "capacitor" in name and name not in tools)


def permissions_of(manifest: Path) -> dict[str, dict[str, str]]:
    found = ElementTree.parse(manifest).getroot().iter("uses-permission")
    return {item.attrib[f"{_A}name"]: dict(item.attrib) for item in found}


def plist(name: str) -> dict[str, Any]:
    said: dict[str, Any] = plistlib.loads((IOS / name).read_bytes())
    return said


def test_the_app_itself_asks_for_nothing_beyond_the_table() -> None:
    own = permissions_of(ANDROID)
    kept = {name for name, said in own.items() if said.get(f"{_T}node") != "remove"}
    assert kept <= ALLOWED
    assert kept >= HEALTH


def test_neither_does_the_app_with_all_its_plugins() -> None:
    """As the manifest merger does it: what the app removes is gone, everything else of a plugin comes along."""
    if not (UI / "node_modules").is_dir():
        pytest.skip("UI packages are not installed: `make install` brings the plugins' manifests")
    own = permissions_of(ANDROID)
    manifests = [UI / "node_modules" / name / "android/src/main/AndroidManifest.xml" for name in plugins()]
    assert all(manifest.is_file() for manifest in manifests)
    asked = {name for manifest in manifests for name in permissions_of(manifest)} | set(own)
    removed = {name for name, said in own.items() if said.get(f"{_T}node") == "remove"}
    assert asked - removed <= ALLOWED
    assert removed <= asked


def test_each_health_permission_is_there_for_something_that_is_read() -> None:
    source = (UI / "src/lib/health-store/store.ts").read_text()
    table = source[source.index("TYPES_OF = {") : source.index("} as const")]
    types = set(re.findall(r'"([A-Za-z0-9]+)"', table))
    assert types == set(PERMISSION_OF)


def test_bluetooth_is_never_used_to_learn_a_place() -> None:
    own = permissions_of(ANDROID)
    assert own["android.permission.BLUETOOTH_SCAN"][f"{_A}usesPermissionFlags"] == "neverForLocation"
    assert own["android.permission.ACCESS_FINE_LOCATION"][f"{_A}maxSdkVersion"] == "30"
    assert own["android.permission.ACCESS_COARSE_LOCATION"][f"{_T}node"] == "remove"


def test_nothing_leaves_an_android_phone_with_a_backup_a_screenshot_or_in_clear() -> None:
    [application] = ElementTree.parse(ANDROID).getroot().iter("application")
    assert application.attrib[f"{_A}allowBackup"] == "false"
    assert application.attrib[f"{_A}fullBackupContent"] == "false"
    assert application.attrib[f"{_A}usesCleartextTraffic"] == "false"
    rules = ElementTree.parse(UI / "android/app/src/main/res/xml/data_extraction_rules.xml").getroot()
    assert {part.tag for part in rules} == {"cloud-backup", "device-transfer"}
    assert all(item.tag == "exclude" for part in rules for item in part)
    activity = UI / "android/app/src/main/java/org/deviceconnect/companion/MainActivity.java"
    assert "FLAG_SECURE" in activity.read_text()


def test_android_opens_the_code_of_the_screen_the_way_back_from_signing_in_and_the_link_of_the_server() -> (
    None
):
    filters = [
        {key.removeprefix(_A): text for key, text in data.attrib.items()}
        for data in ElementTree.parse(ANDROID).getroot().iter("data")
    ]
    assert filters == [
        {"scheme": "deviceconnect", "host": "pair"},
        {"scheme": "deviceconnect", "host": "signed-in"},
        {"scheme": "https", "host": "${appLinkHost}", "path": "/app/pair"},
    ]


def test_an_iphone_is_told_why_in_words_and_asked_for_nothing_else() -> None:
    info = plist("Info.plist")
    assert {key for key in info if key.endswith("UsageDescription")} == USAGE_TEXTS
    assert all(len(info[key]) > 40 for key in USAGE_TEXTS)
    assert "UIBackgroundModes" not in info
    assert "NSAppTransportSecurity" not in info
    [url] = info["CFBundleURLTypes"]
    assert url["CFBundleURLSchemes"] == ["deviceconnect"]


def test_an_iphone_grants_health_and_the_links_of_one_server() -> None:
    assert plist("App.entitlements") == {
        "com.apple.developer.healthkit": True,
        "com.apple.developer.associated-domains": ["applinks:$(DC_SERVER_HOST)"],
    }
    project = (UI / "ios/App/App.xcodeproj/project.pbxproj").read_text()
    assert project.count("CODE_SIGN_ENTITLEMENTS = App/App.entitlements;") == 2
    assert "PrivacyInfo.xcprivacy in Resources */," in project


def test_the_privacy_manifest_names_what_is_collected_and_no_tracking() -> None:
    said = plist("PrivacyInfo.xcprivacy")
    assert said["NSPrivacyTracking"] is False
    assert said["NSPrivacyTrackingDomains"] == []
    kinds = {item["NSPrivacyCollectedDataType"] for item in said["NSPrivacyCollectedDataTypes"]}
    assert kinds == {"NSPrivacyCollectedDataTypeHealth", "NSPrivacyCollectedDataTypeUserID"}
    assert not any(item["NSPrivacyCollectedDataTypeTracking"] for item in said["NSPrivacyCollectedDataTypes"])


def test_the_app_switcher_of_an_iphone_shows_a_cover() -> None:
    scene = (IOS / "SceneDelegate.swift").read_text()
    assert "sceneWillResignActive" in scene
    assert "sceneDidBecomeActive" in scene


def test_both_projects_have_the_plugins_of_the_package_and_no_others() -> None:
    swift = (UI / "ios/App/CapApp-SPM/Package.swift").read_text()
    gradle = (UI / "android/capacitor.settings.gradle").read_text()
    in_swift = sorted(re.findall(r'path: "\.\./\.\./\.\./node_modules/([^"]+)"', swift))
    in_gradle = sorted(set(re.findall(r"'\.\./node_modules/([^']+)/android'", gradle)))
    assert in_swift == plugins()
    assert in_gradle == plugins()


def test_versions_are_exact() -> None:
    package = json.loads((UI / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    named = {name: said for name, said in versions.items() if "capacitor" in name}
    assert named
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", said) for said in named.values())
