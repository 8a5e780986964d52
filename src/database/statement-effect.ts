/** What a statement means to those who wait for the disk: nothing, that they read what others may have committed just now, or that they change something. */
export type Effect = 'none' | 'reads' | 'writes'

/**
 * Upload sessions may be forgotten at a power cut, unlike at a crash of the process: the client is told that it has none, and uploads again. So
 * nobody waits for what concerns them alone. Statements on several tables are none of these.
 */
const ofUploads = /^(?:select (?:(?! from ).)+ from|insert into|update|delete from) "uploads" (?!.* (?:from|join) )/

/** Asked by who is about to make a blob; what he writes after it is waited for. */
const ofRemovals = /^select "digest" from "blob_removals" where "digest" = \?$/

/** Who asks something. Nobody knows a secret before its row is on the disk, and who revokes one is answered when it is revoked for good. */
const ofCallers = /^select (?:\* from "tokens"|"name", "key_hash" from "hosts") where "id" = \?$/

/** When a token was used last is a note for people; a pull should not wait for it. */
const ofLastUse = /^update "tokens" set "last_used_at" = \? where "id" = \?$/

/** What is neither known to be a reader nor to mean nothing counts as a writer: that costs one sync too many, and loses nothing. */
export function effectOf(sql: string): Effect {
  if (/^(?:begin|commit|rollback)\b/i.test(sql)) return 'none'
  if ([ofUploads, ofRemovals, ofCallers, ofLastUse].some((one) => one.test(sql))) return 'none'
  return /^select\b/i.test(sql) ? 'reads' : 'writes'
}
