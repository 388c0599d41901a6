"""Checks of FACTS.md itself: its quotations are in botocore's models, its checks exist."""

import json
import os
import re

from botocore.loaders import Loader
from checks.harness import CHECKS, HERE, check

SERVICES = ("rds", "route53", "ssm", "sts", "ecr")
ROW = re.compile(r"\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|")
LOADER = Loader()


def rows():
    """(section, fact, source, quoted words, checks) of every row; `\\|` stands for a bar."""
    section = ""
    for line in open(os.path.join(HERE, "FACTS.md"), encoding="utf-8"):
        if line.startswith("## "):
            section = line[3:].strip()
        match = ROW.fullmatch(line.strip().replace("\\|", "\x01"))
        if match and match[1] not in ("fact", "---"):
            yield section, *(part.replace("\x01", "|") for part in match.groups())


def plain(text):
    text = re.sub(r"<[^>]+>", "", text or "").replace("&quot;", '"').replace("&amp;", "&")
    return re.sub(r"\s+", " ", text)


def documented(service, path):
    """What the model says at a path, as text."""
    if path.startswith("waiter "):
        waiters = LOADER.load_service_model(service, "waiters-2")["waiters"]
        return " ".join(str(each["expected"]) for each in waiters[path[7:]]["acceptors"])
    model = LOADER.load_service_model(service, "service-2")
    if path.endswith("()"):
        return plain(model["operations"][path[:-2]]["documentation"])
    shape, _, member = path.rstrip("!#").partition(".")
    if path.endswith("!"):
        error = model["shapes"][shape]["error"]
        return f"{error.get('code', shape)} {error['httpStatusCode']}"
    if path.endswith("#"):
        limits = {k: v for k, v in model["shapes"][shape].items() if k != "documentation"}
        return json.dumps(limits).replace("\\\\", "\\")
    if member:
        return plain(model["shapes"][shape]["members"][member].get("documentation"))
    return plain(model["shapes"][shape]["documentation"])


@check
def facts_are_quoted_from_the_models(server):
    seen = 0
    for _, fact, source, quoted, _ in rows():
        service, _, path = source.partition(" ")
        if service not in SERVICES:
            assert source == "same page" or "http" in source or source[:4] in ("RDS:", "SSM:", "R53:")
            continue
        seen += 1
        assert quoted in documented(service, path), (fact, documented(service, path))
    assert seen > 50, seen


@check
def facts_name_the_checks_that_enforce_them(server):
    known, missing = {each.__name__ for each in CHECKS}, []
    for section, fact, _, _, checks in rows():
        if checks == "—":
            missing.append(f"- {section}: {fact}")
            continue
        named = re.findall(r"`(\w+)`", checks)
        assert named and set(named) <= known, (fact, checks)
    text = open(os.path.join(HERE, "FACTS.md"), encoding="utf-8").read()
    listed = text.partition("## Rows without a check")[2].strip().splitlines()
    assert listed == missing, set(listed) ^ set(missing)
