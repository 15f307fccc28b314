"""The bill of materials of a bundle in CycloneDX: what each wheel is, its hash, its licence, and what it needs."""

import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from deploy.wheels import digest

PRODUCT = "fabwatch"
LONGEST = 100
"""Some packages put the whole text of their licence where its name belongs."""


def bill(wheels: Path, python: str) -> str:
    """The bill of a folder of wheels under a Python such as 3.13, as JSON of CycloneDX 1.6."""
    about = {path: metadata(path) for path in sorted(wheels.glob("*.whl"))}
    parts = {canonicalize_name(str(said["Name"])): _component(path, said) for path, said in about.items()}
    bom = Bom()
    bom.metadata.component = parts[canonicalize_name(PRODUCT)]
    for name, part in parts.items():
        if name != PRODUCT:
            bom.components.add(part)
    for said in about.values():
        needs = [parts[name] for name in _needs(said, python) if name in parts]
        bom.register_dependency(parts[canonicalize_name(str(said["Name"]))], needs)
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)


def metadata(wheel: Path) -> Message:
    """What a wheel says of itself."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [n for n in packed.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA")]
        return message_from_bytes(packed.read(name))


def licence(said: Message) -> License | None:
    """The licence that a package states: an expression, a name, or the class it puts itself in."""
    classes = [str(c).rpartition("::")[2].strip() for c in said.get_all("Classifier", []) if str(c).startswith("License ::")]
    for stated in (said["License-Expression"], said["License"], " AND ".join(classes)):
        if stated and len(str(stated)) <= LONGEST and str(stated).strip().upper() != "UNKNOWN":
            return LicenseFactory().make_from_string(str(stated).strip())
    return None


def _component(wheel: Path, said: Message) -> Component:
    name, version = canonicalize_name(str(said["Name"])), str(said["Version"])
    stated = licence(said)
    return Component(
        type=ComponentType.APPLICATION if name == PRODUCT else ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}=={version}",
        description=said["Summary"],
        purl=PackageURL("pypi", name=name, version=version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest(wheel))],
        licenses=[stated] if stated else [],
    )


def _needs(said: Message, python: str) -> set[NormalizedName]:
    """What a package needs, whatever asks for it: what is not in the bundle falls out afterwards."""
    extras = ["", *map(str, said.get_all("Provides-Extra", []))]
    stated = [Requirement(str(line)) for line in said.get_all("Requires-Dist", [])]
    seen = [{"extra": extra, "python_version": python, "python_full_version": f"{python}.0"} for extra in extras]
    return {canonicalize_name(one.name) for one in stated if one.marker is None or any(map(one.marker.evaluate, seen))}
