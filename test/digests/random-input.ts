import type { DigestInput } from "./compute.ts";
import type { Random } from "../unit/decision/oracle/random.ts";

/**
 * Names that sort otherwise by code points than by UTF-16, that JavaScript puts first, and that objects inherit. None with
 * a backslash: V8 takes one for other names that are escaped (nodejs/node#63785), so JSON.parse would misread the line.
 */
const names = [
  ["a", "b", "spec", "metadata", "labels", "é", "\uFB33", "\u{1F600}", "\u{10FFFF}", "\uE000", "", " ", "10", "9"],
  ["__proto__", "constructor", "toJSON", "hasOwnProperty", '"', "\u0000", "\u007F", "\u2028", "A", "aa"],
].flat();
const texts = [...names, "\\", "web", "nginx:1", "\b\f\n\r\t\u001F</script>", "ｆｕｌｌ", "e\u0301", "x".repeat(120)];
/** As they may be spelt: canonical JSON has one spelling for each value. */
const numbers = [
  ["0", "-0", "-0.0", "0e9", "1", "1.0", "10E-1", "100e-2", "-7", "1e2", "1E+3", "0.1", "0.30000000000000004", "1e15"],
  ["1e-5", "1e-6", "1.5e-6", "1e-7", "-1.25E-7", "9.999999999999999e-7", "5e-324", "2.2250738585072014e-308"],
  ["9007199254740991", "-9007199254740991", "4503599627370495.5", "123456789012345.67", "333333333.33333329"],
].flat();
const refusedNumbers = ["1e21", "9007199254740992", "-1e300", "1e400"];
const loneSurrogate = '"\\ud800"';

/** JSON texts rather than values: a value would lose -0 and the spelling of numbers. */
function randomValue(random: Random, depth: number): string {
  if (depth > 0 && random.chance(55))
    return random.chance(65) ? randomObject(random, depth) : randomList(random, depth);
  if (random.chance(0.3)) return random.pick([...refusedNumbers, loneSurrogate, nested(220)]);
  return random.pick([
    () => random.pick(["null", "true", "false", "{}", "[]", nested(20)]),
    () => JSON.stringify(random.pick(texts)),
    () => random.pick(numbers),
    () => String((random.below(2 ** 31) - 2 ** 30) / 2 ** random.below(60)),
  ])();
}

function randomObject(random: Random, depth: number): string {
  const members = random.shuffled(names).slice(0, random.below(6));
  return objectText(members.map((name) => [name, randomValue(random, depth - 1)]));
}

function objectText(members: readonly (readonly [name: string, text: string])[]): string {
  return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

function randomList(random: Random, depth: number): string {
  return `[${Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1)).join(",")}]`;
}

function nested(depth: number): string {
  return `${"[".repeat(depth)}${"]".repeat(depth)}`;
}

const kinds = [
  ["policy", "spec", "request", "decision", "signed-decision", "signed-definition", "user-info"],
  ["change", "change", "change"],
].flat() as readonly DigestInput["kind"][];

/** One line for digests.py: a JSON text of a `DigestInput`. */
export function randomLine(random: Random): string {
  const name = (): string => JSON.stringify(random.pick(["web", "payments-scaler", "gen-bcdfg", "gen-abcde", "päy"]));
  const maybe = (key: string, text: () => string): [string, string][] => (random.chance(60) ? [[key, text()]] : []);
  const metadata = (): string =>
    objectText([
      ["name", name()],
      ...maybe("namespace", name),
      ...maybe("uid", name),
      ...maybe("generateName", () => random.pick(['"gen-"', '""'])),
      ...maybe("resourceVersion", name),
      ...maybe("generation", () => randomValue(random, 0)),
      ...maybe("managedFields", () => randomValue(random, 1)),
      ...maybe("labels", () => randomObject(random, 2)),
    ]);
  const spec = (extra: readonly string[]): string =>
    objectText([...extra.flatMap((key) => maybe(key, () => randomValue(random, 1))), ["x", randomValue(random, 4)]]);
  const kind = (spec: string): string =>
    objectText([
      ["metadata", metadata()],
      ["spec", spec],
    ]);
  const text = (): string => JSON.stringify(random.pick(texts));
  switch (random.pick(kinds)) {
    case "policy":
      return objectText([
        ["kind", '"policy"'],
        ["capability", kind(spec(["definedBy", "suspended"]))],
      ]);
    case "spec":
    case "request":
      return objectText([
        ["kind", random.pick(['"spec"', '"request"'])],
        ["approval", kind(spec(["decisions", "requestedBy"]))],
      ]);
    case "signed-decision": {
      const requested = objectText([
        ["requestID", text()],
        ["x", randomValue(random, 3)],
        ...maybe("requestedBy", text),
      ]);
      return objectText([
        ["kind", '"signed-decision"'],
        ["clusterId", text()],
        ["approval", kind(requested)],
        [
          "decision",
          objectText([
            ...["verdict", "by", "ownerName", "at"].map((key) => [key, text()] as const),
            ...["notAfter", "policyDigest", "reason", "signature"].flatMap((key) => maybe(key, text)),
          ]),
        ],
      ]);
    }
    case "signed-definition": {
      const definedBy = objectText(["by", "ownerName", "at", "notAfter"].map((key) => [key, text()]));
      const defined = objectText([
        ["definedBy", definedBy],
        ["x", randomValue(random, 3)],
      ]);
      return objectText([
        ["kind", '"signed-definition"'],
        ["clusterId", text()],
        ["capability", kind(defined)],
      ]);
    }
    case "user-info":
      return objectText([
        ["kind", '"user-info"'],
        ["userInfo", randomObject(random, 3)],
      ]);
    case "decision":
      return objectText([
        ["kind", '"decision"'],
        ["clusterId", text()],
        ["approval", kind(spec(["decisions"]))],
        [
          "decision",
          objectText([
            ...["verdict", "by", "ownerName"].map((key) => [key, text()] as const),
            ...["at", "policyDigest", "reason", "attestation"].flatMap((key) => maybe(key, text)),
          ]),
        ],
        ["payload", objectText(["credentialId", "member", "userInfoDigest"].map((key) => [key, text()]))],
      ]);
    case "change":
      return objectText([
        ["kind", '"change"'],
        ["salt", random.pick(['"00112233445566778899aabbccddeeff"', '"AAAAAAAAAAAAAAAAAAAAAA=="', '"_-short"'])],
        ["request", randomReview(random, { metadata, maybe, name })],
      ]);
  }
}

function randomReview(
  random: Random,
  parts: {
    readonly metadata: () => string;
    readonly name: () => string;
    readonly maybe: (key: string, text: () => string) => [string, string][];
  },
): string {
  const { metadata, name, maybe } = parts;
  const operation = random.pick(["CREATE", "CREATE", "UPDATE", "UPDATE", "DELETE", "CONNECT"]);
  const [group, resource, subresources] = random.pick([
    ["apps", "deployments", ["", "scale"]],
    ["batch", "jobs", [""]],
    ["", "pods", ["eviction", "binding", "exec"]],
    ["", "namespaces", [""]],
  ] as const);
  const labels = (): string =>
    objectText(["controller-uid", "batch.kubernetes.io/controller-uid", "job-name"].flatMap((key) => maybe(key, name)));
  const job = (): string =>
    objectText([
      ["selector", objectText([["matchLabels", labels()]])],
      ["template", objectText([["metadata", objectText([["labels", labels()]])]])],
    ]);
  const body = (): string =>
    objectText([
      ["metadata", random.chance(97) ? metadata() : randomValue(random, 1)],
      ["spec", random.chance(50) ? job() : randomObject(random, 4)],
      ...maybe("deleteOptions", options),
    ]);
  const options = (): string =>
    objectText(
      ["kind", "dryRun", "force", "fieldManager", "propagationPolicy", "gracePeriodSeconds"].flatMap((key) =>
        maybe(key, () => randomValue(random, 1)),
      ),
    );
  const object = body();
  const old = random.chance(30) ? object : body();
  return objectText([
    ["uid", '"r"'],
    ["userInfo", '{"username":"u"}'],
    ["operation", JSON.stringify(operation)],
    ["resource", JSON.stringify({ group, version: random.pick(["v1", "v1beta1"]), resource })],
    ["subResource", JSON.stringify(random.pick(subresources))],
    ...maybe("name", name),
    ...maybe("namespace", name),
    ["object", operation === "DELETE" ? "null" : object],
    ["oldObject", operation === "CREATE" || operation === "CONNECT" ? "null" : old],
    ...maybe("options", options),
  ]);
}
