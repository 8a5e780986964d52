/**
 * What the tests and the agent in dom0 say to each other: one JSON object a line, bytes in base64. The tests open an errand under an
 * id that no other client has used, both sides send pieces of it, and the agent ends it with `exit` or `failed`.
 */
export type ToDom0 =
  /** A new client: everything that an earlier one started is killed, and `hello` comes back. */
  | { hello: string }
  /** A program, with its stdin in `data` until `end`. */
  | { id: string; run: { argv: readonly string[]; cwd?: string; env?: Readonly<Record<string, string>> } }
  /** A unix socket. */
  | { id: string; connect: string }
  /** A file; `write` gets its bytes in `data` until `end`. */
  | { id: string; read: string }
  | { id: string; write: string; mode?: number }
  | { id: string; data: string }
  | { id: string; end: true }
  /** To the program alone, or to all that it started. */
  | { id: string; kill: NodeJS.Signals; group?: boolean }

export type FromDom0 =
  | { hello: string }
  | { id: string; pid: number }
  /** stdout, or what the socket or the file holds. */
  | { id: string; out: string }
  | { id: string; err: string }
  | { id: string; exit: number | null; signal: NodeJS.Signals | null }
  | { id: string; failed: string }
