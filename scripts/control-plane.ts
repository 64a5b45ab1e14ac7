/**
 * `npm run control-plane`: makes sure that the control plane for tests and the demo is there. Silent when it already is.
 */
import { ensureControlPlane } from "../test/control-plane/binary.ts";

try {
  await ensureControlPlane();
} catch (error) {
  process.stderr.write(`control-plane: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
