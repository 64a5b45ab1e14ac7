/**
 * Writes a second at concurrency 8 through the same kind of API server with the same policy, on another machine of two
 * cores: given beforehand, not measured by this benchmark. They show what kind of engine pays for grants how.
 */
export const otherFloor = 1021;

export interface OtherEngine {
  readonly name: string;
  /** With 10, 1,000 and 10,000 grants; one figure alone where there are no grants. */
  readonly rates: readonly [number, number, number] | readonly [number];
}

export const otherEngines: readonly OtherEngine[] = [
  { name: "a Node webhook that only says yes", rates: [837] },
  { name: "Kyverno (CEL, informer)", rates: [585, 254, 20] },
  { name: "Gatekeeper (Rego, synced)", rates: [451, 293, 46] },
  { name: "in-process policy with a list", rates: [897, 80, 7] },
];
