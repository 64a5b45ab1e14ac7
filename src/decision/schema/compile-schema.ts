import { Ajv2020 } from "ajv/dist/2020.js";
import { violationsOf } from "./violations.ts";
import type { Violation } from "./violations.ts";

/** The first violations of an object, or undefined when it satisfies the schema. */
export type SchemaValidator = (object: unknown) => readonly Violation[] | undefined;

/**
 * Compiles a schema, given as JSON, in which `schemaProblem` found nothing. Each has a validator library of its own,
 * which goes with it: a shared one keeps all that it ever compiled.
 *
 * @throws {Error} when the library refuses the schema nonetheless.
 */
export function compileSchema(json: string): SchemaValidator {
  const ajv = new Ajv2020({
    strict: true,
    // `{"maximum": 20}` without a type is a schema of the contract, and so is a name required but not described.
    strictTypes: false,
    strictRequired: false,
    strictTuples: false,
    // Else an infinite number, which JSON can spell as 1e400, would count as no number and satisfy `maximum`.
    strictNumbers: false,
    // Else every object would have a property `constructor`.
    ownProperties: true,
    // The errors of all entries of a long list would fill the memory.
    allErrors: false,
    // The schema has been checked more strictly than the meta-schema does.
    validateSchema: false,
    meta: false,
    validateFormats: false,
    logger: false,
  });
  // It serves unevaluatedProperties and unevaluatedItems alone, and the code that it generates for conditions can throw.
  ajv.opts.unevaluated = false;
  const validate = ajv.compile(JSON.parse(json));
  return (object) => {
    if (validate(object)) return undefined;
    return violationsOf(validate.errors ?? [], object);
  };
}
