"""Writ's digests a second time, from docs/reference/digests.md alone, with Python's standard library.

Reads one JSON object a line (kind: policy, spec, request, change, decision, signed-decision, signed-definition or
user-info, with its inputs as in docs/reference/digests.vectors.json) and prints its digest, or `refused` where there is none.
"""

import hashlib
import json
import re
import sys
from decimal import Decimal

LARGEST = 2**53 - 1
DEEPEST = 200


class Refused(Exception):
    pass


def canonical(value, depth=0):
    """RFC 8785, restricted to what two values cannot share."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return number(value)
    if depth >= DEEPEST:
        raise Refused("too deep")
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
    return "{" + ",".join(canonical(name) + ":" + canonical(inner, depth + 1) for name, inner in members) + "}"


def number(value):
    """ECMAScript's shortest form. What is not whole lies below 2^53, so only small exponents are left."""
    if not -LARGEST <= value <= LARGEST:
        raise Refused("too large, or no number")
    if value == int(value):
        return str(int(value))
    if abs(value) >= 1e-6:
        return format(Decimal(repr(value)), "f")
    mantissa, exponent = repr(value).split("e")
    return mantissa + "e" + str(int(exponent))


def sha256(text):
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def typed(kind, value):
    return sha256(canonical({"type": kind, "value": value}))


def less(members, names):
    return {name: value for name, value in members.items() if name not in names}


def text(members, name):
    value = members.get(name)
    return "" if value is None else value


def policy(capability):
    spec = less(capability["spec"], {"definedBy", "suspended"})
    return typed("writ.dev/policy/v1", {"name": capability["metadata"]["name"], "spec": spec})


def spec(approval):
    return typed("writ.dev/approval/v1", asked(approval, {"decisions"}))


def request(approval):
    return typed("writ.dev/request/v1", asked(approval, {"decisions", "requestedBy"}))


def asked(approval, left_out):
    metadata = approval["metadata"]
    return {
        "namespace": text(metadata, "namespace"),
        "name": metadata["name"],
        "spec": less(approval["spec"], left_out),
    }


def signed_decision(cluster_id, approval, decided):
    metadata = approval["metadata"]
    statement = {
        "type": "writ.dev/signed-decision/v1",
        "clusterId": cluster_id,
        "namespace": text(metadata, "namespace"),
        "name": metadata["name"],
        "requestID": approval["spec"]["requestID"],
        "specDigest": request(approval),
        "policyDigest": text(decided, "policyDigest"),
        "verdict": decided["verdict"],
        "by": decided["by"],
        "ownerName": decided["ownerName"],
        "at": decided["at"],
        "notAfter": text(decided, "notAfter"),
        "reason": text(decided, "reason"),
    }
    return sha256(canonical(statement))


def signed_definition(cluster_id, capability):
    defined = capability["spec"]["definedBy"]
    statement = {
        "type": "writ.dev/signed-definition/v1",
        "clusterId": cluster_id,
        "name": capability["metadata"]["name"],
        "policyDigest": policy(capability),
        **{name: defined[name] for name in ("by", "ownerName", "at", "notAfter")},
    }
    return sha256(canonical(statement))


def decision(cluster_id, approval, decided, payload):
    statement = {
        "type": "writ.dev/decision/v1",
        "clusterId": cluster_id,
        "approvalUid": text(approval["metadata"], "uid"),
        "specDigest": spec(approval),
        "verdict": decided["verdict"],
        "by": decided["by"],
        "ownerName": decided["ownerName"],
        "at": text(decided, "at"),
        "policyDigest": text(decided, "policyDigest"),
        "reason": text(decided, "reason"),
    }
    return sha256("writ.dev/attestation/v1\n" + canonical(statement) + "\n" + canonical(payload))


MANAGED = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"]
OPTIONS_LEFT_OUT = {"kind", "apiVersion", "dryRun", "fieldManager", "fieldValidation", "force"}
LABELS_OF_JOBS = ["batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-name", "job-name"]
ABSENT = object()


def change(review, salt):
    if not salt_is_long_enough(salt):
        raise Refused("salt")
    where = {name: text(review["resource"], name) for name in ("group", "version", "resource")}
    subresource = text(review, "subResource")
    operation = review["operation"]
    old, new = review.get("oldObject"), review.get("object")
    namespace = text(review, "namespace")
    if where["group"] == "" and where["resource"] == "namespaces":
        namespace = ""
    name = text(review, "name") or metadata_text(old, "name") or metadata_text(new, "name")
    uid = metadata_text(old, "uid") or metadata_text(new, "uid")
    fresh = operation == "CREATE" and subresource == ""
    generated = fresh and is_generated(name, metadata_text(new, "generateName"))

    def covered(value):
        if value is None:
            return ABSENT
        out = set(MANAGED)
        if operation == "CREATE" and subresource:
            out -= {"uid", "resourceVersion"}
        if generated:
            out.add("name")
        if isinstance(value.get("metadata"), dict):
            value = {**value, "metadata": less(value["metadata"], out)}
        if fresh and (where["group"], where["resource"]) == ("batch", "jobs"):
            chosen = ([uid] if uid else []) + ([name] if generated else [])
            value = less_labels(value, ["spec", "selector", "matchLabels"], LABELS_OF_JOBS[:1], chosen)
            value = less_labels(value, ["spec", "template", "metadata", "labels"], LABELS_OF_JOBS, chosen)
        if (where["group"], where["resource"], subresource) == ("", "pods", "eviction"):
            if isinstance(value.get("deleteOptions"), dict):
                value = {**value, "deleteOptions": less(value["deleteOptions"], OPTIONS_LEFT_OUT)}
        return value

    changes = []
    if operation != "DELETE":
        differ([], covered(old), covered(new), changes)
    value = {
        "salt": salt,
        "operation": operation,
        **where,
        "subresource": subresource,
        "namespace": namespace,
        "name": "" if generated else name,
        "uid": "" if fresh else uid,
        "options": less(review.get("options") or {}, OPTIONS_LEFT_OUT),
        "changes": changes,
    }
    return typed("writ.dev/change/v1", value)


def differ(path, before, after, into):
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}, key=lambda name: name.encode("utf-16-be")):
            differ([*path, name], before.get(name, ABSENT), after.get(name, ABSENT), into)
    elif not same(before, after):
        sides = {"before": before, "after": after}
        into.append({"path": path, **{side: value for side, value in sides.items() if value is not ABSENT}})


def same(a, b):
    """Equality as JSON has it: to Python, True == 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b


def less_labels(value, path, names, chosen):
    if not isinstance(value, dict):
        return value
    if not path:
        return {k: v for k, v in value.items() if not (k in names and isinstance(v, str) and v in chosen)}
    if path[0] not in value:
        return value
    return {**value, path[0]: less_labels(value[path[0]], path[1:], names, chosen)}


def is_generated(name, generate_name):
    base = generate_name[:58]
    letters = "[bcdfghjklmnpqrstvwxz2456789]{5}"
    return base != "" and name.startswith(base) and re.fullmatch(letters, name[len(base) :]) is not None


def metadata_text(value, name):
    metadata = value.get("metadata") if isinstance(value, dict) else None
    found = metadata.get(name) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""


def salt_is_long_enough(salt):
    match = re.fullmatch("([A-Za-z0-9_+/-]+)={0,2}", salt)
    if match is None or len(salt) > 128:
        return False
    digits = match[1]
    return len(digits) * (4 if re.fullmatch("[0-9a-fA-F]+", digits) else 6) >= 128


def compute(line):
    kind = line["kind"]
    if kind == "policy":
        return policy(line["capability"])
    if kind == "spec":
        return spec(line["approval"])
    if kind == "request":
        return request(line["approval"])
    if kind == "signed-decision":
        return signed_decision(line["clusterId"], line["approval"], line["decision"])
    if kind == "signed-definition":
        return signed_definition(line["clusterId"], line["capability"])
    if kind == "change":
        return change(line["request"], line["salt"])
    if kind == "decision":
        return decision(line["clusterId"], line["approval"], line["decision"], line["payload"])
    if kind == "user-info":
        return typed("writ.dev/user-info/v1", line["userInfo"])
    raise ValueError("unknown kind " + kind)


for line in sys.stdin.buffer:
    try:
        print(compute(json.loads(line)))
    except (Refused, UnicodeEncodeError, OverflowError):
        print("refused")
