import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";

/** Structured log (one JSON object a line). Log names, codes and durations; never objects, bodies or tokens. */
export type Logger = PinoLogger;

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Process or part that writes, for example `webhook`. */
  readonly name: string;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** Keys whose values may hold secrets or object contents; a second line of defence behind not logging them. */
const secretKeys = [
  "authorization",
  "token",
  "password",
  "secret",
  "key",
  "privateKey",
  "signature",
  "attestation",
  "cookie",
  "body",
  "object",
  "oldObject",
  "data",
  "stringData",
] as const;

/** A logger with UTC timestamps (RFC 3339) and the level as a word; secret-bearing keys are replaced up to two levels down. */
export const createLogger = ({ level, name, destination }: LoggerOptions): Logger => {
  const options = {
    level,
    name,
    base: { pid: process.pid },
    timestamp: (): string => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
      censor: "[redacted]",
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
};
