/** Bounds of one schema, and of the work that it may cause. */
export const schemaLimits = {
  /** UTF-8 bytes of the schema as JSON without whitespace. */
  bytes: 16 * 1024,
  /** Schemas, keywords and entries of lists and maps. */
  values: 2000,
  /** Schemas within schemas. */
  depth: 32,
  /** Entries of one list, and names of one map. */
  entries: 256,
  /** UTF-16 units of one string or name. */
  text: 512,
  /** Steps that the schema takes for any one value of an object, see `schemaLoad`. */
  stepsPerValue: 500,
  /** Steps for one object: at worst some 100 ns each. An object of 100 KiB takes some 50,000 with a usual schema. */
  steps: 10_000_000,
} as const;
