/** What the owner of a control plane and its supervisor say to each other over the IPC channel. */

/** The supervisor's one argument, as JSON. */
export interface SupervisorOptions {
  /** Made anew under this directory, and removed at the end. */
  readonly scratchParent: string;
  /** Further paths to remove at the end. */
  readonly remove: readonly string[];
  /** `PID-STARTTIME` of processes whose death ends everything as well. */
  readonly watch: readonly string[];
}

export interface SpawnRequest {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export type SupervisorRequest =
  | { readonly kind: "spawn"; readonly id: number; readonly spawn: SpawnRequest }
  /** Answered when the signal is sent, or with `wait` when the process has ended. */
  | {
      readonly kind: "signal";
      readonly id: number;
      readonly pid: number;
      readonly signal: NodeJS.Signals;
      readonly wait: boolean;
    }
  | { readonly kind: "stop"; readonly id: number };

export type SupervisorMessage =
  | { readonly kind: "ready"; readonly scratch: string }
  | { readonly kind: "done"; readonly id: number; readonly pid: number }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  | {
      readonly kind: "exited";
      readonly pid: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };

/** Scratch directories are named by the supervisor that owns them, so that a later one can tell the orphaned. */
export const scratchPrefix = "writ-control-plane-";
